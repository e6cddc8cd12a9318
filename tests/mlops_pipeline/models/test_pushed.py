from __future__ import annotations

from pathlib import Path

import pytest
from registered_models import push, with_versions

from mlops_pipeline.errors import NotFoundError, ParameterError
from mlops_pipeline.models import (
    open_model,
    register_artifact,
    register_pushed,
    rollback,
    set_alias,
    unregistered,
)
from mlops_pipeline.models.pushed import VersionNotes
from mlops_pipeline.roots import digest_path
from mlops_pipeline.store import (
    ArtifactRecord,
    ArtifactState,
    Execution,
    MemoryStore,
    State,
)


def put(store: MemoryStore, record: ArtifactRecord) -> int:
    done = Execution("tfx.Pusher", "pets", "r", "Pusher", State.COMPLETE)
    return store.put_execution(done, outputs={"pushed_model": [record]})[1]["pushed_model"][0].id


def test_what_tfx_pushed_gets_the_digest_of_its_files(tmp_path: Path) -> None:
    (tmp_path / "saved_model.pb").write_text("graph")
    store = MemoryStore()
    pushed = put(store, ArtifactRecord("PushedModel", str(tmp_path), properties={}))
    version = register_artifact(store, pushed, "fraud")
    assert version.digest == digest_path(tmp_path)
    assert version.run == "r"


@pytest.mark.parametrize("uri", ["/nowhere/at/all", "gs://bucket/x", "", "file:///a\0b"])
def test_files_that_cannot_be_read_leave_the_digest_empty(uri: str) -> None:
    store = MemoryStore()
    assert (
        register_artifact(store, put(store, ArtifactRecord("PushedModel", uri)), "m").digest == ""
    )


@pytest.mark.parametrize(
    ("record", "said"),
    [
        (ArtifactRecord("PushedModel", "/x", properties={"pushed": 0}), "was not pushed"),
        (ArtifactRecord("Examples", "/x"), "is no model"),
        (ArtifactRecord("ModelBlessing", "/x"), "is no model"),
        (ArtifactRecord("PushedModel", "/x", state=ArtifactState.DELETED), "is deleted"),
        (ArtifactRecord("PushedModel", "/x", state=ArtifactState.PENDING), "is pending"),
    ],
)
def test_what_cannot_be_served_is_no_version(record: ArtifactRecord, said: str) -> None:
    store = MemoryStore()
    with pytest.raises((ParameterError, NotFoundError), match=said):
        register_artifact(store, put(store, record), "fraud")


def test_an_unknown_artifact_is_named() -> None:
    with pytest.raises(NotFoundError, match="no artifact 5"):
        register_artifact(MemoryStore(), 5, "fraud")


def test_what_is_said_of_a_version_is_kept() -> None:
    store = MemoryStore()
    said = VersionNotes({"inputs": ["x"]}, "# Card", "Apache-2.0", by="ann", why="asked for")
    version = register_artifact(store, push(store, "1"), "fraud", said)
    assert (version.signature, version.licence, version.by, version.why) == (
        {"inputs": ["x"]},
        "Apache-2.0",
        "ann",
        "asked for",
    )
    assert store.get_document(version.card) == "# Card"


def test_what_a_crash_left_unregistered_is_registered_by_the_next_push() -> None:
    store = MemoryStore()
    first = push(store, "1", model_name="fraud")
    push(store, "2", model_name="other")
    second = push(store, "3", model_name="fraud")
    assert [each.id for each in unregistered(store, "fraud")] == [first, second]
    assert [each.number for each in register_pushed(store, "fraud")] == [1, 2]
    assert register_pushed(store, "fraud") == []
    assert [each.artifact for each in open_model(store, "fraud").versions] == [first, second]


def test_a_push_of_bytes_that_were_rolled_back_is_passed_over() -> None:
    store = MemoryStore()
    with_versions(store, 2)
    set_alias(store, "fraud", 1)
    set_alias(store, "fraud", 2)
    rollback(store, "fraud")
    push(store, "again", digest="dfraud-2", model_name="fraud")
    push(store, "new", model_name="fraud")
    assert [each.number for each in register_pushed(store, "fraud")] == [3]
