"""Attempts at a node in one container, and the end of a run that goes on without its end step.

A scheduler may start a container once, or again after each failure, or begin a run anew in the
middle: its server's settings say so, and they are not ours. So the container makes all attempts
itself, with the node's waits, and what it does depends on what the store says.
"""

from __future__ import annotations

import time
from collections.abc import Callable
from dataclasses import replace

from mlops_pipeline.ir import RetryIR
from mlops_pipeline.node import Session, failures, is_final, is_lost, wait_before_retry
from mlops_pipeline.run_state import RESUMED, Outcome, Workspace, chosen, select
from mlops_pipeline.runners.remote import (
    IterationOptions,
    exit_iterations,
    look_at,
    run_iteration,
)
from mlops_pipeline.runners.schedule import Place, Schedule
from mlops_pipeline.store import State

OnRetry = Callable[[Outcome, float], None]
"""Is given an attempt that failed, and the seconds until the next one."""


def run_attempts(
    workspace: Workspace,
    run_id: str,
    place: Place,
    options: IterationOptions,
    on_retry: OnRetry,
) -> Outcome | None:
    """Make attempts at a node of a run that has begun, as many as it may have; the last outcome.

    Of a node that has none left, the last outcome is returned: a scheduler that starts the
    container again gets it at once. After a loss, one attempt is made whatever the number.

    Returns:
        None where a partial run leaves the node out.

    Raises:
        NotFoundError: as `run_iteration`.
    """
    node_id, iteration = place
    options = replace(options, stop_after_final_failure=True)
    session = look_at(workspace, run_id)
    last = session.history.get(node_id, iteration)
    if last is not None and session.run.state is State.RUNNING and _has_none_left(session, last):
        return last
    while True:
        outcome = run_iteration(workspace, run_id, node_id, iteration, options)
        if outcome is None or outcome.state is not State.FAILED:
            return outcome
        session = look_at(workspace, run_id)
        pause = wait_before_retry(_retry(session, outcome), _failures(session, outcome), outcome)
        if pause is None:
            return outcome
        on_retry(outcome, pause)
        time.sleep(pause)


def run_exit_handlers(
    workspace: Workspace, run_id: str, attempts: Callable[[Place], Outcome | None]
) -> bool:
    """Run the exit handlers one after the other; whether all have ended well.

    Those that have ended well since the run was last resumed have told what there is to tell.
    """
    well = True
    for node, iteration in exit_iterations(workspace, run_id):
        session = look_at(workspace, run_id)
        known = session.history.get(node.id, iteration)
        resumed = session.run.properties.get(RESUMED, 0.0)
        if known is None or not _ended_well(known) or known.execution.finished < resumed:
            known = attempts((node.id, iteration))
        well = well and (known is None or _ended_well(known))
    return well


def ends_run(workspace: Workspace, run_id: str, outcome: Outcome) -> bool:
    """Return True if a run was resumed, is over with this outcome, and no end step comes.

    Kubeflow's retry of a run does not repeat the end step, which has succeeded. So the container
    that has ended last ends the run, when nothing is left that could still run.
    """
    session = look_at(workspace, run_id)
    run = session.run
    if run.state is not State.RUNNING or RESUMED not in run.properties:
        return False
    ended = [each.execution for each in session.history.all()]
    last = max(ended, key=lambda each: (each.finished, each.id))
    if last.id != outcome.execution.id or any(each.state is State.RUNNING for each in ended):
        return False
    selected, _ = select(session.ir, chosen(run))
    return all(_is_over(session, place) for place in Schedule(session, selected).ready())


def _is_over(session: Session, place: Place) -> bool:
    """Return True if a node whose turn it is was tried since the resume, and is not tried again."""
    outcome = session.history.get(*place)
    if outcome is None or outcome.execution.finished < session.run.properties[RESUMED]:
        return False
    return outcome.state is State.CANCELED or _has_none_left(session, outcome)


def _has_none_left(session: Session, outcome: Outcome) -> bool:
    if outcome.state is not State.FAILED:
        return False
    spent = _failures(session, outcome) >= _retry(session, outcome).attempts
    return is_final(outcome, session.run) or (spent and not is_lost(outcome))


def _failures(session: Session, outcome: Outcome) -> int:
    return failures(session.workspace.store.executions_of_run(session.run.id), outcome, session.run)


def _retry(session: Session, outcome: Outcome) -> RetryIR:
    return session.ir.node(outcome.node_id).retry


def _ended_well(outcome: Outcome) -> bool:
    return outcome.state.succeeded or outcome.state is State.SKIPPED
