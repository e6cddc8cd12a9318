"""Records of many runs, read in few calls: the last attempt of each node, what it read and wrote.

What another program has damaged or removed is left out, and hides nothing else.
"""

from __future__ import annotations

import math
from collections import defaultdict
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field

from mlops_pipeline.inspection.lineage import in_chunks
from mlops_pipeline.inspection.results import node_name, settled
from mlops_pipeline.run_state import elapsed, run_seconds
from mlops_pipeline.store import (
    ArtifactRecord,
    Direction,
    Event,
    Execution,
    MetadataStore,
    Run,
    State,
)


@dataclass(frozen=True)
class Link:
    """An artifact that a node read or wrote.

    Args:
        maker: the run that made it, where that is another one and it was not taken from the cache.
    """

    key: str
    index: int
    artifact: ArtifactRecord
    maker: str = ""


@dataclass(frozen=True)
class NodeRecord:
    """The last attempt of a node in a run."""

    name: str
    execution: Execution
    inputs: tuple[Link, ...] = ()
    outputs: tuple[Link, ...] = ()

    @property
    def decision(self) -> str:
        """Decision: `run`, `cached`, `skipped`, `failed`, `canceled` or `running`."""
        state = self.execution.state
        return "run" if state is State.COMPLETE else state.value.lower()

    @property
    def seconds(self) -> float | None:
        """Time of the attempt; None where its record has none that can be."""
        started, finished = self.execution.started, self.execution.finished
        return _finite(elapsed(started, finished)) if _finite(finished) is not None else None


@dataclass(frozen=True)
class RunRecord:
    """A run as a comparison reads it.

    Args:
        missing: number of artifacts that its nodes name and the store does not have.
    """

    run: Run
    state: State
    nodes: Mapping[str, NodeRecord] = field(default_factory=dict)
    missing: int = 0

    @property
    def seconds(self) -> float | None:
        """Time from beginning to end; None where it is not over or not known."""
        try:
            return _finite(run_seconds(self.run)) if self.run.finished else None
        except (TypeError, ValueError):
            return None


def _finite(value: float) -> float | None:
    return value if math.isfinite(value) and 0 <= value < 1e11 else None


def read_records(store: MetadataStore, runs: Sequence[Run], lease: float) -> list[RunRecord]:
    """Read runs with their nodes and all artifacts of these."""
    states: list[State] = []
    attempts: list[dict[str, Execution]] = []
    for run in runs:
        state, executions = settled(run, store.executions_of_run(run.id), lease)
        states.append(state)
        attempts.append({node_name(each): each for each in executions})
    ids = {execution.id for last in attempts for execution in last.values()}
    events: dict[int, list[Event]] = defaultdict(list)
    for event in in_chunks(store.events_by_execution, ids):
        events[event.execution_id].append(event)
    wanted = {event.artifact_id for found in events.values() for event in found}
    artifacts = {record.id: record for record in in_chunks(store.artifacts, wanted)}
    own = [_own(last, events) for last in attempts]
    makers = _makers(store, attempts, events, own)
    return [
        _record(run, state, last, _Found(events, artifacts, made, makers))
        for run, state, last, made in zip(runs, states, attempts, own, strict=True)
    ]


@dataclass(frozen=True)
class _Found:
    """All that was read for some runs, and the artifacts that one of them has made or reused."""

    events: Mapping[int, Sequence[Event]]
    artifacts: Mapping[int, ArtifactRecord]
    own: frozenset[int]
    makers: Mapping[int, str]


def _own(last: Mapping[str, Execution], events: Mapping[int, Sequence[Event]]) -> frozenset[int]:
    """Return the outputs of a run without those that a node only hands on."""
    made: set[int] = set()
    for execution in last.values():
        found = events.get(execution.id, ())
        read = {event.artifact_id for event in found if event.direction is Direction.INPUT}
        made |= {e.artifact_id for e in found if e.direction is Direction.OUTPUT} - read
    return frozenset(made)


def _makers(
    store: MetadataStore,
    attempts: Sequence[Mapping[str, Execution]],
    events: Mapping[int, Sequence[Event]],
    own: Sequence[frozenset[int]],
) -> dict[int, str]:
    """Return the runs that made what other runs have read or handed on, by artifact."""
    carried = {
        event.artifact_id
        for last, made in zip(attempts, own, strict=True)
        for execution in last.values()
        for event in events.get(execution.id, ())
        if event.direction is Direction.INPUT and event.artifact_id not in made
    }
    for last in attempts:
        for execution in last.values():
            carried |= _handed_on(execution, events.get(execution.id, ()))
    first: dict[int, int] = {}
    for event in in_chunks(store.events_by_artifact, carried):
        if event.direction is Direction.OUTPUT:
            known = first.get(event.artifact_id, event.execution_id)
            first[event.artifact_id] = min(known, event.execution_id)
    records = {each.id: each for each in in_chunks(store.executions, set(first.values()))}
    return {
        artifact: records[execution].run_id
        for artifact, execution in first.items()
        if execution in records
    }


def _handed_on(execution: Execution, events: Sequence[Event]) -> set[int]:
    """Return the outputs of a node that has read nothing, as resolvers and importers do."""
    read = any(event.direction is Direction.INPUT for event in events)
    return set() if read or execution.state is State.CACHED else {e.artifact_id for e in events}


def _record(run: Run, state: State, last: Mapping[str, Execution], found: _Found) -> RunRecord:
    nodes, missing = {}, 0
    for name, execution in last.items():
        events = found.events.get(execution.id, ())
        known = [event for event in events if event.artifact_id in found.artifacts]
        missing += len(events) - len(known)
        handed = _handed_on(execution, events)
        read, wrote = (
            tuple(
                _link(event, run, handed, found)
                for event in sorted(known, key=_place)
                if event.direction is direction
            )
            for direction in (Direction.INPUT, Direction.OUTPUT)
        )
        nodes[name] = NodeRecord(name, execution, read, wrote)
    return RunRecord(run, state, nodes, missing)


def _link(event: Event, run: Run, handed: set[int], found: _Found) -> Link:
    record = found.artifacts[event.artifact_id]
    maker = ""
    if event.direction is Direction.INPUT and record.id not in found.own:
        maker = found.makers.get(record.id, "?")
    elif record.id in handed and found.makers.get(record.id, run.id) != run.id:
        maker = found.makers[record.id]
    return Link(event.key, event.index, record, maker)


def _place(event: Event) -> tuple[str, int]:
    return event.key, event.index
