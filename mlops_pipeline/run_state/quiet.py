"""Runs of a scheduler that ended without a word: their end is derived from their nodes.

No process sees such a run through. Where its scheduler ends it by force, or leaves its last step
out, nothing writes its end, and every reader works it out.
"""

from __future__ import annotations

import time
from collections.abc import Sequence
from dataclasses import replace

from mlops_pipeline.run_state.lifecycle import last_sign
from mlops_pipeline.run_state.liveness import PROCESS, is_gone, state_of
from mlops_pipeline.store import Execution, MetadataStore, Run, State

LONGEST = 86_400.0
"""Seconds that a scheduler may let pass between two nodes that have ended well."""


def as_it_is(store: MetadataStore, run: Run, lease: float) -> Run:
    """Return a run with the state that it has, where nothing has recorded its end."""
    state = state_of(run)
    if state is State.RUNNING:
        state = quiet_state(run, store.executions_of_run(run.id), lease)
    return replace(run, state=state)


def quiet_state(run: Run, executions: Sequence[Execution], lease: float) -> State:
    """Return the state of a run that is RUNNING in the store, by what was last heard of it.

    Where a node failed or was stopped, and nothing was heard for the lease, the run has ended in
    the same way; a step that comes later goes on with it.

    Args:
        executions: those of the run, in their order.
        lease: seconds without a sign of life after which a process elsewhere counts as dead.
    """
    if PROCESS in run.properties:
        return State.RUNNING
    quiet = time.time() - last_sign(run, executions)
    latest = {(each.node_id, each.iteration): each for each in executions}.values()
    running = [each for each in latest if each.state is State.RUNNING]
    if quiet <= lease or any(is_gone(each.properties) is False for each in running):
        return State.RUNNING
    states = {each.state for each in latest}
    if running or State.FAILED in states:
        return State.FAILED
    if State.CANCELED in states or quiet > LONGEST:
        return State.CANCELED
    return State.RUNNING
