from dataclasses import replace

from mlops_metadata.layout.contexts import group_kind, places_of
from mlops_pipeline.store import MODEL, MODEL_CHANGE, Execution, State

WORK = Execution("pets.Train", "pets", "r1", "train", State.COMPLETE, cache_key="k")


def test_work_stands_in_its_pipeline_run_node_and_cache_key() -> None:
    assert places_of(WORK, has_outputs=False) == [
        ("pipeline", "pets"),
        ("pipeline_run", "r1"),
        ("node", "pets.train"),
        ("execution_cache", "k"),
    ]


def test_an_update_without_outputs_adds_its_cache_key_alone() -> None:
    assert places_of(replace(WORK, id=3), has_outputs=False) == [("execution_cache", "k")]


def test_a_record_of_a_model_stands_in_that_model_alone() -> None:
    record = Execution(MODEL_CHANGE, "fraud", "", "alias", State.COMPLETE)
    assert places_of(record, has_outputs=False) == [("mlops.model", "fraud")]
    assert [group_kind(each) for each in (MODEL, MODEL_CHANGE, "pets.Train")] == [
        "mlops.model",
        "mlops.model",
        "node",
    ]
