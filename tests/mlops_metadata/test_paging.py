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

from mlops_metadata.mlmd import MlmdStore
from mlops_metadata.sqlite_file import open_by_library
from mlops_pipeline.store import (
    ArtifactRecord,
    Execution,
    Run,
    State,
)

pytestmark = pytest.mark.mlmd


@pytest.fixture
def path(tmp_path: Path) -> Path:
    return tmp_path / "metadata.db"


@pytest.fixture
def store(path: Path) -> Iterator[MlmdStore]:
    opened = open_by_library(f"sqlite:///{path}")
    yield opened
    opened.close()


@pytest.fixture
def ours(store: MlmdStore, path: Path) -> Any:
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


def test_runs_of_tfx_are_listed_with_what_their_executions_say(
    taxi: dict[str, int], store: MlmdStore
) -> None:
    store.put_run(Run("ours", "taxi"))
    ours, theirs = store.list_runs(pipeline="taxi")
    assert (ours.id, theirs.id) == ("ours", "2024-01-01T00:00:00.000000")
    assert (theirs.pipeline, theirs.state) == ("taxi", State.FAILED)
    assert 0 < theirs.started <= theirs.finished
    assert store.get_run(theirs.id) == theirs
    assert store.list_runs() == [ours, theirs]
