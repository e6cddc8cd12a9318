"""What TFX finds in our stores, through the stock client; and what we find in TFX's."""

from __future__ import annotations

import json
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest
from layout_stores import TYPES, Tfx, event, stock_client
from ml_metadata.proto import metadata_store_pb2 as pb

from mlops_metadata.by_file import open_sqlite
from mlops_metadata.layout.records import write_run
from mlops_metadata.messages import fill_values
from mlops_pipeline.store import (
    ArtifactRecord,
    Execution,
    MetadataStore,
    Run,
    State,
)

pytestmark = pytest.mark.mlmd


@pytest.fixture
def path(tmp_path: Path) -> Path:
    return tmp_path / "metadata.db"


@pytest.fixture
def store(path: Path) -> Iterator[MetadataStore]:
    opened = open_sqlite(f"sqlite:///{path}")
    yield opened
    opened.close()


@pytest.fixture
def ours(store: MetadataStore, path: Path) -> Any:
    """The stock client on a store with two of our nodes."""
    store.register_types(TYPES)
    store.put_run(Run("run-1", "penguin"))
    store.put_run(Run("run-2", "penguin", base_run="run-1"))
    split_names = '["train", "eval"]'
    examples = ArtifactRecord(
        "Examples",
        "/root/gen/examples/1",
        properties={"span": 3, "version": 0, "split_names": split_names, "rows": 344},
        digest="d" * 64,
    )
    _, written = store.put_execution(
        Execution("pets.Gen", "penguin", "run-1", "gen", State.COMPLETE, cache_key="k1"),
        outputs={"examples": [examples]},
    )
    claim = Execution(
        "pets.Train",
        "penguin",
        "run-1",
        "train",
        State.RUNNING,
        name="k2.1",
        parameters={"steps": 100, "lr": 0.5, "optimizer": "adam", "third": 1 / 3, "big": 2**40},
        cache_key="k2",
    )
    ids = [written["examples"][0].id]
    running, _ = store.put_execution(claim, inputs={"examples": ids, "baseline": ids})
    store.put_execution(
        replace(running, state=State.COMPLETE),
        outputs={"model": [ArtifactRecord("Model", "/root/train/model/2", name="k2:model:0")]},
    )
    return stock_client(path)


def names(contexts: Any) -> set[tuple[str, str]]:
    return {(context.type, context.name) for context in contexts}


def test_types_have_the_base_types_and_properties_of_tfx(ours: Any) -> None:
    kinds = {kind.name: kind for kind in ours.get_artifact_types()}
    assert kinds["Examples"].base_type == pb.ArtifactType.DATASET
    assert kinds["ExampleStatistics"].base_type == pb.ArtifactType.STATISTICS
    assert kinds["Model"].base_type == pb.ArtifactType.MODEL
    assert kinds["Schema"].base_type == pb.ArtifactType.UNSET
    assert dict(kinds["Examples"].properties) == {
        "span": pb.INT,
        "version": pb.INT,
        "split_names": pb.STRING,
    }
    assert {kind.name for kind in ours.get_execution_types()} >= {"pets.Gen", "pets.Train"}


def test_contexts_are_named_and_nested_as_tfx_does(ours: Any) -> None:
    assert [c.name for c in ours.get_contexts_by_type("pipeline")] == ["penguin"]
    assert [c.name for c in ours.get_contexts_by_type("pipeline_run")] == ["run-1", "run-2"]
    nodes = {c.name for c in ours.get_contexts_by_type("node")}
    assert nodes == {"penguin.gen", "penguin.train"}
    first, second = ours.get_contexts_by_type("pipeline_run")
    assert names(ours.get_parent_contexts_by_context(first.id)) == {("pipeline", "penguin")}
    assert names(ours.get_parent_contexts_by_context(second.id)) == {
        ("pipeline", "penguin"),
        ("pipeline_run", "run-1"),
    }


def test_executions_and_artifacts_stand_in_all_their_contexts(ours: Any) -> None:
    places = {("pipeline", "penguin"), ("pipeline_run", "run-1")}
    gen = places | {("node", "penguin.gen"), ("execution_cache", "k1")}
    train = places | {("node", "penguin.train"), ("execution_cache", "k2")}
    (first,) = ours.get_executions_by_type("pets.Gen")
    (second,) = ours.get_executions_by_type("pets.Train")
    assert names(ours.get_contexts_by_execution(first.id)) == gen
    assert names(ours.get_contexts_by_execution(second.id)) == train
    (examples,) = ours.get_artifacts_by_type("Examples")
    (model,) = ours.get_artifacts_by_type("Model")
    assert names(ours.get_contexts_by_artifact(model.id)) == train
    assert names(ours.get_contexts_by_artifact(examples.id)) >= gen | {("node", "penguin.train")}


def test_parameters_are_custom_properties_by_their_plain_names(ours: Any) -> None:
    (train,) = ours.get_executions_by_type("pets.Train")
    assert train.name == "k2.1"
    assert train.last_known_state == pb.Execution.COMPLETE
    properties = train.custom_properties
    assert properties["steps"].int_value == 100
    assert properties["lr"].double_value == 0.5
    assert properties["optimizer"].string_value == "adam"
    assert properties["third"].double_value == pytest.approx(1 / 3, abs=1e-6)
    assert properties["big"].proto_value.type_url.endswith("google.protobuf.StringValue")
    others = set(properties) - {"steps", "lr", "optimizer", "third", "big"}
    assert {name.split(".")[0] for name in others} == {"mlops"}


def test_artifacts_are_marked_for_the_layout_that_tfx_reads(ours: Any) -> None:
    (examples,) = ours.get_artifacts_by_type("Examples")
    assert examples.state == pb.Artifact.LIVE
    assert examples.uri == "/root/gen/examples/1"
    assert examples.properties["span"].int_value == 3
    assert examples.properties["split_names"].string_value == '["train", "eval"]'
    custom = examples.custom_properties
    assert [int(n) for n in custom["tfx_version"].string_value.split(".")] >= [0, 29]
    assert (custom["span"].int_value, custom["rows"].int_value) == (3, 344)
    assert custom["mlops.digest"].string_value == "d" * 64


def test_span_and_version_are_written_where_any_reader_of_tfx_looks(
    ours: Any, store: MetadataStore
) -> None:
    (examples,) = ours.get_artifacts_by_type("Examples")
    for properties in (examples.properties, examples.custom_properties):
        assert (properties["span"].int_value, properties["version"].int_value) == (3, 0)
        assert "version" in properties
    (read,) = store.artifacts_by_type("Examples")
    assert sorted(read.properties) == ["rows", "span", "split_names", "version"]


def test_event_paths_are_keys_with_places(ours: Any) -> None:
    (train,) = ours.get_executions_by_type("pets.Train")
    events = ours.get_events_by_execution_ids([train.id])
    found = {
        event.type: [s.key if s.HasField("key") else s.index for s in event.path.steps]
        for event in events
    }
    assert found == {
        pb.Event.INPUT: ["examples", 0, "baseline", 0],
        pb.Event.OUTPUT: ["model", 0],
    }


def test_a_run_that_died_before_it_was_placed_is_placed_later(
    store: MetadataStore, path: Path
) -> None:
    store.put_run(Run("run-0", "penguin"))
    client = stock_client(path)
    kind = client.get_context_type("pipeline_run").id
    client.put_contexts([pb.Context(type_id=kind, name="run-1")])
    store.put_run(Run("run-1", "penguin", State.COMPLETE))
    (context,) = [c for c in client.get_contexts_by_type("pipeline_run") if c.name == "run-1"]
    assert names(client.get_parent_contexts_by_context(context.id)) == {("pipeline", "penguin")}
    assert store.get_run("run-1") == Run("run-1", "penguin", State.COMPLETE)


def test_a_step_gives_a_run_the_parents_that_a_killed_process_did_not(
    store: MetadataStore, path: Path
) -> None:
    store.put_run(Run("run-0", "penguin"))
    client = stock_client(path)
    killed = pb.Context(type_id=client.get_context_type("pipeline_run").id, name="run-1")
    run = Run("run-1", "penguin", base_run="run-0")
    fill_values(write_run(run), killed.custom_properties)
    client.put_contexts([killed])
    store.put_execution(Execution("pets.Train", "penguin", "run-1", "train", State.RUNNING))
    (context,) = [c for c in client.get_contexts_by_type("pipeline_run") if c.name == "run-1"]
    assert names(client.get_parent_contexts_by_context(context.id)) == {
        ("pipeline", "penguin"),
        ("pipeline_run", "run-0"),
    }
    assert store.get_run("run-1") == run


@pytest.fixture
def taxi(path: Path) -> dict[str, int]:
    tfx = Tfx(path)
    kind = pb.ArtifactType(name="Examples", base_type=pb.ArtifactType.DATASET)
    kind.properties["span"] = pb.INT
    kind.properties["split_names"] = pb.STRING
    examples = pb.Artifact(
        type_id=tfx.client.put_artifact_type(kind), uri="/tfx/gen/examples/1", state=2
    )
    examples.properties["split_names"].string_value = '["train"]'
    examples.custom_properties["span"].int_value = 7
    examples.custom_properties["tfx_version"].string_value = "1.16.0"
    gen, (examples_id,) = tfx.run(
        "gen",
        pb.Execution.COMPLETE,
        {"input_base": "/data", "output_config": "{}", "exclude": '["a", "b"]'}
        | {"__schema__exclude__": '{"value_type": {"list_type": {}}}'},
        [(examples, event(pb.Event.OUTPUT, ("examples", 0)))],
    )
    train, _ = tfx.run(
        "train",
        pb.Execution.FAILED,
        {"steps": 5, "__execution_result__": json.dumps({"resultMessage": "no GPU", "code": 1})},
        [
            (None, event(pb.Event.INPUT, ("x", 0), ("y", 1), artifact_id=examples_id)),
        ],
    )
    resolved, _ = tfx.run(
        "resolve",
        pb.Execution.COMPLETE,
        {},
        [(None, event(pb.Event.INTERNAL_OUTPUT, ("model", 0), artifact_id=examples_id))],
    )
    return {"gen": gen, "train": train, "resolve": resolved, "examples": examples_id}


def test_our_pipelines_go_on_from_artifacts_of_tfx(
    taxi: dict[str, int], store: MetadataStore, path: Path
) -> None:
    store.register_types(TYPES)
    reader = Execution("pets.Train", "taxi", "ours", "train", State.RUNNING)
    stored, _ = store.put_execution(reader, inputs={"examples": [taxi["examples"]]})
    record = ArtifactRecord("Examples", "/ours", properties={"span": 8, "version": 2})
    store.put_execution(replace(stored, state=State.COMPLETE), outputs={"examples": [record]})
    found = stock_client(path).get_artifacts_by_type("Examples")
    assert [a.uri for a in found] == ["/tfx/gen/examples/1", "/ours"]
    assert found[1].properties["version"].int_value == 2
