"""What TFX finds in our stores, through the stock client; and what we find in TFX's."""

from __future__ import annotations

import json
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path

import pytest
from layout_stores import Tfx, event
from ml_metadata.proto import metadata_store_pb2 as pb

from mlops_metadata.by_file import open_sqlite
from mlops_metadata.layout.tfx_records import state_of_run
from mlops_pipeline.store import (
    ArtifactRecord,
    ArtifactState,
    Direction,
    Event,
    Execution,
    MetadataStore,
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


def test_executions_of_tfx_say_where_they_stand(taxi: dict[str, int], store: MetadataStore) -> None:
    gen, train, resolved = store.executions_of_run("2024-01-01T00:00:00.000000")
    assert [gen.id, train.id, resolved.id] == [taxi["gen"], taxi["train"], taxi["resolve"]]
    assert (gen.component, gen.pipeline, gen.node_id) == ("tfx.components.gen", "taxi", "gen")
    assert (gen.run_id, gen.state) == ("2024-01-01T00:00:00.000000", State.COMPLETE)
    assert gen.parameters == {"input_base": "/data", "output_config": "{}", "exclude": ["a", "b"]}
    assert 0 < gen.started <= gen.finished
    assert (train.state, train.error, train.parameters) == (State.FAILED, "no GPU", {"steps": 5})
    assert store.executions([gen.id]) == [gen]
    assert store.execution_by_name("tfx.components.gen", "uuid-gen") == gen
    assert store.recent_executions("tfx.components.train", node="taxi.train") == [train]


def test_artifacts_and_events_of_tfx_are_read(taxi: dict[str, int], store: MetadataStore) -> None:
    (examples,) = store.artifacts_by_type("Examples")
    assert replace(examples, created=0) == ArtifactRecord(
        "Examples",
        "/tfx/gen/examples/1",
        id=taxi["examples"],
        state=ArtifactState.LIVE,
        properties={"span": 7, "split_names": '["train"]'},
    )
    assert set(store.events_by_artifact([examples.id])) == {
        Event(taxi["gen"], examples.id, Direction.OUTPUT, "examples", 0),
        Event(taxi["train"], examples.id, Direction.INPUT, "x", 0),
        Event(taxi["train"], examples.id, Direction.INPUT, "y", 1),
        Event(taxi["resolve"], examples.id, Direction.OUTPUT, "model", 0),
    }


UNRESOLVED = json.dumps(
    {
        "resultMessage": "Traceback\n\ntfx.orchestration.portable.input_resolution.exceptions."
        "FailedPreconditionError: the input is empty\n",
        "code": 9,
    }
)


def test_a_run_that_tfx_went_on_with_has_not_failed(path: Path, store: MetadataStore) -> None:
    tfx, run = Tfx(path), "2024-01-01T00:00:00.000000"
    failed = pb.Execution.FAILED
    tfx.run("Resolver", failed, {"__execution_result__": '{"resultMessage": "no"}'}, [])
    tfx.run("Pusher", failed, {"__execution_result__": UNRESOLVED}, [])
    tfx.run("Trainer", pb.Execution.COMPLETE, {}, [])
    found = store.executions_of_run(run)
    assert [(e.state, e.reason, e.error) for e in found] == [
        (State.SKIPPED, "the resolver found nothing", ""),
        (State.SKIPPED, "its inputs were not there", ""),
        (State.COMPLETE, "", ""),
    ]
    known = store.get_run(run)
    assert known is not None
    assert known.state is State.COMPLETE
    tfx.run("Evaluator", failed, {}, [])
    known = store.get_run(run)
    assert known is not None
    assert known.state is State.FAILED


def test_the_last_attempt_at_a_node_counts() -> None:
    tries = [Execution("c", "p", "r", "Trainer", State.FAILED)]
    tries += [Execution("c", "p", "r", "Evaluator", State.COMPLETE)]
    assert state_of_run(tries) is State.FAILED
    assert state_of_run([*tries, replace(tries[0], state=State.COMPLETE)]) is State.COMPLETE
