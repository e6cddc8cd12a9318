"""A preview of a run: hit, miss or skip for each node, with the cause."""

from __future__ import annotations

import time
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field, replace
from typing import Any

from mlops_pipeline.cache import Change, explain
from mlops_pipeline.errors import PipelineError
from mlops_pipeline.interface import run_parameters
from mlops_pipeline.ir import ImporterExecutor, NodeIR, PipelineIR, ResolverExecutor
from mlops_pipeline.node import Decision, Request, Session, ask, new_execution
from mlops_pipeline.node import Plan as DriverPlan
from mlops_pipeline.run_state import History, Iteration, Outcome, Workspace
from mlops_pipeline.runners.schedule import Schedule
from mlops_pipeline.store import NOTHING, Run, State
from mlops_pipeline.tracebacks import summary


@dataclass(frozen=True)
class NodePlan:
    """The preview of one node.

    Args:
        decision: `run`, `cached`, `skipped`; `maybe` if it depends on outputs that do not exist
            yet; `fail` if an input cannot be resolved.
        changes: differences from its nearest earlier execution, the likely cause first.
    """

    node_id: str
    iteration: Iteration
    decision: str
    reason: str
    changes: tuple[Change, ...] = ()


def plan(
    ir: PipelineIR,
    workspace: Workspace,
    parameters: Mapping[str, Any] = NOTHING,
    *,
    force: bool = False,
) -> list[NodePlan]:
    """Decide about every node without running one or writing anything to the store.

    Raises:
        ParameterError: a parameter is unknown, missing or of the wrong type.
    """
    values = run_parameters(ir, parameters)
    run = Run(id="", pipeline=ir.name, parameters=values, started=time.time())
    session = Session(ir, run, workspace, History(), force=force)
    return _Dry(session).plan()


_ENDS_WELL = ("run", "cached")


@dataclass(frozen=True)
class _Dry:
    """A pass through the nodes in which a cached one counts as done.

    Args:
        known: whether a component has run before, as far as it was asked for.
    """

    session: Session
    known: dict[str, bool] = field(default_factory=dict)

    def plan(self) -> list[NodePlan]:
        schedule = Schedule(self.session, frozenset(n.id for n in self.session.ir.nodes))
        plans: list[NodePlan] = []
        undecided: set[str] = set()
        while ready := schedule.ready():
            for node_id, iteration in ready:
                plans.append(self._decide(node_id, iteration))
                outcome = self.session.history.get(node_id, iteration)
                if outcome is None:
                    undecided.add(node_id)
                else:
                    schedule.ended(outcome)
        plans += self._undecided(schedule, plans, undecided)
        handlers = [node.id for node in self.session.ir.nodes if node.on_exit]
        plans += [NodePlan(name, (), "run", "exit handlers always run") for name in handlers]
        order = {node.id: index for index, node in enumerate(self.session.ir.nodes)}
        return sorted(plans, key=lambda each: (order[each.node_id], each.iteration))

    def _undecided(
        self, schedule: Schedule, plans: Sequence[NodePlan], undecided: set[str]
    ) -> Iterator[NodePlan]:
        """Preview the nodes whose inputs do not exist yet."""
        known = {each.node_id for each in plans}
        left = schedule.left()
        certain = known - {name for name, _ in left}
        certain -= {each.node_id for each in plans if each.decision not in _ENDS_WELL}
        for node_id, iteration in left:
            needed = self.session.edges[node_id]
            first = next((n for n in needed if n not in known), "")
            causes = sorted(needed & undecided) or [first]
            undecided.add(node_id)
            node = self.session.ir.node(node_id)
            reason = self._certain_reason(node) if needed <= certain else ""
            if reason:
                certain.add(node_id)
                yield NodePlan(node_id, iteration, "run", reason)
            else:
                reason = f"depends on the outputs of {', '.join(causes)}"
                yield NodePlan(node_id, iteration, "maybe", reason)

    def _certain_reason(self, node: NodeIR) -> str:
        """Return the reason why a node runs in any case; empty if earlier outputs may stop it."""
        if node.conditions or node.loops or node.driver:
            return ""
        if self.session.force:
            return "forced to run"
        return "" if self._has_run(node.component) else "first run"

    def _has_run(self, component: str) -> bool:
        if component not in self.known:
            found = self.session.workspace.store.recent_executions(component, limit=1)
            self.known[component] = bool(found)
        return self.known[component]

    def _decide(self, node_id: str, iteration: Iteration) -> NodePlan:
        node = self.session.ir.node(node_id)
        request = self.session.request(node, iteration)
        try:
            decided: DriverPlan = ask(self.session, request.node, "driver", request)
        except PipelineError as error:
            return NodePlan(node_id, iteration, "fail", error.message)
        except Exception as error:  # noqa: BLE001 - a user's driver may raise anything
            return NodePlan(node_id, iteration, "fail", summary(error))
        if isinstance(node.executor, ResolverExecutor) and decided.decision is Decision.RUN:
            self._count_as_done(request, replace(decided, outputs=decided.inputs))
            return NodePlan(node_id, iteration, "run", "resolves again in every run")
        if isinstance(node.executor, ImporterExecutor) and decided.decision is Decision.RUN:
            return NodePlan(node_id, iteration, "run", "imports the files as they are now")
        if decided.decision is not Decision.RUN:
            self._count_as_done(request, decided)
            return NodePlan(node_id, iteration, str(decided.decision), decided.reason)
        return NodePlan(node_id, iteration, "run", decided.reason, self._changes(request, decided))

    def _count_as_done(self, request: Request, decided: DriverPlan) -> None:
        state = State.SKIPPED if decided.decision is Decision.SKIPPED else State.CACHED
        execution = new_execution(request, decided, state)
        self.session.history.add(
            Outcome(request.node.id, request.iteration, execution, decided.outputs)
        )

    def _changes(self, request: Request, decided: DriverPlan) -> tuple[Change, ...]:
        if decided.key is None:
            return ()
        expected = new_execution(request, decided, State.RUNNING)
        return tuple(explain(request.workspace, decided.key, expected))
