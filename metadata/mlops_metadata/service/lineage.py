"""Lineage: the nodes that are connected to some by events, up to a number of hops."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass, field
from typing import Any

from mlops_metadata.engine import Session
from mlops_metadata.messages import pb
from mlops_metadata.service.kinds import ARTIFACT, EXECUTION, KINDS, NodeKind
from mlops_metadata.service.links import events_of, links_of
from mlops_metadata.service.listing import filtered_ids, list_nodes
from mlops_metadata.service.nodes import nodes_with_ids
from mlops_metadata.service.refused import Code, RefusedError
from mlops_metadata.service.types import all_types, find_types

FARTHEST = 100
"""Most hops."""

_OPTIONS = pb.LineageSubgraphQueryOptions
_OUTPUTS = frozenset(
    {
        pb.Event.OUTPUT,
        pb.Event.DECLARED_OUTPUT,
        pb.Event.INTERNAL_OUTPUT,
        pb.Event.PENDING_OUTPUT,
    }
)
_INPUTS = frozenset({pb.Event.INPUT, pb.Event.DECLARED_INPUT, pb.Event.INTERNAL_INPUT})


@dataclass
class _Side:
    """The artifacts or the executions of a walk.

    Args:
        ending: the condition of those at which it stops.
        visited: ids that were reached.
        ended: ids at which it has stopped.
    """

    kind: NodeKind
    ending: Any
    visited: set[int] = field(default_factory=set)
    ended: set[int] = field(default_factory=set)

    def stop(self, session: Session, ids: Iterable[int]) -> None:
        """Note those of the ids at which the walk stops."""
        wanted = set(ids)
        if self.ending.HasField("filter_query") and self.ending.filter_query and wanted:
            self.ended.update(filtered_ids(session, self.kind, self.ending.filter_query, wanted))

    @property
    def shown(self) -> list[int]:
        """The ids that belong to the answer."""
        more = self.ended if self.ending.include_ending_nodes else set()
        return sorted(self.visited | more)


def subgraph(session: Session, options: Any, paths: Iterable[str], graph: Any) -> None:
    """Write the lineage around some nodes into a graph: ids of nodes, and whole links.

    Args:
        options: `LineageSubgraphQueryOptions`.
        paths: the fields of the graph that are wanted; all if there are none.

    Raises:
        RefusedError: the options are wrong, or there are no nodes to begin with.
    """
    side, query, hops = _start(options)
    sides = (_Side(ARTIFACT, options.ending_artifacts), _Side(EXECUTION, options.ending_executions))
    here, there = sides if side is ARTIFACT else sides[::-1]
    here.visited.update(filtered_ids(session, side, query))
    if not here.visited:
        raise RefusedError("Cannot find qualified nodes to start the traversal.", Code.NOT_FOUND)
    here.stop(session, here.visited)
    here.visited -= here.ended
    new, events = set(here.visited), []
    for _ in range(hops):
        new, found = _hop(session, options.direction, (here, there), new)
        events += found
        if not new:
            break
        here, there = there, here
    _fill(session, sides, events, frozenset(paths) or _all_fields(), graph)


def _all_fields() -> frozenset[str]:
    return frozenset(each.name for each in pb.LineageGraph.DESCRIPTOR.fields)


def _start(options: Any) -> tuple[NodeKind, str, int]:
    """Return where a walk starts: the kind of nodes, their query, and how far it goes."""
    which = options.WhichOneof("starting_nodes")
    if which is None:
        raise RefusedError("Missing arguments for listing starting nodes.")
    query = getattr(options, which).filter_query
    if not query:
        raise RefusedError("Cannot list starting nodes if `filter_query` is unspecified.")
    hops = options.max_num_hops if options.HasField("max_num_hops") else FARTHEST
    if hops < 0:
        raise RefusedError(f"max_num_hops cannot be negative: max_num_hops = {hops}")
    return (ARTIFACT if which == "starting_artifacts" else EXECUTION), query, min(hops, FARTHEST)


def _hop(
    session: Session, direction: int, sides: tuple[_Side, _Side], ids: set[int]
) -> tuple[set[int], list[Any]]:
    """Go from nodes to their neighbours; returns the new ones, and the events that count."""
    here, there = sides
    events = _in_direction(events_of(session, here.kind.key, ids), here.kind, direction)
    other = there.kind.key
    new = {getattr(event, other) for event in events} - there.visited - there.ended
    there.stop(session, new)
    new -= there.ended
    one_way = direction in (_OPTIONS.UPSTREAM, _OPTIONS.DOWNSTREAM)
    found = []
    for event in events:
        each = getattr(event, other)
        if each in there.ended:
            wanted = there.ending.include_ending_nodes
        else:
            wanted = one_way or each not in there.visited
        if wanted:
            found.append(event)
    there.visited |= new
    return new, found


def _in_direction(events: list[Any], kind: NodeKind, direction: int) -> list[Any]:
    if direction not in (_OPTIONS.UPSTREAM, _OPTIONS.DOWNSTREAM):
        return events
    up = direction == _OPTIONS.UPSTREAM
    wanted = _OUTPUTS if up == (kind is ARTIFACT) else _INPUTS
    return [event for event in events if event.type in wanted]


def _fill(
    session: Session,
    sides: tuple[_Side, _Side],
    events: list[Any],
    paths: frozenset[str],
    graph: Any,
) -> None:
    contexts: set[int] = set()
    for side in sides:
        ids, kind = side.shown, side.kind
        links = links_of(session, kind, kind.key, ids)
        contexts.update(link.context_id for link in links)
        if f"{kind.word}s" in paths:
            for each in ids:
                getattr(graph, f"{kind.word}s").add(id=each)
        if f"{kind.link.lower()}s" in paths:
            getattr(graph, f"{kind.link.lower()}s").extend(links)
    if "contexts" in paths:
        for each in sorted(contexts):
            graph.contexts.add(id=each)
    if "events" in paths:
        graph.events.extend(events)
    for kind in KINDS:
        name = f"{kind.word}_types"
        if name in paths:
            getattr(graph, name).extend(find_types(session, kind, "id > ?", [0]))


def old_graph(session: Session, options: Any, graph: Any) -> None:
    """Write what the older request for lineage asks into a graph: whole nodes, and all types.

    Args:
        options: `LineageGraphQueryOptions`.
    """
    stop = options.stop_conditions
    hops = stop.max_num_hops if stop.HasField("max_num_hops") else FARTHEST
    if hops < 0:
        raise RefusedError(f"max_num_hops cannot be negative: max_num_hops = {hops}")
    start, _ = list_nodes(session, ARTIFACT, options.artifacts_options)
    graph.artifacts.extend(start)
    seen = {ARTIFACT: {node.id for node in start}, EXECUTION: set()}
    kept = {ARTIFACT: stop.boundary_artifacts, EXECUTION: stop.boundary_executions}
    here, there, ids = ARTIFACT, EXECUTION, set(seen[ARTIFACT])
    quota = options.max_node_size - len(start)
    for _ in range(min(hops, FARTHEST)):
        events = events_of(session, here.key, ids)
        new = {getattr(event, there.key) for event in events} - seen[there]
        if kept[there] and new:
            new = set(filtered_ids(session, there, kept[there], new))
        new = set(sorted(new)[: max(quota, 0)])
        if not new:
            break
        graph.events.extend(event for event in events if getattr(event, there.key) in new)
        getattr(graph, f"{there.word}s").extend(nodes_with_ids(session, there, new))
        seen[there] |= new
        quota -= len(new)
        here, there, ids = there, here, new
    for kind in KINDS:
        getattr(graph, f"{kind.word}_types").extend(all_types(session, kind))
