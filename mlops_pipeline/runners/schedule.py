"""Schedule: the nodes of a run that can start now, iteration by iteration."""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Iterator, Mapping

from mlops_pipeline.errors import ResolutionError
from mlops_pipeline.ir import NodeIR
from mlops_pipeline.ir_graph import loop_dependencies, users
from mlops_pipeline.node import Session, SkippedError, loop_items, shared_loops
from mlops_pipeline.run_state import Iteration, Outcome
from mlops_pipeline.store import ArtifactState, State

Place = tuple[str, Iteration]
"""A node and its iteration."""


class Schedule:
    """Follows a run from node to node, in time that grows with its nodes and their edges only.

    Args:
        selected: ids of the nodes that run; what others would have made is in the history.
    """

    def __init__(self, session: Session, selected: frozenset[str]) -> None:
        self._session = session
        self._edges = session.edges
        self._nodes = {node.id: node for node in session.ir.nodes if node.id in selected}
        self._order = {node_id: at for at, node_id in enumerate(self._nodes)}
        self._users = users(self._edges)
        self._waiting = {n.id: n for n in self._nodes.values() if not n.on_exit}
        # Iterations to look at, by what they begin with: nothing changes for the others.
        self._due: dict[str, set[Iteration]] = {node_id: {()} for node_id in self._waiting}
        # Iterations by what they begin with, and how many of those have not ended well.
        self._under: dict[str, dict[Iteration, list[Iteration]]] = {}
        self._unended: Counter[Place] = Counter()
        # What a node waits for before its iterations are known, and an iteration before it starts.
        self._needs: dict[str | Place, list[str]] = {}
        self._started: set[Place] = set()
        self._unstarted: Counter[str] = Counter()
        self._ended: dict[Place, bool] = {}
        again = self._made_again() if session.history.outcomes else ()
        for outcome in session.history.all() if session.history.outcomes else ():
            if outcome.node_id in again and _is_deleted(outcome):
                continue
            if outcome.state.succeeded or outcome.state is State.SKIPPED:
                self._started.add((outcome.node_id, outcome.iteration))
                self.ended(outcome)

    def _made_again(self) -> set[str]:
        """Return ids of the nodes whose outputs were deleted, and are needed by what will run."""
        outcomes = self._session.history.outcomes
        deleted = {name for name in outcomes if any(map(_is_deleted, outcomes[name].values()))}
        again: set[str] = set()
        # Over what a loop runs may change as well.
        due = [n.id for n in self._nodes.values() if n.loops or not _all_well(outcomes.get(n.id))]
        while deleted and due:
            found = self._edges[due.pop()] & deleted & self._nodes.keys() - again
            again |= found
            due += found
        return again

    def ended(self, outcome: Outcome) -> None:
        """Take in what became of a node."""
        node_id, iteration = outcome.node_id, outcome.iteration
        well = outcome.state.succeeded or outcome.state is State.SKIPPED
        if well and node_id in self._under and not self._ended.get((node_id, iteration)):
            self._unended.subtract((node_id, begin) for begin in _begins(iteration))
        self._ended[node_id, iteration] = well
        if node_id not in self._nodes:
            return
        loops = self._nodes[node_id].loops
        for user in self._users[node_id]:
            if user in self._waiting:
                shared = shared_loops(self._waiting[user].loops, loops)
                self._due.setdefault(user, set()).add(iteration[:shared])

    def ready(self) -> list[Place]:
        """Return nodes that can start now, each once, in the order of the pipeline."""
        found: list[Place] = []
        while self._due:
            due, self._due = self._due, {}
            for node_id in sorted(due.keys() & self._waiting.keys(), key=self._order.__getitem__):
                places = self._free(self._waiting[node_id], due[node_id])
                found += places
                self._started.update(places)
                self._unstarted[node_id] -= len(places)
                if node_id in self._under and not self._unstarted[node_id]:
                    del self._waiting[node_id]
        return found

    def left(self) -> list[Place]:
        """Return the nodes that `ready` has not returned; without known iterations, each once."""
        return [
            (node_id, iteration)
            for node_id in self._waiting
            for iteration in self._under.get(node_id, _ONCE)[()]
            if (node_id, iteration) not in self._started
        ]

    def _free(self, node: NodeIR, begins: set[Iteration]) -> list[Place]:
        """Return the iterations with one of these beginnings that can start now."""
        if node.id not in self._under:
            if not self._has_items(node):
                return []
            self._expand(node)
            begins = {()}
        under = self._under[node.id]
        places = [
            (node.id, each)
            for each in sorted({each for begin in begins for each in under.get(begin, ())})
        ]
        return [p for p in places if p not in self._started and self._is_free(node, p)]

    def _is_free(self, node: NodeIR, place: Place) -> bool:
        needs = self._needs.get(place)
        if needs is None:
            needs = self._needs[place] = list(self._edges[node.id])
        return _is_over(needs, lambda needed: self._has_ended(node, place[1], needed))

    def _has_items(self, node: NodeIR) -> bool:
        """Return True once it is known over what the loops of a node run."""
        needs = self._needs.get(node.id)
        if needs is None:
            outer = self._edges[node.id] if node.loops else ()
            needs = self._needs[node.id] = [each for each in outer if each in self._nodes]
        return _is_over(needs, lambda needed: self._is_decided(node, needed))

    def _is_decided(self, node: NodeIR, needed: str) -> bool:
        """Return True if a node that decides about loops has ended, in all its iterations."""
        inside = shared_loops(node.loops, self._nodes[needed].loops) > 0
        if inside and needed not in loop_dependencies(self._session.ir, node.loops):
            return True
        return self._has_ended(node, (), needed)

    def _has_ended(self, node: NodeIR, iteration: Iteration, needed: str) -> bool:
        producer = self._nodes.get(needed)
        if producer is None:
            return True
        shared = iteration[: shared_loops(node.loops, producer.loops)] if iteration else ()
        if len(shared) == len(producer.loops):
            return self._ended.get((needed, shared), False)
        return needed in self._under and not self._unended[needed, shared]

    def _expand(self, node: NodeIR) -> None:
        """Take in the iterations of a node, which are known now."""
        under: dict[Iteration, list[Iteration]] = {}
        for iteration in iterations_of(self._session, node) if node.loops else [()]:
            has_ended = self._ended.get((node.id, iteration), False)
            for begin in _begins(iteration):
                under.setdefault(begin, []).append(iteration)
                self._unended[node.id, begin] += not has_ended
            self._unstarted[node.id] += (node.id, iteration) not in self._started
        self._under[node.id] = under
        for user in self._users[node.id]:
            self._due.setdefault(user, set()).add(())


def _is_deleted(outcome: Outcome) -> bool:
    records = (each for found in outcome.outputs.values() for each in found)
    return any(each.state is ArtifactState.DELETED for each in records)


def _all_well(outcomes: Mapping[Iteration, Outcome] | None) -> bool:
    found = outcomes.values() if outcomes else ()
    return bool(found) and all(
        each.state.succeeded or each.state is State.SKIPPED for each in found
    )


_ONCE = {(): [()]}


def _begins(iteration: Iteration) -> Iterator[Iteration]:
    return (iteration[:depth] for depth in range(len(iteration) + 1))


def _is_over(needs: list[str], has_ended: Callable[[str], bool]) -> bool:
    """Return True if all of these nodes have ended; the others are left in the list."""
    while needs and has_ended(needs[-1]):
        needs.pop()
    return not needs


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
