from __future__ import annotations

import time
from typing import Any

import pytest

from mlops_pipeline.inspection import read_run
from mlops_pipeline.run_state import as_it_is, quiet_state, this_process
from mlops_pipeline.store import Execution, MemoryStore, Run, State

LONG_AGO = time.time() - 5_000.0
YESTERDAY = time.time() - 90_000.0


def run_of(**options: Any) -> Run:
    return Run(**{"id": "r", "pipeline": "p", "ir": "", "started": LONG_AGO, **options})


def execution(state: State, node_id: str = "A", **options: Any) -> Execution:
    given = {"started": LONG_AGO, "finished": LONG_AGO + 1.0, **options}
    return Execution(component="C", pipeline="p", run_id="r", node_id=node_id, state=state, **given)


@pytest.mark.parametrize("state", [State.FAILED, State.CANCELED])
def test_a_run_that_was_ended_by_force_ended_as_its_node_did(state: State) -> None:
    executions = [execution(State.COMPLETE), execution(state, "B")]
    assert quiet_state(run_of(), executions, lease=60.0) is state


def test_within_the_lease_it_may_go_on() -> None:
    assert quiet_state(run_of(), [execution(State.FAILED)], lease=6_000.0) is State.RUNNING


def test_a_later_attempt_counts_alone() -> None:
    executions = [execution(State.FAILED), execution(State.COMPLETE)]
    assert quiet_state(run_of(), executions, lease=60.0) is State.RUNNING


def test_a_node_that_shows_no_sign_of_life_has_failed_with_its_run() -> None:
    lost = execution(State.RUNNING, finished=0.0, heartbeat=LONG_AGO + 30.0)
    assert quiet_state(run_of(), [lost], lease=60.0) is State.FAILED
    alive = execution(State.RUNNING, finished=0.0, heartbeat=time.time())
    assert quiet_state(run_of(), [alive], lease=60.0) is State.RUNNING
    here = execution(State.RUNNING, finished=0.0, properties=this_process())
    assert quiet_state(run_of(), [here], lease=60.0) is State.RUNNING


def test_a_run_of_which_nothing_was_heard_for_a_day_was_stopped() -> None:
    done = execution(State.COMPLETE, started=YESTERDAY, finished=YESTERDAY + 1.0)
    assert quiet_state(run_of(started=YESTERDAY), [done], lease=60.0) is State.CANCELED


def test_a_run_with_a_process_of_its_own_is_not_judged_by_silence() -> None:
    held = run_of(properties=this_process())
    assert quiet_state(held, [execution(State.FAILED)], lease=60.0) is State.RUNNING


def test_readers_show_the_end_of_a_run_that_nothing_has_ended() -> None:
    store = MemoryStore()
    store.put_run(run_of(state=State.RUNNING), new=True)
    store.put_execution(execution(State.COMPLETE))
    store.put_execution(execution(State.FAILED, "B"))
    assert read_run(store, "r", lease=0.0).state is State.FAILED
    assert read_run(store, "r", lease=6_000.0).state is State.RUNNING
    assert as_it_is(store, run_of(state=State.RUNNING), 0.0).state is State.FAILED
    assert as_it_is(store, run_of(state=State.COMPLETE), 0.0).state is State.COMPLETE
