"""A run whose nodes are started one by one from elsewhere: what a scheduler's tasks do.

    begin -> node ... node -> end

A partial run gets its selection when it begins; each node then decides for itself whether
it runs, is taken over from the base run, or is left out. Each step may run in a process, container
and machine of its own; they meet in the store only. The executor of a node runs in a worker
process, so that a time limit can end it and its death is recorded by the process that started it.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from contextlib import AbstractContextManager, nullcontext
from dataclasses import dataclass, replace
from typing import Any

from msgspec import structs

from mlops_pipeline.errors import NotFoundError, did_you_mean
from mlops_pipeline.executors import Task
from mlops_pipeline.ir import NodeIR, PipelineIR
from mlops_pipeline.node import Session, Start, end_run, is_final, launch, open_session
from mlops_pipeline.run_state import (
    WHOLE,
    Iteration,
    Outcome,
    Selection,
    Workspace,
    chosen,
    load_history,
    pipeline_of,
    select,
)
from mlops_pipeline.runners.schedule import inside, iterations_of
from mlops_pipeline.runners.take_over import take_over_place
from mlops_pipeline.runners.workers import WorkerPool
from mlops_pipeline.store import NOTHING, Run, State


@dataclass(frozen=True)
class IterationOptions:
    """Options for starting a node.

    Args:
        force: run it even if a result could be reused.
        stop_after_final_failure: make no attempt after a failure that a retry cannot fix; for
            schedulers that retry in any case.
        on_output: is given the task and each line that it prints, while it runs.
        pool: where the executor runs; None for a worker of its own. It is closed by its owner.
    """

    force: bool = False
    stop_after_final_failure: bool = False
    on_output: Callable[[Task, str], None] | None = None
    pool: WorkerPool | None = None


def begin(
    workspace: Workspace,
    ir: PipelineIR,
    run_id: str,
    parameters: Mapping[str, Any] = NOTHING,
    selection: Selection = WHOLE,
) -> Run:
    """Begin a run, or go on with it: then what it is about stays as it was.

    Raises:
        ParameterError: the parameters do not fit, or no node has a name that is selected.
        NotFoundError: a partial run has no run to go on from.
    """
    return open_session(ir, run_id, workspace, Start(parameters, selection)).run


def open_run(workspace: Workspace, run_id: str) -> tuple[Run, PipelineIR]:
    """Return a run that has begun, and its pipeline, both from the store.

    Raises:
        NotFoundError: it has not begun.
    """
    run = workspace.store.get_run(run_id)
    if run is None:
        raise NotFoundError(
            f"run {run_id} has not begun in this store",
            hint="begin it first, and let all steps of a run use the same store",
        )
    return run, pipeline_of(workspace, run)


def look_at(workspace: Workspace, run_id: str) -> Session:
    """Return a run with what it has done so far, to read and not to go on with."""
    run, ir = open_run(workspace, run_id)
    return Session(ir, run, workspace, load_history(workspace.store, run_id))


def run_iteration(
    workspace: Workspace,
    run_id: str,
    node_id: str,
    iteration: Iteration = (),
    options: IterationOptions = IterationOptions(),
) -> Outcome | None:
    """Make one attempt at a node of a run that has begun; what became of it, or of the last one.

    Returns:
        None where a partial run leaves the node out: that is recorded nowhere.

    Raises:
        NotFoundError: there is no such run, its pipeline has no such node, or the base run of a
            partial run has no result of it.
    """
    run, ir = open_run(workspace, run_id)
    known = [node.id for node in ir.nodes]
    if node_id not in known:
        raise NotFoundError(
            f"pipeline {ir.name} has no node {node_id!r}", hint=did_you_mean(node_id, known)
        )
    selected, reused = select(ir, chosen(run))
    if node_id in reused:
        return take_over_place(
            open_session(ir, run_id, workspace), run.base_run, node_id, iteration
        )
    if node_id not in selected:
        return None
    with _pool(options) as pool:
        force = options.force or chosen(run).force
        session = open_session(ir, run_id, workspace, execute=pool.execute, force=force)
        last = session.history.get(node_id, iteration)
        if options.stop_after_final_failure and last is not None and is_final(last, session.run):
            return last
        if ir.node(node_id).on_exit:
            # The state of the run so far, for an exit handler.
            session = structs.replace(session, run=replace(session.run, state=_state(session)))
        return launch(session, node_id, iteration)


def _pool(options: IterationOptions) -> AbstractContextManager[WorkerPool]:
    if options.pool is not None:
        return nullcontext(options.pool)
    return WorkerPool(1, on_output=options.on_output)


def count_items(
    workspace: Workspace, run_id: str, loop_id: str, outer: Iteration = ()
) -> list[Iteration]:
    """Return the iterations of a loop inside one of the loops around it.

    Over an empty list, or where its list was skipped, it is the way to the loop alone: its nodes
    are started there once, and their drivers record why they are skipped.
    """
    session = look_at(workspace, run_id)
    node = next((node for node in session.ir.nodes if loop_id in node.loops), None)
    if node is None:
        known = [loop.id for loop in session.ir.loops]
        raise NotFoundError(
            f"pipeline {session.ir.name} has no loop {loop_id!r}", hint=did_you_mean(loop_id, known)
        )
    if len(outer) < node.loops.index(loop_id):
        return [outer]
    return inside(session, node, outer, loop_id)


def exit_iterations(workspace: Workspace, run_id: str) -> list[tuple[NodeIR, Iteration]]:
    """Return the exit handlers of a run in their order, those in loops once for each item."""
    session = look_at(workspace, run_id)
    handlers = [node for node in session.ir.nodes if node.on_exit]
    return [(node, place) for node in handlers for place in iterations_of(session, node)]


def finish_run(workspace: Workspace, run_id: str) -> Run:
    """Record how a run ended, by what its nodes have recorded."""
    session = look_at(workspace, run_id)
    state = _state(session)
    # A step may have gone on with the run meanwhile: what it wrote stays.
    run = workspace.store.get_run(run_id) or session.run
    return end_run(workspace, run, state)


def _state(session: Session) -> State:
    """COMPLETE where every node has run well or was skipped, in all iterations, else FAILED."""
    selected, reused = select(session.ir, chosen(session.run))
    for node in session.ir.nodes:
        if node.id not in selected | reused:
            continue
        found = session.history.outcomes.get(node.id, {})
        if any(not (o.state.succeeded or o.state is State.SKIPPED) for o in found.values()):
            return State.FAILED
        # What a failure kept from starting has left nothing; nor has a pod that never ran.
        if not node.on_exit and not set(iterations_of(session, node)) <= found.keys():
            return State.FAILED
    return State.COMPLETE
