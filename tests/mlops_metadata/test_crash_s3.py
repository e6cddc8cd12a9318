"""The process is killed at each step of a node whose root is in S3: nothing is half published."""

from __future__ import annotations

import os
import secrets
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest
from s3_server import BUCKET, S3Server, serving_s3, variables_set

from mlops_metadata.by_file import open_sqlite
from mlops_pipeline.roots import digest_uri
from mlops_pipeline.roots.object_store import names_below
from mlops_pipeline.store import ArtifactState, Direction, State

pytestmark = pytest.mark.mlmd

START = Path(__file__).parent / "crashing" / "start.py"
STEPS = (
    "driver.planned",
    "driver.claimed",
    "executor.done",
    "publisher.checked",
    "root.noted",
    "root.uploaded",
    "publisher.moved",
    "publisher.published",
)


@pytest.fixture(scope="module")
def server() -> Iterator[S3Server]:
    with serving_s3() as server, variables_set(server.environment):
        yield server


@pytest.fixture
def root(server: S3Server) -> str:
    return f"s3://{BUCKET}/{secrets.token_hex(4)}"


def start(
    folder: Path, root: str, how: str = "", machine: str = "a", gate: str = ""
) -> subprocess.CompletedProcess[str]:
    url = f"sqlite:///{folder / 'metadata.db'}"
    return subprocess.run(
        [sys.executable, str(START), url, root, "r", how, gate],
        env={
            **os.environ,
            "PYTHONPATH": os.pathsep.join(p for p in sys.path if p),
            "XDG_CACHE_HOME": str(folder / f"cache-{machine}"),
        },
        capture_output=True,
        text=True,
        timeout=120,
        check=False,
    )


def check_consistent(folder: Path, root: str) -> None:
    """Every LIVE artifact is whole, and every object belongs to one, or is a log."""
    store = open_sqlite(f"sqlite:///{folder / 'metadata.db'}")
    try:
        kept = set()
        for kind in ("Examples", "Model", "Integer"):
            for record in store.artifacts_by_type(kind):
                assert record.state is ArtifactState.LIVE
                assert digest_uri(record.uri) == record.digest
                kept.add(record.uri.removesuffix("/value"))
                made_by = [
                    event.execution_id
                    for event in store.events_by_artifact([record.id])
                    if event.direction is Direction.OUTPUT
                ]
                states = [e.state for e in store.executions(made_by)]
                assert states.count(State.COMPLETE) == 1
        names = {name for name in names_below(root) if "/.logs/" not in name}
        assert {f"{root}/{'/'.join(name.split('/')[:4])}" for name in names} == kept
        executions = store.executions_of_run("r")
        run = store.get_run("r")
        assert run is not None
        assert run.state is State.COMPLETE
        assert sum(e.state is State.COMPLETE for e in executions) == 3
        assert all(e.state is not State.RUNNING for e in executions)
    finally:
        store.close()


@pytest.mark.parametrize(
    ("step", "machine"),
    [
        *((step, "a") for step in (*STEPS, "kill:executor")),
        *((step, "b") for step in ("root.uploaded", "publisher.moved", "publisher.published")),
    ],
)
def test_after_a_kill_resume_finishes_with_one_set_of_objects(
    tmp_path: Path, root: str, step: str, machine: str
) -> None:
    (tmp_path / "kill").touch() if step == "kill:executor" else None
    killed = start(tmp_path, root, step)
    assert killed.returncode == -9, killed.stderr
    resumed = start(tmp_path, root, machine=machine)
    assert resumed.returncode == 0, resumed.stderr
    executed = dict(each.split("=") for each in resumed.stdout.split())
    assert "Make" not in executed
    assert executed["Push"] == "COMPLETE"
    check_consistent(tmp_path, root)
    if machine == "a":
        (staging,) = (tmp_path / "cache-a").glob("mlops/roots/*/crashing/.staging")
        assert list(staging.iterdir()) == []


@pytest.mark.parametrize("step", ["root.uploaded", "publisher.published"])
def test_what_its_gate_failed_is_published_or_not_at_all(
    tmp_path: Path, root: str, step: str
) -> None:
    assert start(tmp_path, root, step, gate="fail").returncode == -9
    assert start(tmp_path, root, machine="b", gate="fail").returncode == 1
    store = open_sqlite(f"sqlite:///{tmp_path / 'metadata.db'}")
    try:
        models = store.artifacts_by_type("Model")
        assert {record.state for record in models} == {ArtifactState.PENDING}
        kept = {record.uri for record in models}
    finally:
        store.close()
    found = {n for n in names_below(root) if "/Train/model/" in n}
    assert {f"{root}/{name.rpartition('/')[0]}" for name in found} == kept
    assert not any("/.staging/" in name for name in names_below(root))
