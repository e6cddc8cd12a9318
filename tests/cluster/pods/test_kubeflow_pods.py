"""Pipelines compiled for Kubeflow, each container of them a pod of a real cluster."""

from __future__ import annotations

import contextlib
import json
import os
import signal
import threading
from pathlib import Path
from typing import Any

import pytest
from kubeflow_pods import LOST as TAKEN
from kubeflow_pods import PodCluster
from snapshot import snapshot
from suite import BY_NAME, CASES, WORKERS, run_locally, states

from mlops_pipeline.cli import call
from mlops_pipeline.run_state import LOST
from mlops_pipeline.store import Execution, State

pytestmark = [
    pytest.mark.cluster,
    pytest.mark.slow,  # every node is a pod
]

WORK = Path(__file__).parent / "work.py"


def attempts(around: Any, run: PodCluster, node: str) -> list[Execution]:
    """The executions of a node, in their order."""
    found = around.store.executions_of_run(f"kfp-{run.run_id}")
    return sorted((e for e in found if e.node_id == node), key=lambda e: e.id)


@pytest.fixture
def shown(surroundings: Any, capsys: pytest.CaptureFixture[str]) -> Any:
    """What `mlops show` tells of a run."""

    def show(run: PodCluster) -> Any:
        capsys.readouterr()
        asked = ["show", f"kfp-{run.run_id}", "--store", surroundings.pods_store, "--json"]
        assert call(asked) in (0, 1)
        return json.loads(capsys.readouterr().out)

    return show


def pods_of(run: PodCluster, node: str) -> list[str]:
    """The pods that a node had."""
    return [pod for pod in run.started if f"-{node.lower()}-" in pod]


def delete_while_it_works(
    around: Any, run: PodCluster, terminate: bool = False
) -> threading.Thread:
    """Delete the pod of node `Nap` as soon as its executor sleeps; or terminate all of the run."""
    place = f"*/.state/kfp-{run.run_id}/Nap/tried"

    def begun() -> bool:
        found = any((around.folder / "root").glob(place))
        if found and terminate:
            run.terminated.set()
        return found

    def is_mine(name: str, labels: Any) -> bool:
        return name in pods_of(run, "Nap")

    delete = around.kubernetes.delete_in_a_nap
    thread = threading.Thread(target=delete, args=(begun, is_mine), daemon=True)
    thread.start()
    return thread


@pytest.mark.parametrize("name", ["cached", "skipped", "timeout"])
def test_runs_leave_the_records_of_the_local_runner(
    surroundings: Any, name: str, tmp_path: Path
) -> None:
    case = BY_NAME[name]
    found = []
    for parameters in case.runs:
        run = surroundings.kubeflow(CASES, case.pipeline)
        assert run.run(parameters) == (case.states[""] == "COMPLETE"), run.logs
        found.append(snapshot(surroundings.store, f"kfp-{run.run_id}"))
    assert states(found[-1]).items() >= case.states.items()
    assert found == run_locally(tmp_path / "here", case, WORKERS)


def test_attempts_are_made_inside_the_pod(surroundings: Any, shown: Any) -> None:
    run = surroundings.kubeflow(CASES, "retry")
    assert run.run({}), run.logs
    found = attempts(surroundings, run, "FailFirst")
    assert [str(each.state) for each in found] == ["FAILED", "COMPLETE"]
    (pod,) = pods_of(run, "FailFirst")
    assert "FailFirst: again in 0.2 s" in run.logs[pod]
    assert [node["attempts"] for node in shown(run)["nodes"]] == [2]


def test_a_run_that_kubeflow_retries_ends_complete_without_another_end_step(
    surroundings: Any, shown: Any
) -> None:
    run = surroundings.kubeflow(CASES, "fixed")
    run_id = f"kfp-{run.run_id}"
    assert not run.run({})
    assert shown(run)["state"] == "FAILED"
    assert [str(e.state) for e in attempts(surroundings, run, "told")] == ["COMPLETE"]
    assert run.run({}), run.logs
    assert surroundings.store.get_run(run_id).state is State.COMPLETE
    assert shown(run)["state"] == "COMPLETE"
    assert len(pods_of(run, "end")) == 1
    assert len(pods_of(run, "Write")) == 1
    found = attempts(surroundings, run, "FailOnce")
    assert [str(each.state) for each in found] == ["FAILED", "COMPLETE"]
    # The exit handler has told the first end, and tells the other one.
    assert [e.parameters["text"] for e in attempts(surroundings, run, "told")] == [
        "FAILED",
        "COMPLETE",
    ]


def test_a_deleted_pod_is_lost_and_its_node_tried_again(surroundings: Any) -> None:
    run = surroundings.kubeflow(WORK, "lost")
    deleting = delete_while_it_works(surroundings, run)
    assert run.run({}), run.logs
    deleting.join()
    assert run.codes["Nap"] == [TAKEN, 0]
    lost, again = attempts(surroundings, run, "Nap")
    assert (str(lost.state), str(again.state)) == ("FAILED", "COMPLETE")
    assert lost.properties[LOST] == "SIGTERM"
    assert "was lost: SIGTERM came" in lost.error
    assert states(snapshot(surroundings.store, f"kfp-{run.run_id}"))[""] == "COMPLETE"


def kill_while_it_works(around: Any, run: PodCluster) -> threading.Thread:
    """Kill the container of node `Nap` when its executor sleeps, as when its machine goes down."""
    place = f"*/.state/kfp-{run.run_id}/Nap/tried"

    def kill() -> None:
        around.kubernetes.wait(
            "Nap does not sleep", lambda: any((around.folder / "root").glob(place))
        )
        for file in Path("/proc").glob("[0-9]*/cmdline"):
            with contextlib.suppress(OSError):
                words = file.read_bytes().split(b"\0")
                if f"kfp-{run.run_id}".encode() in words and b"Nap" in words:
                    os.kill(int(file.parent.name), signal.SIGKILL)

    thread = threading.Thread(target=kill, daemon=True)
    thread.start()
    return thread


def test_a_pod_that_goes_without_a_word_is_lost_when_its_lease_is_over(surroundings: Any) -> None:
    run = surroundings.kubeflow(WORK, "lost", lease=3.0)
    killing = kill_while_it_works(surroundings, run)
    assert not run.run({"seconds": 601.0})
    killing.join()
    assert run.codes["Nap"] == [137]
    assert run.run({"seconds": 601.0}), run.logs
    lost, again = attempts(surroundings, run, "Nap")
    assert (str(lost.state), str(again.state)) == ("FAILED", "COMPLETE")
    assert lost.properties[LOST] == "no sign of life"
    assert surroundings.store.get_run(f"kfp-{run.run_id}").state is State.COMPLETE


def test_a_terminated_run_does_not_run_for_ever(
    surroundings: Any, shown: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("MLOPS_LEASE", "3")
    run = surroundings.kubeflow(WORK, "terminated", lease=3.0)
    store, run_id = surroundings.store, f"kfp-{run.run_id}"
    deleting = delete_while_it_works(surroundings, run, terminate=True)
    assert not run.run({})
    deleting.join()
    assert pods_of(run, "end") == []
    assert store.get_run(run_id).state is State.RUNNING, "nothing has recorded its end"
    surroundings.kubernetes.wait(
        "the run has not ended", lambda: shown(run)["state"] != "RUNNING", 30
    )
    assert shown(run)["state"] == "FAILED"
    (lost,) = attempts(surroundings, run, "Nap")
    assert "was lost: SIGTERM came" in lost.error


def test_a_node_that_needs_too_much_memory_is_told_the_limit_of_its_pod(
    surroundings: Any,
) -> None:
    run = surroundings.kubeflow(WORK, "large")
    assert not run.run({})
    (found,) = attempts(surroundings, run, "Hold")
    assert str(found.state) == "FAILED"
    assert "out of memory" in found.error
    assert "300" in found.error
    assert "Resources(memory=" in found.error
