"""A plan as files for a pull request: the graph of the pipeline, what a run would do, and why."""

from __future__ import annotations

import statistics
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass

from mlops_pipeline.inspection import lineage_drawing, seconds
from mlops_pipeline.inspection.comparison import (
    html_page,
    html_table,
    html_text,
    markdown_table,
    markdown_text,
)
from mlops_pipeline.ir import PipelineIR
from mlops_pipeline.ir_graph import ancestors, dependencies
from mlops_pipeline.runners.dry_run import NodePlan
from mlops_pipeline.store import MetadataStore, State

LONGEST = 300
"""Characters of a reason in a file."""

_COLOURS = {
    "run": "#c98a1b",
    "cached": "#3b82c4",
    "skipped": "#8a8f98",
    "maybe": "#8a5fc4",
    "fail": "#d64545",
}
_ORDER = tuple(_COLOURS)


@dataclass(frozen=True)
class PlannedNode:
    """A node of a plan, with all of its iterations.

    Args:
        decisions: how many iterations there are of each decision.
        reason: why; of several iterations, that of the first one that is not cached.
        seconds: what one iteration has taken so far, the median; None if it never ran.
        after: the nodes right before it.
        step: 1 for what waits for nothing; else one more than the latest before it.
    """

    id: str
    decisions: Mapping[str, int]
    reason: str
    seconds: float | None
    after: tuple[str, ...]
    step: int

    @property
    def decision(self) -> str:
        """The decision that costs most."""
        return min(self.decisions, key=_ORDER.index, default="maybe")

    @property
    def expected(self) -> float | None:
        """Seconds to expect of it; None if they are not known."""
        runs = self.decisions.get("run", 0) + self.decisions.get("maybe", 0)
        if not runs:
            return 0.0
        return None if self.seconds is None else runs * self.seconds


def planned_nodes(
    ir: PipelineIR, plans: Iterable[NodePlan], store: MetadataStore
) -> list[PlannedNode]:
    """Return the nodes of a pipeline as a plan has decided about them, in their order."""
    by_node: dict[str, list[NodePlan]] = {node.id: [] for node in ir.nodes}
    for each in plans:
        by_node[each.node_id].append(each)
    edges = dependencies(ir)
    steps: dict[str, int] = {}
    found = []
    for node in ir.nodes:
        mine = by_node[node.id]
        steps[node.id] = 1 + max((steps.get(name, 0) for name in edges[node.id]), default=0)
        decisions: dict[str, int] = {}
        for each in mine:
            decisions[each.decision] = decisions.get(each.decision, 0) + 1
        first = next(
            (each for each in mine if each.decision != "cached"), mine[0] if mine else None
        )
        found.append(
            PlannedNode(
                id=node.id,
                decisions=decisions,
                reason=_reason(first) if first else "",
                seconds=_usual_seconds(store, ir.name, node.id, node.component),
                after=_nearest(edges, node.id),
                step=steps[node.id],
            )
        )
    return found


def _reason(plan: NodePlan) -> str:
    said = str(plan.changes[0]) if plan.changes else plan.reason
    return said if len(said) <= LONGEST else f"{said[:LONGEST]}..."


def _nearest(edges: Mapping[str, frozenset[str]], node_id: str) -> tuple[str, ...]:
    """Return what a node waits for, without what that waits for itself."""
    needed = edges[node_id]
    far = {name for each in needed for name in ancestors(edges, [each]) if name != each}
    return tuple(sorted(needed - far))


def _usual_seconds(
    store: MetadataStore, pipeline: str, node_id: str, component: str
) -> float | None:
    recent = store.recent_executions(component, node=f"{pipeline}.{node_id}", limit=20)
    taken = [e.finished - e.started for e in recent if e.state is State.COMPLETE and e.finished]
    return max(0.0, statistics.median(taken)) if taken else None


def plan_markdown(pipeline: str, nodes: Sequence[PlannedNode]) -> str:
    """Return a plan as Markdown: a summary, the graph in Mermaid, a table."""
    parts = [
        f"# Plan of {markdown_text(pipeline)}",
        markdown_text(plan_summary(nodes)),
        "```mermaid\n" + _mermaid(nodes) + "\n```",
        markdown_table(_HEADING, [_row(node) for node in nodes]),
    ]
    return "\n\n".join(parts) + "\n"


def plan_html(pipeline: str, nodes: Sequence[PlannedNode]) -> str:
    """Return a plan as one HTML file: the nodes step by step, and a table."""
    steps = sorted({node.step for node in nodes})
    drawn = "\n".join(
        '<li style="display:flex;flex-wrap:wrap;gap:.6rem;margin:.6rem 0">'
        + "".join(_box(node) for node in nodes if node.step == step)
        + "</li>"
        for step in steps
    )
    body = (
        f"<p>{html_text(plan_summary(nodes))}</p>\n<h2>Steps</h2>\n"
        f'<ol style="list-style:none;padding:0">\n{drawn}\n</ol>\n'
        f"<h2>Nodes</h2>\n{html_table('', _HEADING, [_row(node) for node in nodes])}"
    )
    return html_page(f"Plan of {pipeline}", body)


def plan_summary(nodes: Sequence[PlannedNode]) -> str:
    """Return one line: how many nodes of each decision, and the seconds to expect."""
    counts: dict[str, int] = {}
    for node in nodes:
        for decision, count in node.decisions.items():
            counts[decision] = counts.get(decision, 0) + count
    known = [node.expected for node in nodes if node.expected is not None]
    unknown = len(nodes) - len(known)
    said = ", ".join(f"{counts[each]} {each}" for each in _ORDER if each in counts)
    more = f" and {unknown} nodes that never ran" if unknown else ""
    return f"{said or 'nothing to do'}; about {seconds(sum(known))}{more}, one after the other"


_HEADING = ("node", "decision", "why", "usual time", "after")


def _row(node: PlannedNode) -> list[str]:
    return [
        node.id,
        _decisions(node),
        node.reason,
        "-" if node.seconds is None else seconds(node.seconds),
        ", ".join(node.after),
    ]


def _decisions(node: PlannedNode) -> str:
    if sum(node.decisions.values()) == 1:
        return node.decision
    return ", ".join(f"{count} {each}" for each, count in node.decisions.items()) or "maybe"


def _mermaid(nodes: Sequence[PlannedNode]) -> str:
    numbers = {node.id: index for index, node in enumerate(nodes)}
    lines = ["flowchart LR"]
    for node in nodes:
        usual = (
            ""
            if node.seconds is None
            else f", {lineage_drawing.mermaid_text(seconds(node.seconds))}"
        )
        name, decisions = map(lineage_drawing.mermaid_text, (node.id, _decisions(node)))
        text = f"{name}<br/>{decisions}{usual}"
        lines.append(f'  n{numbers[node.id]}["{text}"]:::{node.decision}')
    lines += [
        f"  n{numbers[before]} --> n{numbers[node.id]}" for node in nodes for before in node.after
    ]
    lines += [f"  classDef {name} stroke:{hue},stroke-width:3px" for name, hue in _COLOURS.items()]
    return "\n".join(lines)


def _box(node: PlannedNode) -> str:
    usual = "" if node.seconds is None else f" · {seconds(node.seconds)}"
    after = f"<br><small>after {html_text(', '.join(node.after))}</small>" if node.after else ""
    return (
        f'<div style="border:1px solid #8886;border-left:6px solid {_COLOURS[node.decision]};'
        f'padding:.3rem .7rem;max-width:22rem"><strong>{html_text(node.id)}</strong> '
        f"{html_text(_decisions(node))}{html_text(usual)}<br>{html_text(node.reason)}{after}</div>"
    )
