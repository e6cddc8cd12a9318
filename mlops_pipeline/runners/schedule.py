"""Schedule: the nodes of a run that can start now, iteration by iteration."""

from __future__ import annotations

from collections.abc import Iterator

from mlops_pipeline.errors import ResolutionError
from mlops_pipeline.ir import NodeIR
from mlops_pipeline.ir_graph import loop_dependencies, users
from mlops_pipeline.node import Session, SkippedError, loop_items, shared_loops
from mlops_pipeline.run_state import Iteration, Outcome
from mlops_pipeline.store import State

Place = tuple[str, Iteration]
"""A node and its iteration."""


class Schedule:
    """Follows a run from node to node.

    Args:
        selected: ids of the nodes that run; what others would have made is in the history.
    """

    def __init__(self, session: Session, selected: frozenset[str]) -> None:
        self._session = session
        self._edges = session.edges
        self._nodes = {node.id: node for node in session.ir.nodes if node.id in selected}
        self._users = users(self._edges)
        self._waiting = {n.id: n for n in self._nodes.values() if not n.on_exit}
        # What has to be looked at: nothing changes for the others.
        self._due = set(self._waiting)
        self._iterations: dict[str, list[Iteration]] = {}
        self._started: set[Place] = set()
        self._ended: dict[Place, bool] = {}
        for outcome in session.history.all() if session.history.outcomes else ():
            if outcome.state.succeeded or outcome.state is State.SKIPPED:
                self._started.add((outcome.node_id, outcome.iteration))
                self.ended(outcome)

    def ended(self, outcome: Outcome) -> None:
        """Take in what became of a node."""
        well = outcome.state.succeeded or outcome.state is State.SKIPPED
        self._ended[outcome.node_id, outcome.iteration] = well
        self._due |= self._users.get(outcome.node_id, set())

    def ready(self) -> list[Place]:
        """Return nodes that can start now, each once, in the order of the pipeline."""
        found: list[Place] = []
        while self._due:
            due, self._due = self._due, set()
            for node in [node for node in self._waiting.values() if node.id in due]:
                places = [place for place in self._places(node) if place not in self._started]
                found += places
                self._started.update(places)
                if self._all_started(node):
                    del self._waiting[node.id]
        return found

    def left(self) -> list[Place]:
        """Return the nodes that `ready` has not returned; without known iterations, each once."""
        return [
            (node.id, iteration)
            for node in self._waiting.values()
            for iteration in self._iterations.get(node.id, [()])
            if (node.id, iteration) not in self._started
        ]

    def _all_started(self, node: NodeIR) -> bool:
        iterations = self._iterations.get(node.id)
        return iterations is not None and all((node.id, i) in self._started for i in iterations)

    def _places(self, node: NodeIR) -> Iterator[Place]:
        for iteration in self._expand(node):
            if all(self._has_ended(node, iteration, needed) for needed in self._edges[node.id]):
                yield node.id, iteration

    def _has_ended(self, node: NodeIR, iteration: Iteration, needed: str) -> bool:
        producer = self._nodes.get(needed)
        if producer is None:
            return True
        shared = iteration[: shared_loops(node.loops, producer.loops)] if iteration else ()
        if len(shared) == len(producer.loops):
            return self._ended.get((needed, shared), False)
        known = self._iterations.get(needed)
        return known is not None and all(
            self._ended.get((needed, other), False)
            for other in known
            if other[: len(shared)] == shared
        )

    def _expand(self, node: NodeIR) -> list[Iteration]:
        """Return the iterations of a node; none while it is not known over what its loops run."""
        if node.id not in self._iterations:
            outer = [n for n in self._edges[node.id] if n in self._nodes and node.loops]
            if any(not self._decided(node, needed) for needed in outer):
                return []
            self._iterations[node.id] = iterations_of(self._session, node) if node.loops else [()]
            self._due |= self._users[node.id]
        return self._iterations[node.id]

    def _decided(self, node: NodeIR, needed: str) -> bool:
        """Return True if a node that decides about loops has ended, in all its iterations."""
        inside = shared_loops(node.loops, self._nodes[needed].loops) > 0
        if inside and needed not in loop_dependencies(self._session.ir, node.loops):
            return True
        return self._has_ended(node, (), needed)


def iterations_of(session: Session, node: NodeIR) -> list[Iteration]:
    """Return every iteration; for an empty loop, only the outer iteration, so that
    the driver records the skip."""
    iterations: list[Iteration] = [()]
    for depth, loop in enumerate(node.loops):
        iterations = [
            inner
            for outer in iterations
            for inner in (inside(session, node, outer, loop) if len(outer) == depth else [outer])
        ]
    return iterations


def inside(session: Session, node: NodeIR, outer: Iteration, loop: str) -> list[Iteration]:
    """Return the iterations of a loop around a node, inside one of the loops around that."""
    try:
        items = loop_items(session.request(node, outer), loop)
    except (ResolutionError, SkippedError):
        return [outer]
    return [(*outer, index) for index, _ in enumerate(items)] or [outer]
