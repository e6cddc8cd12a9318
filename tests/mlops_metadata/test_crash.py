"""The process is killed at each step of a node: the store and the files are right afterwards."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

import pytest

from mlops_metadata.by_file import open_sqlite
from mlops_pipeline.roots import digest_path
from mlops_pipeline.store import ArtifactState, Direction, State

pytestmark = pytest.mark.mlmd

START = Path(__file__).parent / "crashing" / "start.py"
STEPS = (
    "driver.planned",
    "driver.claimed",
    "executor.done",
    "publisher.checked",
    "publisher.moved",
    "publisher.published",
)


def start(
    folder: Path, run_id: str, how: str = "", gate: str = ""
) -> subprocess.CompletedProcess[str]:
    url = f"sqlite:///{folder / 'metadata.db'}"
    command = [sys.executable, str(START), url, str(folder / "root"), run_id, how, gate]
    return subprocess.run(command, capture_output=True, text=True, timeout=120, check=False)


def check_consistent(folder: Path) -> None:
    """Nothing is half recorded: every LIVE artifact is whole, every folder belongs to one."""
    store = open_sqlite(f"sqlite:///{folder / 'metadata.db'}")
    try:
        kept = set()
        for kind in ("Examples", "Model", "Integer"):
            for record in store.artifacts_by_type(kind):
                assert record.state is ArtifactState.LIVE
                assert digest_path(Path(record.uri)) == record.digest
                kept.add(Path(record.uri).parent if kind == "Integer" else Path(record.uri))
                made_by = [
                    event.execution_id
                    for event in store.events_by_artifact([record.id])
                    if event.direction is Direction.OUTPUT
                ]
                states = [e.state for e in store.executions(made_by)]
                assert states.count(State.COMPLETE) == 1
        places = set((folder / "root" / "crashing").glob("[!.]*/*/*"))
        assert places == kept
    finally:
        store.close()


@pytest.mark.parametrize("step", [*STEPS, "kill:executor"])
def test_after_a_kill_resume_finishes_with_one_set_of_artifacts(tmp_path: Path, step: str) -> None:
    (tmp_path / "kill").touch() if step == "kill:executor" else None
    killed = start(tmp_path, "r", step)
    assert killed.returncode == -9, killed.stderr
    resumed = start(tmp_path, "r")
    assert resumed.returncode == 0, resumed.stderr
    executed = dict(each.split("=") for each in resumed.stdout.split())
    assert "Make" not in executed
    assert executed["Push"] == "COMPLETE"
    assert executed.get("Train", "COMPLETE") == "COMPLETE"
    check_consistent(tmp_path)
    assert list((tmp_path / "root" / "crashing" / ".staging").iterdir()) == []
    store = open_sqlite(f"sqlite:///{tmp_path / 'metadata.db'}")
    try:
        executions = store.executions_of_run("r")
        run = store.get_run("r")
        assert run is not None
        assert run.state is State.COMPLETE
        assert sum(e.state is State.COMPLETE for e in executions) == 3
        assert all(e.state is not State.RUNNING for e in executions)
    finally:
        store.close()


@pytest.mark.parametrize("step", ["driver.claimed", "publisher.moved"])
def test_after_a_kill_another_run_does_the_work(tmp_path: Path, step: str) -> None:
    assert start(tmp_path, "first", step).returncode == -9
    other = start(tmp_path, "second")
    assert other.returncode == 0, other.stderr
    assert other.stdout.split() == ["Make=CACHED", "Train=COMPLETE", "Push=COMPLETE"]
    check_consistent(tmp_path)


@pytest.mark.parametrize("step", ["driver.claimed", "executor.done"])
def test_another_run_ends_what_a_killed_one_was_at_though_it_does_other_work(
    tmp_path: Path, step: str
) -> None:
    assert start(tmp_path, "first", step).returncode == -9
    other = start(tmp_path, "second", gate="warn")
    assert other.returncode == 0, other.stderr
    store = open_sqlite(f"sqlite:///{tmp_path / 'metadata.db'}")
    try:
        states = {e.node_id: e.state for e in store.executions_of_run("first")}
    finally:
        store.close()
    assert states == {"Make": State.COMPLETE, "Train": State.FAILED}
    check_consistent(tmp_path)


@pytest.mark.parametrize("gate", ["skip", "fail"])
@pytest.mark.parametrize("step", ["publisher.moved", "publisher.published"])
def test_a_gate_is_recorded_with_the_outputs_or_not_at_all(
    tmp_path: Path, step: str, gate: str
) -> None:
    assert start(tmp_path, "r", step, gate).returncode == -9
    resumed = start(tmp_path, "r", gate=gate)
    assert resumed.returncode == (1 if gate == "fail" else 0), resumed.stderr
    store = open_sqlite(f"sqlite:///{tmp_path / 'metadata.db'}")
    try:
        runs = store.executions_of_run("r")
        trained = [execution for execution in runs if execution.node_id == "Train"]
        recorded = step == "publisher.published"
        # What was recorded before the kill stands; a failure is tried again, a result is not.
        assert [execution.published for execution in trained] == {
            ("skip", True): [True],
            ("fail", True): [True, True],
        }.get((gate, recorded), [False, True])
        pushed = [str(execution.state) for execution in runs if execution.node_id == "Push"]
        assert pushed == ([] if gate == "fail" else ["SKIPPED"])
        state = ArtifactState.PENDING if gate == "fail" else ArtifactState.LIVE
        models = store.artifacts_by_type("Model")
        assert len(models) == sum(execution.published for execution in trained)
        for record in models:
            assert record.state is state
            assert digest_path(Path(record.uri)) == record.digest
        kept = {Path(record.uri) for record in models}
        assert set((tmp_path / "root" / "crashing" / "Train").glob("model/*")) == kept
    finally:
        store.close()
    assert list((tmp_path / "root" / "crashing" / ".staging").iterdir()) == []
