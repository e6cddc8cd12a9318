"""Nodes that ran again with the same cache key: did they write the same bytes?"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass

from mlops_pipeline.inspection.lineage import in_chunks
from mlops_pipeline.store import ArtifactRecord, Direction, Execution, MetadataStore, State

MOST_RUNS = 200
"""Newest runs that are looked at."""

COMPARED = 50
"""Pairs of artifacts whose files are compared."""

Differ = Callable[[ArtifactRecord, ArtifactRecord], str]
"""Names the first file that differs between two artifacts, or says why that is not known."""


@dataclass(frozen=True)
class KeyRuns:
    """Executions of a node with one cache key.

    Args:
        runs: those that ran, oldest first.
        results: number of different results; 1 where all are the same, 0 where a digest is unknown.
        output: the first that differs.
        first: the first file that differs.
    """

    pipeline: str
    node: str
    key: str
    runs: tuple[str, ...]
    results: int
    output: str = ""
    first: str = ""

    @property
    def is_same(self) -> bool | None:
        """Whether all wrote the same bytes; None where that is not known."""
        return None if not self.results else self.results == 1


def read_determinism(
    store: MetadataStore, differ: Differ, pipeline: str = ""
) -> tuple[KeyRuns, ...]:
    """Return the keys that ran more than once in the newest runs, those that differ first."""
    by_key: dict[str, list[Execution]] = defaultdict(list)
    for run in store.list_runs(pipeline=pipeline, limit=MOST_RUNS):
        for each in store.executions_of_run(run.id):
            if each.state is State.COMPLETE and each.cache_key:
                by_key[each.cache_key].append(each)
    many = {key: sorted(found, key=_id) for key, found in by_key.items() if len(found) > 1}
    outputs = _outputs(store, {each.id for found in many.values() for each in found})
    rows: list[KeyRuns] = []
    for key, found in many.items():
        compare = differ if len(rows) < COMPARED else _unread
        rows.append(_row(key, found, outputs, compare))
    order = {False: 0, None: 1, True: 2}
    return tuple(sorted(rows, key=lambda row: (order[row.is_same], row.pipeline, row.node)))


Written = Mapping[int, Mapping[tuple[str, int], ArtifactRecord]]


def _id(execution: Execution) -> int:
    return execution.id


def _unread(one: ArtifactRecord, other: ArtifactRecord) -> str:
    return "not looked up"


def _outputs(store: MetadataStore, ids: set[int]) -> Written:
    events = [
        event
        for event in in_chunks(store.events_by_execution, ids)
        if event.direction is Direction.OUTPUT
    ]
    records = {r.id: r for r in in_chunks(store.artifacts, {e.artifact_id for e in events})}
    found: dict[int, dict[tuple[str, int], ArtifactRecord]] = defaultdict(dict)
    for event in events:
        if event.artifact_id in records:
            found[event.execution_id][event.key, event.index] = records[event.artifact_id]
    return found


def _row(key: str, found: Sequence[Execution], outputs: Written, differ: Differ) -> KeyRuns:
    digests = [
        tuple(sorted((place, record.digest) for place, record in outputs.get(e.id, {}).items()))
        for e in found
    ]
    runs = tuple(each.run_id for each in found)
    first = found[0]
    if any(not digest for written in digests for _, digest in written) or not all(digests):
        return KeyRuns(first.pipeline, first.node_id, key, runs, 0)
    output = file = ""
    for other, written in zip(found[1:], digests[1:], strict=True):
        if written != digests[0]:
            output, file = _difference(outputs[first.id], outputs[other.id], differ)
            break
    return KeyRuns(first.pipeline, first.node_id, key, runs, len(set(digests)), output, file)


def _difference(
    one: Mapping[tuple[str, int], ArtifactRecord],
    other: Mapping[tuple[str, int], ArtifactRecord],
    differ: Differ,
) -> tuple[str, str]:
    for place in sorted({*one, *other}):
        first, second = one.get(place), other.get(place)
        if first is None or second is None:
            return place[0], "it is not there in both"
        if first.digest != second.digest:
            return place[0], differ(first, second)
    return "", ""
