"""What an artifact reached: models, pushes and runs, and where equal bytes stopped it.

A walk towards results, breadth-first, also through warm starts. It stops at an artifact that has
the bytes of another, which the same node made without the artifact in question.
"""

from __future__ import annotations

import math
from collections import Counter
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass

from mlops_pipeline.errors import NotFoundError
from mlops_pipeline.inspection.datasets import MODEL, find_version
from mlops_pipeline.inspection.find import find_start
from mlops_pipeline.inspection.lineage import LineageStart, in_chunks, upstream
from mlops_pipeline.inspection.results import node_name
from mlops_pipeline.store import (
    ArtifactRecord,
    Direction,
    Event,
    Execution,
    MetadataStore,
    State,
    is_model_record,
)

PUSHED = "PushedModel"

LOOK_BACK = 200
"""Newest executions of a node among which equal bytes are looked for."""

_TRIED = 5
"""Oldest and newest artifacts with equal bytes that are traced back."""

_STEPS = 9
"""Steps of a way that are kept; of a longer one, the middle is left out."""


@dataclass(frozen=True)
class Reached:
    """An artifact that was reached.

    Args:
        node: `<pipeline>.<node>` that made it; `run` the run.
        way: the shortest way to it, in words.
        through: of a model, the model on that way that it was started from.
        by_decision: whether it was reached only because a condition read something.
        destination: of a push, where it went.
    """

    id: int
    type: str
    node: str
    run: str
    created: float
    state: str
    way: tuple[str, ...] = ()
    through: int | None = None
    by_decision: bool = False
    destination: str = ""


@dataclass(frozen=True)
class Unaffected:
    """An artifact that was touched and is not affected: it has the bytes that it would have had.

    Args:
        equal_to: the artifact with the same bytes that was made without the one in question.
    """

    id: int
    type: str
    node: str
    run: str
    equal_to: int


@dataclass(frozen=True)
class ReachedRun:
    """A run that was reached, with those of its nodes that read something affected."""

    id: str
    nodes: tuple[str, ...]


@dataclass(frozen=True)
class Impact:
    """What artifacts reached.

    Args:
        of: the artifacts in question.
        copies: further artifacts of the same node with the same bytes; they count as well.
        models, pushes: newest first; a push that did not happen is none.
        others: numbers of other artifacts, by type.
        stopped: where equal bytes stopped it.
        spared: models and pushes that lie only behind these: touched, not affected.
    """

    of: tuple[ArtifactRecord, ...]
    copies: tuple[int, ...]
    models: tuple[Reached, ...]
    pushes: tuple[Reached, ...]
    runs: tuple[ReachedRun, ...]
    others: Mapping[str, int]
    stopped: tuple[Unaffected, ...]
    spared: tuple[Reached, ...]


def find_artifacts(store: MetadataStore, what: str) -> list[ArtifactRecord]:
    """Return the artifacts that a text means.

    Args:
        what: as for `find_start`; of a node, all that it wrote; or `DATASET@SPAN`.

    Raises:
        NotFoundError: there is no such thing.
    """
    if "@" in what and "/" not in what:
        return store.artifacts(find_version(store, what).ids)
    start = find_start(store, what)
    ids = set(start.artifacts)
    for event in store.events_by_execution(start.executions):
        if event.direction is Direction.OUTPUT:
            ids.add(event.artifact_id)
    if not ids:
        raise NotFoundError(f"{what} wrote no artifacts", hint="name another node, or an artifact")
    return store.artifacts(sorted(ids))


def read_impact(store: MetadataStore, of: Sequence[ArtifactRecord]) -> Impact:
    """Return what these artifacts reached."""
    nodes = _Nodes(store)
    copies = sorted(_copies(nodes, of))
    bad = {record.id for record in of} | set(copies)
    walk = _Walk(store, bad, _Independent(store, nodes, bad).equals)
    walk.go(bad, _is_data)
    by_data = set(walk.came_from)
    walk.go(by_data | bad, lambda event: True)
    behind = _Walk(store, set(walk.stopped), lambda found: {}, seen=bad | set(walk.came_from))
    behind.go(set(walk.stopped), lambda event: True)
    reached = [_reached(walk, each, each not in by_data) for each in walk.came_from]
    spared = [_reached(behind, each, False) for each in behind.came_from]
    records = walk.records
    return Impact(
        of=tuple(of),
        copies=tuple(copies),
        models=_of_type(reached, MODEL),
        pushes=_pushes(reached, records),
        runs=_runs(walk),
        others=_others(reached, records),
        stopped=tuple(_stopped(walk, each) for each in sorted(walk.stopped)),
        spared=(*_of_type(spared, MODEL), *_pushes(spared, behind.records)),
    )


class _Nodes:
    """The outputs of the newest executions of nodes, each node read once."""

    def __init__(self, store: MetadataStore) -> None:
        self.store = store
        self._read: dict[tuple[str, str], dict[tuple[str, str, str], list[int]]] = {}

    def same_bytes(self, execution: Execution, key: str, record: ArtifactRecord) -> list[int]:
        """Return outputs of the node of an execution with the bytes and the type of an artifact."""
        if not record.digest:
            return []
        place = (execution.component, f"{execution.pipeline}.{execution.node_id}")
        if place not in self._read:
            self._read[place] = self._outputs(*place)
        found = self._read[place].get((key, record.type, record.digest), ())
        return [each for each in found if each != record.id]

    def _outputs(self, component: str, node: str) -> dict[tuple[str, str, str], list[int]]:
        recent = self.store.recent_executions(component, node=node, limit=LOOK_BACK)
        done = {each.id for each in recent if each.state is State.COMPLETE}
        events = [e for e in in_chunks(self.store.events_by_execution, done) if _is_output(e)]
        ids = {event.artifact_id for event in events}
        records = {each.id: each for each in in_chunks(self.store.artifacts, ids)}
        found: dict[tuple[str, str, str], list[int]] = {}
        for event in events:
            if record := records.get(event.artifact_id):
                found.setdefault((event.key, record.type, record.digest), []).append(record.id)
        return found


def _copies(nodes: _Nodes, of: Sequence[ArtifactRecord]) -> set[int]:
    """Return the artifacts of the same nodes that have the same bytes."""
    store, found = nodes.store, set[int]()
    known = {record.id: record for record in of}
    events = [e for e in in_chunks(store.events_by_artifact, known) if _is_output(e)]
    makers = {e.id: e for e in in_chunks(store.executions, {e.execution_id for e in events})}
    for event in events:
        if maker := makers.get(event.execution_id):
            found |= set(nodes.same_bytes(maker, event.key, known[event.artifact_id]))
    return found - known.keys()


class _Independent:
    """The search for equal bytes that were made without the artifacts in question."""

    def __init__(self, store: MetadataStore, nodes: _Nodes, bad: set[int]) -> None:
        self._store = store
        self._nodes = nodes
        self._bad = bad
        self._clean: dict[int, bool] = {}

    def equals(self, found: Mapping[int, tuple[Execution, str, ArtifactRecord]]) -> dict[int, int]:
        """Return those of the artifacts that have an equal, and the equal of each."""
        equals = {}
        for number, (execution, key, record) in found.items():
            same = self._nodes.same_bytes(execution, key, record)
            # Each is traced back, so of many only the oldest and the newest are tried.
            same = same[:_TRIED] + same[_TRIED:][-_TRIED:]
            if other := next((each for each in same if self._is_clean(each)), None):
                equals[number] = other
        return equals

    def _is_clean(self, number: int) -> bool:
        if number not in self._clean:
            made_of = upstream(self._store, LineageStart(artifacts=(number,))).artifacts
            self._clean[number] = not self._bad & made_of.keys()
        return self._clean[number]


_Equals = Callable[[Mapping[int, tuple[Execution, str, ArtifactRecord]]], Mapping[int, int]]


class _Walk:
    """A walk towards results: where it has been, and where it was stopped.

    Args:
        seen: artifacts that it does not enter.
    """

    def __init__(
        self, store: MetadataStore, start: set[int], equals: _Equals, seen: Iterable[int] = ()
    ) -> None:
        self._store = store
        self._equals = equals
        self._outputs: dict[int, list[Event]] = {}
        self._seen = {*start, *seen}
        self.came_from: dict[int, tuple[int, int]] = {}
        """The execution and the artifact that each artifact was reached by."""
        self.stopped: dict[int, tuple[int, int]] = {}
        """The execution that wrote each artifact at which the walk stopped, and its equal."""
        self.executions: dict[int, Execution] = {}
        self.records = {each.id: each for each in in_chunks(store.artifacts, start)}

    def go(self, frontier: set[int], follows: Callable[[Event], bool]) -> None:
        """Walk to the ends, over the links that are to be followed."""
        while frontier:
            events = [
                event
                for event in in_chunks(self._store.events_by_artifact, frontier)
                if event.direction is Direction.INPUT and follows(event)
            ]
            frontier = self._step(events)

    def _step(self, entering: Sequence[Event]) -> set[int]:
        """Go through one level of executions; returns the artifacts behind them."""
        by = {event.execution_id: event.artifact_id for event in reversed(entering)}
        new = by.keys() - self.executions.keys()
        self.executions |= {
            each.id: each
            for each in in_chunks(self._store.executions, new)
            if not is_model_record(each.component)
        }
        leaving = [
            event
            for event in in_chunks(self._store.events_by_execution, new)
            if _is_output(event)
            and event.artifact_id not in self._seen
            and event.execution_id in self.executions
        ]
        ids = {event.artifact_id for event in leaving}
        self._seen |= ids
        self.records |= {each.id: each for each in in_chunks(self._store.artifacts, ids)}
        found: dict[int, tuple[Execution, str, ArtifactRecord]] = {}
        for event in leaving:
            if event.artifact_id in self.records:
                place = self.executions[event.execution_id], event.key
                found.setdefault(event.artifact_id, (*place, self.records[event.artifact_id]))
        equals = self._equals(found)
        for number, (execution, _, _) in found.items():
            if number in equals:
                self.stopped[number] = (execution.id, equals[number])
            else:
                self.came_from[number] = (execution.id, by[execution.id])
        return found.keys() - equals.keys()


def _is_output(event: Event) -> bool:
    return event.direction is Direction.OUTPUT


def _is_data(event: Event) -> bool:
    """Return True if an artifact was an input, not only read by a condition or as a value."""
    return not event.key.startswith("_")


def _reached(walk: _Walk, number: int, by_decision: bool) -> Reached:
    record = walk.records[number]
    execution = walk.executions[walk.came_from[number][0]]
    way, through = _way(walk, number)
    pushed = record.properties.get("pushed_destination") or record.uri
    return Reached(
        id=number,
        type=record.type,
        node=f"{execution.pipeline}.{node_name(execution)}",
        run=execution.run_id,
        created=record.created if math.isfinite(record.created) else 0.0,
        state=record.state.value,
        way=way,
        through=through if record.type == MODEL else None,
        by_decision=by_decision,
        destination=str(pushed) if record.type == PUSHED else "",
    )


def _way(walk: _Walk, number: int) -> tuple[tuple[str, ...], int | None]:
    """Return the way to an artifact, from its beginning, and the last model before it."""
    steps, through, at = [], None, number
    while at in walk.came_from:
        execution_id, before = walk.came_from[at]
        execution = walk.executions[execution_id]
        steps += [_words(walk, at), f"{node_name(execution)} of {execution.run_id}"]
        at = before
        if through is None and at in walk.records and walk.records[at].type == MODEL:
            through = at
    steps = [*steps, _words(walk, at)][::-1]
    if len(steps) > _STEPS:
        steps = [*steps[:3], f"({len(steps) - 7} more)", *steps[-4:]]
    return tuple(steps), through


def _words(walk: _Walk, number: int) -> str:
    record = walk.records.get(number)
    return f"{record.type} {number}" if record else str(number)


def _stopped(walk: _Walk, number: int) -> Unaffected:
    execution_id, equal = walk.stopped[number]
    execution, record = walk.executions[execution_id], walk.records[number]
    node = f"{execution.pipeline}.{node_name(execution)}"
    return Unaffected(number, record.type, node, execution.run_id, equal)


def _of_type(reached: Iterable[Reached], kind: str) -> tuple[Reached, ...]:
    found = [each for each in reached if each.type == kind]
    return tuple(sorted(found, key=lambda each: -each.id))


def _pushes(
    reached: Iterable[Reached], records: Mapping[int, ArtifactRecord]
) -> tuple[Reached, ...]:
    found = _of_type(reached, PUSHED)
    return tuple(each for each in found if records[each.id].properties.get("pushed", 1))


def _others(reached: Iterable[Reached], records: Mapping[int, ArtifactRecord]) -> dict[str, int]:
    counts = Counter(
        f"{each.type}, not pushed" if each.type == PUSHED else each.type
        for each in reached
        if each.type != MODEL
        and not (each.type == PUSHED and records[each.id].properties.get("pushed", 1))
    )
    return dict(sorted(counts.items()))


def _runs(walk: _Walk) -> tuple[ReachedRun, ...]:
    found: dict[str, dict[str, None]] = {}
    for number in sorted(walk.executions):
        execution = walk.executions[number]
        found.setdefault(execution.run_id, {})[node_name(execution)] = None
    return tuple(ReachedRun(run, tuple(nodes)) for run, nodes in reversed(found.items()))
