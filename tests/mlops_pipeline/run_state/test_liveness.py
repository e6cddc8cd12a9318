"""Runs on this machine: order, conditions, loops, failures, retries, partial runs, records."""

from __future__ import annotations

import threading
import time
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest
from local_runs import states, write

from mlops_pipeline.errors import PipelineError
from mlops_pipeline.run_state import state_of
from mlops_pipeline.run_state.liveness import Heartbeats, dies, lease_of
from mlops_pipeline.store import Execution, State


def test_an_execution_whose_process_died_is_reaped_and_its_files_go(project: Any) -> None:
    write(project, "@pipeline\ndef p():\n    Make()\n")
    finished = project.run("first", in_process=True, force=True)
    ir, store = project.compile(), project.store
    store.put_run(replace(finished.run, id="again", state=State.RUNNING, properties={}))
    dead = Execution(
        component=ir.nodes[0].component,
        pipeline="p",
        run_id="again",
        node_id="Make",
        state=State.RUNNING,
        host="elsewhere",
        pid=1,
        properties={"process": "", "staging": "abcd"},
    )
    stored, _ = store.put_execution(dead)
    staged = Path(project.workspace.root) / "p" / ".staging" / f"{stored.id}-abcd" / "examples"
    staged.mkdir(parents=True)
    with pytest.raises(PipelineError, match="is being run: Make by process 1 on elsewhere"):
        project.run("again", in_process=True)
    store._executions[stored.id] = replace(
        store._executions[stored.id], heartbeat=0.0, properties={**dead.properties, "lease": 0.05}
    )
    again = project.run("again", in_process=True, force=True)
    assert states(again) == {"Make": "COMPLETE"}
    assert store.executions([stored.id])[0].state is State.FAILED
    assert not staged.exists()
    assert (
        finished.outcomes[0].outputs["examples"][0].uri
        != again.outcomes[0].outputs["examples"][0].uri
    )


def test_a_run_whose_process_is_gone_has_failed_whatever_the_store_says(project: Any) -> None:
    write(project, "@pipeline\ndef p():\n    Make()\n")
    ended = project.run("r", in_process=True).run
    held = replace(ended, state=State.RUNNING)
    assert state_of(held) is State.RUNNING
    machine = str(held.properties["process"]).partition("|")[0]
    killed = replace(held, properties={**held.properties, "process": f"{machine}|1|never"})
    assert state_of(killed) is State.FAILED
    elsewhere = replace(held, properties={**held.properties, "process": "other|1|2"})
    assert state_of(elsewhere) is State.RUNNING


def test_threads_do_not_grow_with_runs(project: Any) -> None:
    write(project, "@pipeline\ndef p():\n    Make()\n")
    project.run(in_process=True)
    before = threading.active_count()
    for _ in range(12):
        project.run(in_process=True, force=True)
    assert threading.active_count() <= before


class Clock:
    def __init__(self) -> None:
        self.seconds = 0.0

    def __call__(self) -> float:
        return self.seconds


def test_a_heartbeat_is_judged_by_its_changes_and_not_by_its_time() -> None:
    clock = Clock()
    watch = Heartbeats(clock)
    for heartbeat in (1e9, 4e9, 5.0, 4.0):
        beat = Execution("c.C", "p", "r", "N", State.RUNNING, id=1, heartbeat=heartbeat)
        assert watch.seconds_still(beat) == 0
        clock.seconds += 40
        assert watch.seconds_still(beat) == 40
    other = replace(beat, properties={"process": "another store has this number, too"})
    assert watch.seconds_still(other) == 0
    assert watch.seconds_still(beat) == 40


@pytest.mark.slow  # Starts processes.
@pytest.mark.parametrize("ahead", [-7200, 7200])
def test_live_work_of_a_machine_with_another_clock_is_left_alone(
    project: Any, ahead: float
) -> None:
    elsewhere = Execution(
        "c.C", "p", "r", "N", State.RUNNING, properties={"process": "a|1|2", "lease": 0.3}
    )
    stored, _ = project.store.put_execution(elsewhere)
    beats = iter(range(100))

    class Beating(type(project.store)):  # type: ignore[misc]
        """The store, with a process elsewhere that beats whenever it is read."""

        def executions(self, ids: Any) -> list[Execution]:
            found = project.store.executions(ids)
            return [replace(each, heartbeat=time.time() + ahead + next(beats)) for each in found]

    workspace = replace(project.workspace, store=Beating())
    (seen,) = workspace.store.executions([stored.id])
    assert not dies(workspace, seen)
    silent = replace(stored, heartbeat=time.time() + ahead)
    project.store._executions[stored.id] = silent
    assert dies(project.workspace, silent)


@pytest.mark.parametrize("lease", [0, -1, float("nan"), float("inf"), 1e300, "1", None, [1]])
def test_a_lease_that_a_store_makes_up_does_not_count(lease: Any) -> None:
    execution = Execution("c.C", "p", "r", "N", State.RUNNING, properties={"lease": lease})
    assert lease_of(execution, 60.0) == 60.0
