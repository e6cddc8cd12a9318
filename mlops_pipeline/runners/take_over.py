"""Partial runs: results of a base run replace the nodes that do not run."""

from __future__ import annotations

from dataclasses import replace

from mlops_pipeline.cache import with_seal
from mlops_pipeline.errors import NotFoundError
from mlops_pipeline.gate import read_gate
from mlops_pipeline.node import Decision, Plan, Session, new_execution, refuse_altered
from mlops_pipeline.run_state import Iteration, Outcome, load_history, load_links, node_label
from mlops_pipeline.store import Direction, State


def take_over(session: Session, base_run: str, node_ids: frozenset[str]) -> list[Outcome]:
    """Record the results of a base run as results of this run, which may have some already.

    Raises:
        NotFoundError: the base run has no result of one of the nodes.
        ResolutionError: the rows of one are not as they were published.
    """
    known = session.history
    missing = [
        node
        for node in session.ir.nodes
        # Of a loop, some iterations may have been taken over before the run was interrupted.
        if node.id in node_ids and (node.loops or not known.within(node.id, ()))
    ]
    base = load_history(session.workspace.store, base_run) if missing else known
    taken = []
    for node in missing:
        outcomes = base.within(node.id, ())
        if not outcomes or not all(map(_may_stand_in, outcomes)):
            raise _no_result(base_run, node.id)
        for outcome in outcomes:
            if known.get(node.id, outcome.iteration) is None:
                taken.append(_take_over_one(session, base_run, outcome))
    return taken


def take_over_place(
    session: Session, base_run: str, node_id: str, iteration: Iteration = ()
) -> Outcome:
    """Record the result of one iteration of a node in a base run as one of this run.

    Raises:
        NotFoundError: the base run has none.
    """
    known = session.history.get(node_id, iteration)
    if known is not None:
        return known
    found = load_history(session.workspace.store, base_run).get(node_id, iteration)
    if found is None or not _may_stand_in(found):
        raise _no_result(base_run, node_label(node_id, iteration))
    return _take_over_one(session, base_run, found)


def _may_stand_in(outcome: Outcome) -> bool:
    return outcome.state.succeeded or outcome.state is State.SKIPPED


def _no_result(base_run: str, name: str) -> NotFoundError:
    return NotFoundError(
        f"run {base_run} has no result of {name} to go on from",
        hint="choose another --base-run, or run that node too with --from",
    )


def _take_over_one(session: Session, base_run: str, outcome: Outcome) -> Outcome:
    node = session.ir.node(outcome.node_id)
    request = session.request(node, outcome.iteration)
    skipped = outcome.state is State.SKIPPED
    refuse_altered(session.history, outcome)
    reason = f"taken over from run {base_run}, execution {outcome.execution.id}"
    decision = Decision.SKIPPED if skipped else Decision.CACHED
    gate = read_gate(outcome.execution.properties)
    plan = Plan(node, outcome.iteration, decision, reason, gate=gate)
    execution = replace(
        new_execution(request, plan, State.SKIPPED if skipped else State.CACHED),
        parameters=outcome.execution.parameters,
        manifest=outcome.execution.manifest,
    )
    execution = execution if skipped else with_seal(execution, outcome.outputs)
    store = session.workspace.store
    read = load_links(store, [outcome.execution], Direction.INPUT).get(outcome.execution.id, {})
    inputs = {key: [record.id for record in records] for key, records in read.items()}
    # What was deleted may be taken over: who reads it is told.
    stored, written = store.put_execution(execution, inputs=inputs, outputs=outcome.outputs)
    taken = Outcome(node.id, outcome.iteration, stored, written)
    session.history.add(taken)
    return taken
