"""A run whose nodes are started one by one from elsewhere: what a scheduler's tasks do.

    begin -> node ... node -> end

Each step may run in a process, container and machine of its own; they meet in the store only. The
executor of a node runs in a worker process, so that a time limit can end it and its death is
recorded by the process that started it.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, replace

from mlops_pipeline.errors import NotFoundError, did_you_mean
from mlops_pipeline.history import Iteration, Outcome, load_history
from mlops_pipeline.ir import PipelineIR
from mlops_pipeline.launch import FINAL, Session, begin_run, end_run, launch, open_session
from mlops_pipeline.runners.pool import WorkerPool
from mlops_pipeline.runs import pipeline_of
from mlops_pipeline.schedule import inside, iterations_of
from mlops_pipeline.store import Run, State
from mlops_pipeline.task import Task
from mlops_pipeline.workspace import Workspace

__all__ = ["PlaceOptions", "begin_run", "count_items", "finish_run", "open_run", "run_place"]


@dataclass(frozen=True)
class PlaceOptions:
    """How a node is started.

    Args:
        force: run it even if a result could be reused.
        heed_final: after a failure that another attempt does not mend, make none, for schedulers
            that cannot be told so.
        on_output: is given the task and each line that it prints, while it runs.
    """

    force: bool = False
    heed_final: bool = False
    on_output: Callable[[Task, str], None] | None = None


def open_run(workspace: Workspace, run_id: str) -> tuple[Run, PipelineIR]:
    """A run that has begun, and its pipeline, both from the store.

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


def run_place(
    workspace: Workspace,
    run_id: str,
    node_id: str,
    iteration: Iteration = (),
    options: PlaceOptions = PlaceOptions(),
) -> Outcome:
    """Make one attempt at a node of a run that has begun; what became of it, or of the last one.

    Raises:
        NotFoundError: there is no such run, or its pipeline has no such node.
    """
    _, ir = open_run(workspace, run_id)
    known = [node.id for node in ir.nodes]
    if node_id not in known:
        raise NotFoundError(
            f"pipeline {ir.name} has no node {node_id!r}", hint=did_you_mean(node_id, known)
        )
    with WorkerPool(1, on_output=options.on_output) as pool:
        session = open_session(ir, run_id, workspace, execute=pool.execute, force=options.force)
        last = session.history.get(node_id, iteration)
        if options.heed_final and last is not None and _is_final(last):
            return last
        if ir.node(node_id).on_exit:
            # What an exit handler is told of the run: how it went so far.
            session = replace(session, run=replace(session.run, state=_state(session)))
        return launch(session, node_id, iteration)


def _is_final(outcome: Outcome) -> bool:
    properties = outcome.execution.properties
    failed_by_gate = outcome.published and not outcome.state.succeeded
    return outcome.state is State.FAILED and (bool(properties.get(FINAL)) or failed_by_gate)


def count_items(
    workspace: Workspace, run_id: str, loop_id: str, outer: Iteration = ()
) -> list[Iteration]:
    """The iterations of a loop inside one of the loops around it.

    Over an empty list, or where its list was skipped, it is the way to the loop alone: its nodes
    are started there once, and their drivers record why they are skipped.
    """
    run, ir = open_run(workspace, run_id)
    session = Session(ir, run, workspace, load_history(workspace.store, run_id))
    node = next((node for node in ir.nodes if loop_id in node.loops), None)
    if node is None:
        known = [loop.id for loop in ir.loops]
        raise NotFoundError(
            f"pipeline {ir.name} has no loop {loop_id!r}", hint=did_you_mean(loop_id, known)
        )
    if len(outer) < node.loops.index(loop_id):
        return [outer]
    return inside(session, node, outer, loop_id)


def finish_run(workspace: Workspace, run_id: str) -> Run:
    """Record how a run ended, by what its nodes have recorded."""
    run, ir = open_run(workspace, run_id)
    session = Session(ir, run, workspace, load_history(workspace.store, run_id))
    return end_run(workspace, run_id, _state(session))


def _state(session: Session) -> State:
    """COMPLETE where every node has run well or was skipped, in all iterations, else FAILED."""
    for node in session.ir.nodes:
        found = session.history.outcomes.get(node.id, {})
        if any(not (o.state.succeeded or o.state is State.SKIPPED) for o in found.values()):
            return State.FAILED
        # What a failure kept from starting has left nothing; nor has a pod that never ran.
        if not node.on_exit and not set(iterations_of(session, node)) <= found.keys():
            return State.FAILED
    return State.COMPLETE
