"""Graphs of pages: boxes and edges that scripts may draw, beside a list that says the same.

A graph is small enough to be drawn at once: what is alike is one box with a number, and what is
left out is counted.
"""

from __future__ import annotations

import functools
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, replace

from mlops_pipeline.errors import PipelineError
from mlops_pipeline.ir_check import load_checked
from mlops_pipeline.ir_graph import dependencies
from mlops_pipeline.store import MetadataStore, Run, State
from mlops_pipeline.ui.views.links import address_of
from mlops_pipeline.ui.views.nodes import NodeGroup, worst

MOST_BOXES = 150
"""Boxes of a graph that is drawn; layouts take a second from some hundreds on."""

SEPARATE = 4
"""Iterations of a node that have a row each in the table of nodes."""

Edges = Mapping[str, frozenset[str]]
"""Names of the boxes before each box, by its name."""


@dataclass(frozen=True)
class GraphStep:
    """A link that shows more of a graph, or less."""

    label: str
    href: str


@dataclass(frozen=True)
class GraphNode:
    """A box of a graph.

    Args:
        kind: `node`, `artifact` or `execution`.
        note: what there is to say beside its state.
        href: where it leads, relative to the page; empty for nowhere.
        chosen: whether the page is about it.
    """

    id: str
    label: str
    kind: str = "node"
    state: str = ""
    href: str = ""
    note: str = ""
    chosen: bool = False
    steps: tuple[GraphStep, ...] = ()


@dataclass(frozen=True)
class GraphEdge:
    """An edge of a graph, from one box to another."""

    start: str
    end: str


@dataclass(frozen=True)
class PageGraph:
    """Boxes and edges.

    Args:
        left_out: number of boxes that there are besides.
    """

    nodes: tuple[GraphNode, ...] = ()
    edges: tuple[GraphEdge, ...] = ()
    left_out: int = 0

    def before(self, name: str) -> list[GraphNode]:
        """Return the boxes that lead to a box."""
        starts = {edge.start for edge in self.edges if edge.end == name}
        return [node for node in self.nodes if node.id in starts]


def run_graph(store: MetadataStore, run: Run, groups: Sequence[NodeGroup]) -> PageGraph:
    """Return the graph of a run: the nodes of its pipeline, also those that have not begun.

    A run without its pipeline in the store has the nodes that ran, linked by what they read.
    """
    begun = {group.node_id: group for group in groups}
    edges = _pipeline_edges(store, run) or _artifact_edges(groups)
    edges = {**{name: frozenset() for name in begun}, **edges}
    boxes = {}
    for name in edges:
        anchor = next((i for i, each in enumerate(groups, 1) if each.node_id == name), 0)
        boxes[name] = _box(run, name, begun.get(name), anchor)
    return drawable(boxes, edges)


def drawable(boxes: Mapping[str, GraphNode], edges: Edges) -> PageGraph:
    """Return a graph of no more boxes than can be drawn.

    Where there are too many, those with the same neighbours become one; of what is left, the first
    ones are drawn.
    """
    while len(boxes) > MOST_BOXES:
        fewer, edges = _without_twins(boxes, edges)
        if len(fewer) == len(boxes):
            break
        boxes = fewer
    pairs = [GraphEdge(before, name) for name in boxes for before in sorted(edges.get(name, ()))]
    return first_boxes(boxes, pairs)


def first_boxes(boxes: Mapping[str, GraphNode], edges: Iterable[GraphEdge]) -> PageGraph:
    """Return a graph of the first boxes, so many as can be drawn."""
    kept = {name: boxes[name] for name in list(boxes)[:MOST_BOXES]}
    return PageGraph(
        nodes=tuple(kept.values()),
        edges=tuple(edge for edge in edges if edge.start in kept and edge.end in kept),
        left_out=len(boxes) - len(kept),
    )


def _without_twins(
    boxes: Mapping[str, GraphNode], edges: Edges
) -> tuple[dict[str, GraphNode], dict[str, frozenset[str]]]:
    """Return boxes and edges in which boxes between the same neighbours are one."""
    after: dict[str, set[str]] = {name: set() for name in boxes}
    for name, before in edges.items():
        for each in before:
            after.setdefault(each, set()).add(name)
    alike: dict[tuple[frozenset[str], frozenset[str], str], list[str]] = {}
    for name, box in boxes.items():
        place = (edges.get(name, frozenset()), frozenset(after[name]), box.kind)
        alike.setdefault(place, []).append(name)
    stands_for = {name: members[0] for members in alike.values() for name in members}
    fewer = {
        members[0]: _one_of([boxes[name] for name in members]) if members[1:] else boxes[members[0]]
        for members in alike.values()
    }
    linked = {
        name: frozenset(stands_for.get(each, each) for each in edges.get(name, ()))
        for name in fewer
    }
    return fewer, linked


def _one_of(boxes: Sequence[GraphNode]) -> GraphNode:
    """Return the one box that many are."""
    states = [box.state for box in boxes]
    return replace(
        boxes[0],
        label=f"{boxes[0].label} and {len(boxes) - 1} more",
        state=worst(states),
        note=_counted(states),
        href="#nodes",
    )


def _box(run: Run, name: str, group: NodeGroup | None, anchor: int) -> GraphNode:
    if group is None:
        going = run.state is State.RUNNING
        return GraphNode(name, name, state="waiting" if going else "not reached")
    count = len(group.nodes)
    if count == 1:
        (node,) = group.nodes
        href = address_of("node", run=run.id, name=node.name)
        return GraphNode(name, node.name, state=node.decision, href=href)
    states = [node.decision for node in group.nodes]
    href = f"#n{anchor}" if count > SEPARATE else "#nodes"
    label = f"{name} × {count:,}"  # noqa: RUF001 - as the table beside it has it
    return GraphNode(name, label, state=worst(states), href=href, note=_counted(states))


def _counted(states: Sequence[str]) -> str:
    """Return how many there are of each state, if there are several."""
    counts = {state: states.count(state) for state in dict.fromkeys(states)}
    if len(counts) < 2:
        return f"all {len(states):,}"
    return ", ".join(f"{count:,} {state}" for state, count in counts.items())


def _pipeline_edges(store: MetadataStore, run: Run) -> dict[str, frozenset[str]]:
    text = store.get_document(run.ir) if run.ir else None
    return _read_edges(text) if text else {}


@functools.lru_cache(maxsize=16)
def _read_edges(text: str) -> dict[str, frozenset[str]]:
    """Return who waits for whom in a compiled pipeline; nothing if it cannot be read."""
    try:
        return dependencies(load_checked(text))
    except (PipelineError, KeyError, RecursionError):
        return {}


def _artifact_edges(groups: Sequence[NodeGroup]) -> dict[str, frozenset[str]]:
    writer = {link.id: g.node_id for g in groups for node in g.nodes for link in node.outputs}
    return {
        group.node_id: frozenset(
            writer[link.id] for node in group.nodes for link in node.inputs if link.id in writer
        )
        - {group.node_id}
        for group in groups
    }
