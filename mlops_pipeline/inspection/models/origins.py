"""A model's place in a store: who made it, of which data, from which model, and who judged it."""

from __future__ import annotations

import json
from collections import defaultdict
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from typing import Any

from mlops_pipeline.errors import NotFoundError, PipelineError
from mlops_pipeline.inspection.datasets import Version, versions_of
from mlops_pipeline.inspection.find import find_start
from mlops_pipeline.inspection.lineage import in_chunks
from mlops_pipeline.store import (
    ArtifactRecord,
    Direction,
    Event,
    Execution,
    MetadataStore,
    State,
)

MODEL, EXAMPLES, EVALUATION = "Model", "Examples", "ModelEvaluation"

CHAIN = 50
"""Models that were each started from the next, up to which a chain is followed."""

STEPS = 20
"""Executions between a model and its data, up to which they are looked for."""

READERS = 50
"""Newest readers of a model among which its evaluations are looked for."""

EARLIER = 100
"""Newest executions of a node among which the model before is looked for."""


@dataclass(frozen=True)
class Evaluated:
    """An evaluation of a model.

    Args:
        examples: digests, or numbers, of the examples that it was measured on.
    """

    record: ArtifactRecord
    execution: Execution
    examples: frozenset[str] = frozenset()


@dataclass(frozen=True)
class Code:
    """What a cache key says of code and environment.

    Args:
        parts: digests of functions and classes, by file and name.
        packages: versions by name.
        lock: digest of the lock file; empty if there is none.
    """

    parts: Mapping[str, str] = field(default_factory=dict)
    packages: Mapping[str, str] = field(default_factory=dict)
    lock: str = ""


def find_made_model(store: MetadataStore, what: str) -> ArtifactRecord:
    """Return the model that a text means.

    Args:
        what: `last`, number or URI of the artifact, or `RUN/NODE/OUTPUT`.

    Raises:
        NotFoundError: there is no such thing.
        PipelineError: it is no model.
    """
    if what == "last":
        for record in store.artifacts_by_type(MODEL, limit=1):
            return record
        raise NotFoundError("there is no model yet", hint="run a pipeline that has a Trainer")
    records = store.artifacts(find_start(store, what).artifacts)
    models = [record for record in records if record.type == MODEL]
    if len(models) == 1:
        return models[0]
    actual = ", ".join(f"{record.type} {record.id}" for record in records[:5]) or "an execution"
    raise PipelineError(
        f"{what[:100]} is no model, but {actual}"[:300],
        hint="name one by its number; `mlops artifacts Model` lists them",
    )


def maker_of(store: MetadataStore, artifact: int) -> Execution | None:
    """Return the execution that made an artifact, not one that took it from the cache."""
    events = store.events_by_artifact([artifact])
    written = {event.execution_id for event in events if event.direction is Direction.OUTPUT}
    found = store.executions(written)
    real = [each for each in found if each.state is State.COMPLETE] or found
    return min(real, key=lambda each: each.id, default=None)


def inputs_of(store: MetadataStore, execution: Execution) -> list[tuple[Event, ArtifactRecord]]:
    """Return what an execution read, without what only decided on it."""
    events = [
        event
        for event in store.events_by_execution([execution.id])
        if event.direction is Direction.INPUT and not event.key.startswith("_")
    ]
    records = {record.id: record for record in store.artifacts({e.artifact_id for e in events})}
    return [(e, records[e.artifact_id]) for e in events if e.artifact_id in records]


def data_behind(store: MetadataStore, maker: Execution | None) -> list[Version]:
    """Return the datasets that an execution's result was made of: examples made of no others.

    What came through another model counts for that one.
    """
    sources: dict[int, ArtifactRecord] = {}
    seen: set[int] = set()
    expanded: set[int] = set()
    reading: set[int] = set()
    waiting: dict[int, int | None] = {}
    frontier = {maker.id} if maker else set()
    for _ in range(STEPS):
        expanded |= frontier
        read = _read_by(store, frontier)
        reading |= {each for each, record in read if record.type == EXAMPLES}
        new = {r.id: r for _, r in read if r.id not in seen and r.type not in (MODEL, EVALUATION)}
        seen |= new.keys()
        makers = _makers(store, new)
        examples = {i: record for i, record in new.items() if record.type == EXAMPLES}
        sources |= examples
        waiting |= {i: makers.get(i) for i in examples}
        frontier = set(makers.values()) - expanded
        if not frontier:
            break
    first = [record for i, record in sources.items() if waiting[i] not in reading]
    return versions_of(store, first) if first else []


def _read_by(store: MetadataStore, executions: set[int]) -> list[tuple[int, ArtifactRecord]]:
    """Return what executions read, without what only decided on them."""
    events = [
        event
        for event in in_chunks(store.events_by_execution, executions)
        if event.direction is Direction.INPUT and not event.key.startswith("_")
    ]
    records = {r.id: r for r in in_chunks(store.artifacts, {e.artifact_id for e in events})}
    return [(e.execution_id, records[e.artifact_id]) for e in events if e.artifact_id in records]


def _makers(store: MetadataStore, artifacts: Iterable[int]) -> dict[int, int]:
    """Return the executions that made artifacts, as `maker_of` does."""
    written: dict[int, set[int]] = defaultdict(set)
    for event in in_chunks(store.events_by_artifact, set(artifacts)):
        if event.direction is Direction.OUTPUT:
            written[event.artifact_id].add(event.execution_id)
    ids = {each for many in written.values() for each in many}
    records = in_chunks(store.executions, ids)
    known = {each.id for each in records}
    complete = {each.id for each in records if each.state is State.COMPLETE}
    chosen = {artifact: many & complete or many & known for artifact, many in written.items()}
    return {artifact: min(many) for artifact, many in chosen.items() if many}


def started_from(store: MetadataStore, maker: Execution | None) -> list[ArtifactRecord]:
    """Return the models that a training was started from, the nearest first."""
    chain: list[ArtifactRecord] = []
    seen: set[int] = set()
    while maker is not None and len(chain) < CHAIN:
        models = [
            record
            for _, record in inputs_of(store, maker)
            if record.type == MODEL and record.id not in seen
        ]
        if not models:
            break
        chain.append(models[0])
        seen |= {record.id for record in models}
        maker = maker_of(store, models[0].id)
    return chain


def evaluations_of(store: MetadataStore, model: ArtifactRecord) -> list[Evaluated]:
    """Return the evaluations of a model, newest first; not those in which it was the baseline."""
    readers = {
        event.execution_id
        for event in store.events_by_artifact([model.id])
        if event.direction is Direction.INPUT and not event.key.startswith(("_", "base"))
    }
    newest = sorted(readers)[-READERS:]
    events = store.events_by_execution(newest)
    read = [event for event in events if event.direction is Direction.INPUT]
    written = [event for event in events if event.direction is Direction.OUTPUT]
    records = {r.id: r for r in store.artifacts({e.artifact_id for e in events})}
    executions = {each.id: each for each in store.executions(newest)}
    found: dict[int, Evaluated] = {}
    for event in sorted(written, key=lambda event: event.execution_id):
        record = records.get(event.artifact_id)
        execution = executions.get(event.execution_id)
        if record and execution and record.type == EVALUATION and record.id not in found:
            links = [e.artifact_id for e in read if e.execution_id == execution.id]
            found[record.id] = Evaluated(record, execution, _contents(links, records))
    return sorted(found.values(), key=lambda each: -each.record.id)


def _contents(ids: Iterable[int], records: Mapping[int, ArtifactRecord]) -> frozenset[str]:
    known = [records[each] for each in ids if each in records]
    return frozenset(r.digest or f"#{r.id}" for r in known if r.type == EXAMPLES)


def model_before(
    store: MetadataStore, model: ArtifactRecord, maker: Execution | None
) -> ArtifactRecord | None:
    """Return the newest earlier model of the same pipeline, node and iteration with other bytes."""
    if maker is None:
        return None
    node = f"{maker.pipeline}.{maker.node_id}"
    recent = store.recent_executions(maker.component, node=node, limit=EARLIER)
    earlier = {
        each.id: each
        for each in recent
        if each.id < maker.id and each.iteration == maker.iteration and each.published
    }
    events = [
        event
        for event in store.events_by_execution(earlier)
        if event.direction is Direction.OUTPUT and event.artifact_id < model.id
    ]
    records = store.artifacts({event.artifact_id for event in events})
    other = [r for r in records if r.type == MODEL and not _is_same(r, model)]
    return max(other, key=lambda record: record.id, default=None)


def _is_same(one: ArtifactRecord, other: ArtifactRecord) -> bool:
    return one.id == other.id or bool(one.digest and one.digest == other.digest)


def code_of(execution: Execution | None) -> Code:
    """Return what the cache key of an execution says of its code; nothing where it is damaged."""
    try:
        data = json.loads(execution.manifest) if execution and execution.manifest else None
    except (ValueError, RecursionError):
        data = None
    parts = data.get("parts") if isinstance(data, dict) else None
    if not isinstance(parts, dict):
        return Code()
    lock = parts.get("lock")
    return Code(_texts(parts.get("code")), _texts(parts.get("packages")), str(lock or "")[:12])


def _texts(found: Any) -> dict[str, str]:
    return {str(k): str(v) for k, v in found.items()} if isinstance(found, Mapping) else {}
