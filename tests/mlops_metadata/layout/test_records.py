"""What TFX finds in our stores, through the stock client; and what we find in TFX's."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest
from layout_stores import stock_client
from ml_metadata.proto import metadata_store_pb2 as pb

from mlops_metadata.by_file import open_sqlite
from mlops_pipeline.store import (
    ArtifactState,
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


def test_a_skipped_node_is_a_canceled_execution(store: MetadataStore, path: Path) -> None:
    store.put_execution(Execution("pets.Push", "penguin", "run-1", "push", State.SKIPPED))
    (found,) = stock_client(path).get_executions_by_type("pets.Push")
    assert found.last_known_state == pb.Execution.CANCELED
    assert found.custom_properties["mlops.state"].string_value == "SKIPPED"


@pytest.mark.parametrize(
    ("stored", "read"),
    [
        ("UNKNOWN", ArtifactState.LIVE),
        ("PENDING", ArtifactState.PENDING),
        ("MARKED_FOR_DELETION", ArtifactState.DELETED),
        ("DELETED", ArtifactState.DELETED),
        ("ABANDONED", ArtifactState.DELETED),
        ("REFERENCE", ArtifactState.PENDING),
    ],
)
def test_states_of_mlmd_artifacts_mean_one_of_ours(
    path: Path, store: MetadataStore, stored: str, read: ArtifactState
) -> None:
    client = stock_client(path)
    kind = client.put_artifact_type(pb.ArtifactType(name="Thing"))
    client.put_artifacts([pb.Artifact(type_id=kind, uri="/x", state=stored)])
    assert [a.state for a in store.artifacts_by_type("Thing")] == [read]


def test_an_execution_of_plain_mlmd_is_read(path: Path, store: MetadataStore) -> None:
    client = stock_client(path)
    kind = client.put_execution_type(
        pb.ExecutionType(name="Trainer", properties={"state": pb.STRING, "run_id": pb.STRING})
    )
    execution = pb.Execution(type_id=kind)
    execution.properties["state"].string_value = "cached"
    execution.properties["run_id"].string_value = "r7"
    execution.custom_properties["config"].struct_value["depth"] = 3
    (number,) = client.put_executions([execution])
    (found,) = store.executions([number])
    assert (found.state, found.run_id, found.pipeline) == (State.CACHED, "r7", "")
    assert found.parameters["config"] == {"depth": 3.0}
