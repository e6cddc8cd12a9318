"""What a bad artifact reached, and where equal bytes stopped it."""

from __future__ import annotations

from typing import Any

import pytest
from dataset_records import Records
from lineage_history import History

from mlops_pipeline.errors import NotFoundError
from mlops_pipeline.inspection import Impact, find_artifacts, read_impact
from mlops_pipeline.models import register_artifact, set_alias
from mlops_pipeline.store import ArtifactRecord, Execution, Run, State


def impact(records: Records, *ids: int) -> Impact:
    return read_impact(records.store, records.store.artifacts(ids))


def ids(reached: Any) -> list[int]:
    return [each.id for each in reached]


def test_models_pushes_and_runs_are_reached(records: Records) -> None:
    bad, good = records.examples(span=1), records.examples(span=2)
    model = records.run("Trainer", {"x": bad}, {"model": "Model"}, run_id="trains")
    records.train(good)
    push = records.run(
        "Pusher",
        {"model": model},
        {"pushed": "PushedModel"},
        run_id="pushes",
        pushed_destination="/serving",
    )
    records.run("Evaluator", {"model": model}, {"evaluation": "ModelEvaluation"}, run_id="trains")
    found = impact(records, bad)
    assert (ids(found.models), ids(found.pushes)) == ([model], [push])
    assert found.pushes[0].destination == "/serving"
    assert [(run.id, run.nodes) for run in found.runs] == [
        ("pushes", ("Pusher",)),
        ("trains", ("Trainer", "Evaluator")),
    ]
    assert found.others == {"ModelEvaluation": 1}
    assert found.pushes[0].way == (
        f"Examples {bad}",
        "Trainer of trains",
        f"Model {model}",
        "Pusher of pushes",
        f"PushedModel {push}",
    )


def test_a_warm_start_hands_it_on_and_is_named(records: Records) -> None:
    bad = records.examples(span=1)
    first = records.train(bad)
    second = records.train(records.examples(span=2), base_model=first)
    third = records.train(records.examples(span=3), base_model=second)
    found = impact(records, bad)
    assert [(each.id, each.through) for each in found.models] == [
        (third, second),
        (second, first),
        (first, None),
    ]


def test_a_long_way_keeps_its_ends(records: Records) -> None:
    bad = records.examples(span=1)
    last = records.train(bad)
    for span in range(2, 9):
        last = records.train(records.examples(span=span), base_model=last)
    way = impact(records, bad).models[0].way
    assert (len(way), way[0], way[-1]) == (8, f"Examples {bad}", f"Model {last}")
    assert way[3] == "(10 more)"


def test_equal_bytes_stop_it_and_spare_what_is_behind(records: Records) -> None:
    good, bad = records.examples(span=1), records.examples(span=2)
    schema = records.run("SchemaGen", {"x": good}, {"schema": "Schema"}, digest="same")
    model = records.run("Trainer", {"schema": schema}, {"model": "Model"})
    same = records.run("SchemaGen", {"x": bad}, {"schema": "Schema"}, digest="same", run_id="r")
    again = records.store.artifacts([model])
    cached = Execution("c", "taxi", "r", "Trainer", State.CACHED)
    records.store.put_execution(cached, inputs={"schema": [same]}, outputs={"model": again})
    found = impact(records, bad)
    assert (found.models, found.others) == ((), {})
    assert [(each.id, each.equal_to) for each in found.stopped] == [(same, schema)]
    assert ids(found.spared) == [model]
    assert [run.nodes for run in found.runs] == [("SchemaGen",)]


def test_equal_bytes_that_it_has_made_itself_stop_nothing(records: Records) -> None:
    bad = records.examples(span=1)
    one, other = (
        records.run("SchemaGen", {"x": bad}, {"schema": "Schema"}, digest="same") for _ in range(2)
    )
    model = records.run("Trainer", {"schema": other}, {"model": "Model"})
    found = impact(records, bad)
    assert (found.stopped, ids(found.models)) == ((), [model])
    assert found.others == {"Schema": 2}
    assert one != other


def test_equal_bytes_of_another_node_or_without_a_digest_stop_nothing(records: Records) -> None:
    good, bad = records.examples(span=1), records.examples(span=2)
    records.run("Other", {"x": good}, {"schema": "Schema"}, digest="same")
    records.run("SchemaGen", {"x": bad}, {"schema": "Schema"}, digest="same")
    records.run("Count", {"x": good}, {"n": "Integer"}, digest="")
    records.run("Count", {"x": bad}, {"n": "Integer"}, digest="")
    found = impact(records, bad)
    assert (found.stopped, found.others) == ((), {"Integer": 1, "Schema": 1})


def test_the_same_bad_bytes_taken_in_again_count_as_well(records: Records) -> None:
    bad = records.examples(span=1, digest="bad")
    again = records.examples(span=1, digest="bad")
    model = records.train(again)
    found = impact(records, bad)
    assert (found.copies, ids(found.models)) == ((again,), [model])


def test_what_only_a_condition_let_run_is_marked(records: Records) -> None:
    bad = records.examples(span=1)
    blessing = records.run("Evaluator", {"x": bad}, {"blessing": "ModelBlessing"})
    model = records.train(records.examples(span=2))
    push = records.run(
        "Pusher", {"model": model, "_condition": blessing}, {"pushed": "PushedModel"}
    )
    found = impact(records, bad)
    assert [(each.id, each.by_decision) for each in found.pushes] == [(push, True)]


def test_a_push_that_did_not_happen_is_none(records: Records) -> None:
    bad = records.train(records.examples(span=1))
    records.run("Pusher", {"model": bad}, {"pushed": "PushedModel"}, pushed=0)
    found = impact(records, bad)
    assert (found.pushes, found.others) == ((), {"PushedModel, not pushed": 1})


def test_a_failed_node_and_rows_that_are_gone_are_no_obstacle(records: Records) -> None:
    bad = records.examples(span=1)
    failed = Execution("c", "taxi", "broken", "Trainer", State.FAILED)
    records.store.put_execution(failed, inputs={"x": [bad, 999]})
    found = impact(records, bad)
    assert [(run.id, run.nodes) for run in found.runs] == [("broken", ("Trainer",))]
    assert impact(records).of == ()


def test_an_artifact_that_went_in_a_circle_ends_the_walk(records: Records) -> None:
    one = records.train(records.examples(span=1))
    handed = records.store.artifacts([one])
    resolver = Execution("c", "taxi", "r", "Latest", State.COMPLETE)
    records.store.put_execution(resolver, inputs={"m": [one]}, outputs={"m": handed})
    assert impact(records, one).models == ()


def test_artifacts_are_found_by_number_span_and_node(records: Records) -> None:
    bad = records.examples(span=12, run_id="r1")
    records.store.put_run(Run("r1", "taxi"))
    for what in (str(bad), "Gen@12", "r1/Gen", "r1/Gen/examples", "Examples"):
        assert [record.id for record in find_artifacts(records.store, what)] == [bad]
    with pytest.raises(NotFoundError, match="there is no artifact '99'"):
        find_artifacts(records.store, "99")
    with pytest.raises(NotFoundError, match="no version '13'"):
        find_artifacts(records.store, "Gen@13")


def test_a_wide_fan_out_is_walked_in_few_calls(records: Records) -> None:
    bad = records.examples(span=1)
    for _ in range(300):
        records.train(bad)
    found = impact(records, bad)
    assert len(found.models) == 300
    assert isinstance(found.of[0], ArtifactRecord)


def test_of_many_equal_artifacts_the_oldest_and_the_newest_are_tried(records: Records) -> None:
    bad = records.examples(span=1)
    model = records.train(bad)
    for span in range(2, 30):
        model = records.train(records.examples(span=span), base_model=model)
        records.run("Check", {"model": model}, {"blessing": "ModelBlessing"}, digest="same")
    assert impact(records, bad).stopped == ()
    good = records.train(records.examples(span=40))
    equal = records.run("Check", {"model": good}, {"blessing": "ModelBlessing"}, digest="same")
    assert {each.equal_to for each in impact(records, bad).stopped} == {equal}


def test_records_of_registered_models_are_not_reached() -> None:
    history = History()
    model = history.make("Train", writes="Model")
    pushed = history.make("Push", reads=[model], writes="PushedModel", run="r2")
    register_artifact(history.store, pushed, "fraud")
    set_alias(history.store, "fraud", 1)
    found = read_impact(history.store, history.store.artifacts([model]))
    assert [each.id for each in found.runs] == ["r2"]
