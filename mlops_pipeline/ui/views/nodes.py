"""Nodes of a run as rows: the last attempt of each, its time, its reason, its gate, its links."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass

import msgspec

from mlops_pipeline.gate import Finding, read_gate
from mlops_pipeline.inspection import node_name
from mlops_pipeline.store import Execution, Run, State
from mlops_pipeline.ui.views.links import ArtifactLink, Links, seconds_of
from mlops_pipeline.ui.views.plain_values import finite

WORST_FIRST = ("failed", "canceled", "running", "run", "cached", "skipped")
"""Decisions, in the order in which one of them stands for many nodes."""


@dataclass(frozen=True)
class GateRow:
    """A gate: its strictest action, and all findings."""

    action: str
    findings: tuple[Finding, ...]


@dataclass(frozen=True)
class NodeRow:
    """A node of a run, or one iteration of it: its last attempt.

    Args:
        name: the node's id, with its iteration: `Trainer[0]`.
        decision: `run`, `cached`, `skipped`, `failed`, `canceled` or `running`.
        reason: why it was cached, skipped or had to run.
        offset: seconds from the beginning of the run to its own.
        problem: what of its record cannot be read.
    """

    name: str
    node_id: str
    state: str
    decision: str
    reason: str
    error: str
    started: float
    seconds: float
    offset: float
    attempts: int
    execution: int
    gate: GateRow | None
    inputs: tuple[ArtifactLink, ...]
    outputs: tuple[ArtifactLink, ...]
    problem: str = ""


@dataclass(frozen=True)
class NodeGroup:
    """The iterations of one node, or the one node that it is.

    Args:
        decisions: how many there are of each decision.
        seconds: of all of them.
        offset: seconds from the beginning of the run to that of the first of them.
        span: seconds from there to the end of the last one.
    """

    node_id: str
    decisions: Mapping[str, int]
    seconds: float
    nodes: tuple[NodeRow, ...]
    offset: float = 0.0
    span: float = 0.0

    @property
    def decision(self) -> str:
        """The decision that stands for all."""
        return worst(self.decisions)


def worst(states: Iterable[str]) -> str:
    """Return the state that stands for many."""
    order = {state: i for i, state in enumerate(WORST_FIRST)}
    return min(states, key=lambda state: order.get(state, len(order)), default="")


def attempts_by_node(executions: Sequence[Execution]) -> dict[str, list[Execution]]:
    """Return the attempts at each node, by its name, in the order in which nodes began."""
    found: dict[str, list[Execution]] = {}
    for execution in executions:
        found.setdefault(node_name(execution), []).append(execution)
    return found


def node_rows(
    run: Run, executions: Sequence[Execution], links: Mapping[int, Links]
) -> list[NodeRow]:
    """Return the nodes of a run, in the order in which they began."""
    return [
        node_row(run, name, attempts, links.get(attempts[-1].id, Links()))
        for name, attempts in attempts_by_node(executions).items()
    ]


def node_row(run: Run, name: str, attempts: Sequence[Execution], links: Links) -> NodeRow:
    """Return one node of a run from its attempts, the last of which counts."""
    execution = attempts[-1]
    gate, problem = _gate(execution)
    started = finite(execution.started)
    state = execution.state
    return NodeRow(
        name=name,
        node_id=execution.node_id,
        state=state.value,
        decision="run" if state is State.COMPLETE else state.value.lower(),
        reason=execution.reason,
        error=execution.error,
        started=started,
        seconds=seconds_of(execution),
        offset=max(0.0, started - finite(run.started)) if started else 0.0,
        attempts=len(attempts),
        execution=execution.id,
        gate=gate,
        inputs=links.inputs,
        outputs=links.outputs,
        problem=problem,
    )


def groups_of(rows: Sequence[NodeRow]) -> list[NodeGroup]:
    """Return nodes by their id, so that many iterations of one are one group."""
    by_id: dict[str, list[NodeRow]] = {}
    for row in rows:
        by_id.setdefault(row.node_id, []).append(row)
    groups = []
    for node_id, members in by_id.items():
        decisions: dict[str, int] = {}
        for row in members:
            decisions[row.decision] = decisions.get(row.decision, 0) + 1
        spent = sum(row.seconds for row in members)
        begun = [row for row in members if row.started]
        offset = min((row.offset for row in begun), default=0.0)
        end = max((row.offset + row.seconds for row in begun), default=0.0)
        groups.append(
            NodeGroup(node_id, decisions, spent, tuple(members), offset, max(0.0, end - offset))
        )
    return groups


def _gate(execution: Execution) -> tuple[GateRow | None, str]:
    try:
        gate = read_gate(execution.properties)
        return (GateRow(gate.action, gate.findings) if gate else None), ""
    except (msgspec.ValidationError, ValueError):
        return None, "its gate cannot be read: another program has written it"
