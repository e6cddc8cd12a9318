"""Artifacts on S3, over HTTP, that a policy keeps no longer."""

from __future__ import annotations

import secrets
from collections.abc import Iterator
from pathlib import Path

import pytest
from retention_stores import Kept, ids
from s3_server import BUCKET, S3Server, serving_s3, variables_set

from mlops_pipeline.errors import NotFoundError
from mlops_pipeline.retention import apply_gc
from mlops_pipeline.roots import list_objects
from mlops_pipeline.store import ArtifactState

pytestmark = pytest.mark.mlmd


@pytest.fixture(scope="module")
def server() -> Iterator[S3Server]:
    with serving_s3() as server, variables_set(server.environment):
        yield server


def test_objects_of_what_goes_are_removed_and_no_others(server: S3Server, tmp_path: Path) -> None:
    kept = Kept(tmp_path, root=f"s3://{BUCKET}/{secrets.token_hex(4)}")
    kept.begin("a")
    gone = kept.publish_objects("a", "Make", "Examples")
    stays = kept.publish_objects("a", "Train", "Model", gone)
    kept.end("a")
    kept.note(stays, tags=["best"])
    plan = kept.plan(keep=frozenset({"tagged"}))
    assert ids(plan) == {gone.id}
    assert plan.size == 3
    # Whose objects have just been written.
    assert plan.orphans == []
    done = apply_gc(kept.workspace, kept.url, plan)
    assert (len(done.removed), done.failed) == (1, [])
    assert kept.states(gone, stays) == [ArtifactState.DELETED, ArtifactState.LIVE]
    with pytest.raises(NotFoundError):
        list_objects(gone.uri)
    assert len(list_objects(stays.uri).objects) == 1
