"""Partial runs: which nodes run, and which results of a base run stand in for the others."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass, replace

from mlops_pipeline.choice import Choice
from mlops_pipeline.claims import new_execution
from mlops_pipeline.driver import Decision, Plan
from mlops_pipeline.errors import NotFoundError, ParameterError, did_you_mean
from mlops_pipeline.gate import read_gate
from mlops_pipeline.graph import ancestors, dependencies, descendants
from mlops_pipeline.history import Iteration, Outcome, load_history, place_name
from mlops_pipeline.ir import PipelineIR
from mlops_pipeline.launch import Session
from mlops_pipeline.store import MetadataStore, State


@dataclass(frozen=True)
class Selection:
    """Which nodes of a pipeline run.

    Args:
        run: ids of the nodes that run.
        reuse: ids of the nodes whose results are taken over from the base run.
    """

    run: frozenset[str]
    reuse: frozenset[str] = frozenset()


def select(ir: PipelineIR, choice: Choice) -> Selection:
    """The nodes after `from_nodes` and before `to_nodes`, both included, or `only` these.

    Exit handlers always run. A name of a sub-pipeline stands for all its nodes.

    Raises:
        ParameterError: a name is unknown, or the selection is empty.
    """
    edges = dependencies(ir)
    if choice.only:
        chosen = _named(ir, choice.only)
    else:
        start = _named(ir, choice.from_nodes) if choice.from_nodes else set(edges)
        end = _named(ir, choice.to_nodes) if choice.to_nodes else set(edges)
        chosen = descendants(edges, start) & ancestors(edges, end)
    if not chosen:
        raise ParameterError(
            f"no node lies between {', '.join(choice.from_nodes)} and {', '.join(choice.to_nodes)}",
            hint="name a node of --from that comes before one of --to",
        )
    exits = {node.id for node in ir.nodes if node.on_exit}
    return Selection(frozenset(chosen | exits), frozenset(ancestors(edges, chosen) - chosen))


def _named(ir: PipelineIR, names: Iterable[str]) -> set[str]:
    found: set[str] = set()
    for name in names:
        ids = {n.id for n in ir.nodes if n.id == name or n.id.startswith(f"{name}.")}
        if not ids:
            raise ParameterError(
                f"pipeline {ir.name} has no node {name!r}",
                hint=did_you_mean(name, [n.id for n in ir.nodes]),
            )
        found |= ids
    return found


def find_base_run(store: MetadataStore, ir: PipelineIR, wanted: str = "", run_id: str = "") -> str:
    """The run that a partial run goes on from: `wanted`, or the latest of the pipeline.

    Args:
        run_id: the partial run, which may be begun by another process at this moment.

    Raises:
        NotFoundError: there is none.
        ParameterError: the run is one of another pipeline.
    """
    if wanted:
        run = store.get_run(wanted)
        if run is None:
            raise NotFoundError(f"there is no run {wanted}", hint="list them with `mlops runs`")
        if run.pipeline != ir.name:
            raise ParameterError(
                f"run {wanted} is a run of pipeline {run.pipeline}, not {ir.name}",
                hint=f"choose one of `mlops runs --pipeline {ir.name}`",
            )
        return wanted
    runs = [run for run in store.list_runs(pipeline=ir.name, limit=2) if run.id != run_id]
    if not runs:
        raise NotFoundError(
            f"pipeline {ir.name} has no run yet that a partial run could go on from",
            hint="run all of it once",
        )
    return runs[0].id


def take_over(session: Session, base_run: str, node_ids: frozenset[str]) -> list[Outcome]:
    """Record the results of a base run as results of this run, which may have some already.

    Raises:
        NotFoundError: the base run has no result of one of the nodes.
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
        raise _no_result(base_run, place_name(node_id, iteration))
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
    reason = f"taken over from run {base_run}, execution {outcome.execution.id}"
    decision = Decision.SKIPPED if skipped else Decision.CACHED
    gate = read_gate(outcome.execution.properties)
    plan = Plan(node, outcome.iteration, decision, reason, gate=gate)
    execution = replace(
        new_execution(request, plan, State.SKIPPED if skipped else State.CACHED),
        parameters=outcome.execution.parameters,
        manifest=outcome.execution.manifest,
    )
    stored, written = session.workspace.store.put_execution(execution, outputs=outcome.outputs)
    taken = Outcome(node.id, outcome.iteration, stored, written)
    session.history.add(taken)
    return taken
