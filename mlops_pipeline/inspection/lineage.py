"""Lineage: what an artifact was made from, and what was made from it.

A walk goes breadth-first over ids, with one call to the store a level and the ids in chunks, so its
cost follows what it finds and not the size of the store. Records are read once, at the end.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass
from typing import TypeVar

from mlops_pipeline.store import (
    ArtifactRecord,
    Direction,
    Event,
    Execution,
    MetadataStore,
    State,
    is_model_record,
)

CHUNK = 500
"""Ids a call; stores are fastest with hundreds."""

_Row = TypeVar("_Row")


@dataclass(frozen=True)
class LineageStart:
    """Start of a walk: ids of artifacts, of executions, or of both."""

    artifacts: tuple[int, ...] = ()
    executions: tuple[int, ...] = ()


@dataclass(frozen=True)
class Lineage:
    """The part of the graph of artifacts and executions that a walk found.

    Args:
        upstream: whether the walk went towards the origins.
        events: the links, each once.
        whole: whether the walk came to its ends, instead of stopping at a level.
    """

    start: LineageStart
    upstream: bool
    artifacts: Mapping[int, ArtifactRecord]
    executions: Mapping[int, Execution]
    events: tuple[Event, ...]
    whole: bool = True


def upstream(store: MetadataStore, start: LineageStart, *, levels: int | None = None) -> Lineage:
    """Return everything that went into these artifacts and executions.

    Of the executions that have an artifact as output, only the one that made it counts: those
    that took it from the cache, or handed it on, do not.

    Args:
        levels: executions on the longest path; no limit by default.
    """
    walk = _Walk(store, Direction.OUTPUT, Direction.INPUT, _makers)
    return walk.run(start, levels)


def downstream(store: MetadataStore, start: LineageStart, *, levels: int | None = None) -> Lineage:
    """Return everything that came of these artifacts and executions.

    Executions that took from the cache what another made of the same artifacts are left out.

    Args:
        levels: executions on the longest path; no limit by default.
    """
    walk = _Walk(store, Direction.INPUT, Direction.OUTPUT, _without_repeats)
    return walk.run(start, levels)


class _Walk:
    """One walk: what has been seen so far, and how to take one step.

    Args:
        enter: direction of the events that lead from an artifact to an execution.
        leave: direction of the events that lead on to further artifacts.
        select: the executions of a level that count.
    """

    def __init__(
        self,
        store: MetadataStore,
        enter: Direction,
        leave: Direction,
        select: Callable[[_Walk, list[Event], list[Event]], set[int]],
    ) -> None:
        self.store = store
        self.enter = enter
        self.leave = leave
        self.select = select
        self.records: dict[int, Execution] = {}
        self.seen_artifacts: set[int] = set()
        self.seen_executions: set[int] = set()
        self.events: dict[Event, None] = {}

    def run(self, start: LineageStart, levels: int | None) -> Lineage:
        """Walk to the ends, or as many levels as asked for."""
        self.seen_artifacts.update(start.artifacts)
        frontier = self._step(set(), set(start.executions)) if start.executions else set()
        frontier |= set(start.artifacts)
        # A start at executions has already taken one level.
        left = levels if levels is None or not start.executions else levels - 1
        while frontier and (left is None or left > 0):
            frontier = self._step(frontier, set())
            left = None if left is None else left - 1
        executions = self.read(self.seen_executions)
        # Records of registered models read what they are about, and make nothing.
        about = {i for i, each in executions.items() if is_model_record(each.component)}
        return Lineage(
            start=start,
            upstream=self.enter is Direction.OUTPUT,
            artifacts={a.id: a for a in in_chunks(self.store.artifacts, self.seen_artifacts)},
            executions={i: each for i, each in executions.items() if i not in about},
            events=tuple(each for each in self.events if each.execution_id not in about),
            whole=not frontier,
        )

    def _step(self, artifacts: set[int], executions: set[int]) -> set[int]:
        """Go through one level of executions; returns the artifacts found behind it."""
        around = in_chunks(self._around, artifacts)
        entering = [
            event
            for event in around
            if event.direction is self.enter and event.artifact_id in artifacts
        ]
        around += in_chunks(self.store.events_by_execution, executions)
        leaving = [event for event in around if event.direction is self.leave]
        kept = self.select(self, entering, leaving) | executions
        self.events.update((e, None) for e in entering if e.execution_id in kept)
        new = kept - self.seen_executions
        self.seen_executions |= new
        self.events.update((e, None) for e in leaving if e.execution_id in new)
        found = {e.artifact_id for e in leaving if e.execution_id in new} - self.seen_artifacts
        self.seen_artifacts |= found
        return found

    def _around(self, artifacts: Iterable[int]) -> list[Event]:
        return self.store.events_around(artifacts, self.enter)

    def read(self, ids: Iterable[int]) -> dict[int, Execution]:
        """Return records of executions, each read from the store once."""
        wanted = set(ids)
        missing = wanted - self.records.keys()
        self.records.update((e.id, e) for e in in_chunks(self.store.executions, missing))
        return {i: self.records[i] for i in sorted(wanted) if i in self.records}


def _makers(walk: _Walk, entering: list[Event], leaving: list[Event]) -> set[int]:
    """Return for each artifact the execution that made it."""
    writers: dict[int, set[int]] = defaultdict(set)
    for event in entering:
        writers[event.artifact_id].add(event.execution_id)
    unclear = {i for ids in writers.values() if len(ids) > 1 for i in ids}
    records = walk.read(unclear)
    complete = {i for i, execution in records.items() if execution.state is State.COMPLETE}
    # An execution that hands an artifact on has it as an output too, but always came later.
    return {min(ids & complete or ids) for ids in writers.values()}


def _without_repeats(walk: _Walk, entering: list[Event], leaving: list[Event]) -> set[int]:
    """Return the executions without those that only reused earlier outputs."""
    read: dict[int, set[int]] = defaultdict(set)
    written: dict[int, set[int]] = defaultdict(set)
    for event in entering:
        read[event.execution_id].add(event.artifact_id)
    for event in leaving:
        written[event.execution_id].add(event.artifact_id)
    alike: dict[tuple[frozenset[int], frozenset[int]], list[int]] = defaultdict(list)
    for execution_id, inputs in read.items():
        alike[frozenset(inputs), frozenset(written[execution_id])].append(execution_id)
    kept: set[int] = set()
    for ids in alike.values():
        records = walk.read(ids) if len(ids) > 1 else {}
        real = {i for i in ids if i not in records or records[i].state is not State.CACHED}
        kept |= real or {min(ids)}
    return kept


def in_chunks(call: Callable[[Iterable[int]], list[_Row]], ids: Iterable[int]) -> list[_Row]:
    """Return the rows of ids, asked for in chunks."""
    ordered = sorted(set(ids))
    rows: list[_Row] = []
    for start in range(0, len(ordered), CHUNK):
        rows.extend(call(ordered[start : start + CHUNK]))
    return rows
