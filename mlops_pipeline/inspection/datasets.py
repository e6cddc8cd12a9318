"""Datasets and their versions: which there are, who made them, which models were trained on them.

A dataset is what one output of one node wrote over time; each different content is a version of
it, known by the number of the artifact that held it first.
"""

from __future__ import annotations

import re
from collections import defaultdict
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Any

from mlops_pipeline.errors import NotFoundError, PipelineError, did_you_mean
from mlops_pipeline.inspection.feature_statistics import read_described
from mlops_pipeline.inspection.find import find_start
from mlops_pipeline.inspection.results import artifact_object
from mlops_pipeline.roots import Copies
from mlops_pipeline.store import (
    ArtifactRecord,
    ArtifactState,
    Direction,
    Event,
    Execution,
    MetadataStore,
    State,
)

EXAMPLES, STATISTICS, MODEL = "Examples", "ExampleStatistics", "Model"

RECENT = 500
"""Number of the newest artifacts that are searched for versions."""


@dataclass(frozen=True)
class Version:
    """One content of a dataset.

    Args:
        id: number of the artifact that held it first; `copies` are those with the same bytes.
        dataset: `<pipeline>.<node>.<output>`.
        rows: number of rows by split, if the artifact or its statistics have it.
        columns: number of features, if statistics have it.
        fingerprint: of the files that it was made from.
        run: the run that made it; `runs` are all that have it as an output.
    """

    id: int
    dataset: str
    span: int | None
    version: int | None
    splits: tuple[str, ...]
    digest: str
    fingerprint: str
    created: float
    run: str
    runs: tuple[str, ...]
    state: ArtifactState
    uri: str
    copies: tuple[int, ...] = ()
    rows: Mapping[str, int] | None = None
    columns: int | None = None

    @property
    def ids(self) -> tuple[int, ...]:
        """The numbers of all artifacts with this content."""
        return (self.id, *self.copies)

    def __str__(self) -> str:
        parts = [f"span {self.span}"] if self.span is not None else []
        parts += [f"version {self.version}"] if self.version else []
        return f"#{self.id}" + (f" ({', '.join(parts)})" if parts else "")


@dataclass(frozen=True)
class TrainedModel:
    """A model that was trained on a version of a dataset.

    Args:
        node: `<pipeline>.<node>` that trained it.
        through: the model that it was started from, where that one was trained on the dataset.
        blessed: verdict of the evaluators; None if there is none.
        pushed: where it was pushed to.
    """

    id: int
    node: str
    run: str
    created: float
    uri: str
    state: ArtifactState
    through: int | None = None
    blessed: bool | None = None
    pushed: tuple[str, ...] = ()


def list_datasets(
    store: MetadataStore, name: str = "", *, limit: int = RECENT, copies: Copies | None = None
) -> list[Version]:
    """Return the versions of all datasets, or of those that a name means, newest first.

    Args:
        name: `<pipeline>.<node>.<output>`, or one or two of these parts next to each other.
        limit: how many; the statistics of each are read for its rows and columns.
        copies: local copies of statistics that are kept elsewhere, as for `read_run`.

    Raises:
        NotFoundError: no dataset has this name.
    """
    return [_counted(store, each, copies) for each in versions(store, name)[:limit]]


def versions(store: MetadataStore, name: str = "", *, recent: int = RECENT) -> list[Version]:
    """Return the same, without rows and columns, of the newest artifacts only."""
    found = versions_of(store, store.artifacts_by_type(EXAMPLES, limit=recent))
    if not name:
        return found
    chosen = [each for each in found if _is_meant(each.dataset, name)]
    if not chosen:
        known = {each.dataset for each in found}
        raise NotFoundError(
            f"there is no dataset {name!r}",
            hint=did_you_mean(name, known) if known else "run a pipeline that has an ExampleGen",
        )
    return chosen


def _is_meant(dataset: str, name: str) -> bool:
    return f".{name}." in f".{dataset}."


def versions_of(store: MetadataStore, records: Iterable[ArtifactRecord]) -> list[Version]:
    """Return the versions of these artifacts; equal bytes of one origin are one version."""
    records = sorted(records, key=lambda record: record.id)
    makers = _writers(store, [record.id for record in records])
    folded: dict[tuple[str, str], list[ArtifactRecord]] = {}
    for record in records:
        origin = _dataset(makers.get(record.id, ()))
        folded.setdefault((origin, record.digest or f"#{record.id}"), []).append(record)
    return sorted(
        (_version(origin, same, makers) for (origin, _), same in folded.items()),
        key=lambda version: -version.ids[-1],
    )


_Writers = Mapping[int, Sequence[tuple[Event, Execution]]]


def _writers(store: MetadataStore, ids: Sequence[int]) -> _Writers:
    """Find the executions that have each artifact as an output, the first writer first."""
    written = [e for e in store.events_by_artifact(ids) if e.direction is Direction.OUTPUT]
    executions = {e.id: e for e in store.executions({event.execution_id for event in written})}
    found: dict[int, list[tuple[Event, Execution]]] = defaultdict(list)
    for event in sorted(written, key=lambda event: event.execution_id):
        if event.execution_id in executions:
            found[event.artifact_id].append((event, executions[event.execution_id]))
    return found


def _dataset(writers: Sequence[tuple[Event, Execution]]) -> str:
    if not writers:
        return "?"
    event, execution = writers[0]
    return f"{execution.pipeline}.{execution.node_id}.{event.key}"


def _version(origin: str, same: Sequence[ArtifactRecord], makers: _Writers) -> Version:
    first, newest = same[0], same[-1]
    runs = [e.run_id for record in same for _, e in makers.get(record.id, ())]
    properties = newest.properties
    return Version(
        id=first.id,
        dataset=origin,
        span=_number(properties.get("span")),
        version=_number(properties.get("version")),
        splits=tuple(splits_of(newest)),
        digest=first.digest,
        fingerprint=str(properties.get("input_fingerprint", "")),
        created=first.created,
        run=runs[0] if runs else "",
        runs=tuple(dict.fromkeys(runs)),
        state=newest.state,
        uri=newest.uri,
        copies=tuple(record.id for record in same[1:]),
        rows=_rows(properties.get("num_examples")),
    )


_WHOLE = re.compile(r"-?\d{1,18}", re.ASCII)


def _rows(counts: Any) -> dict[str, int] | None:
    return {str(k): int(v) for k, v in counts.items()} if isinstance(counts, Mapping) else None


def _number(value: Any) -> int | None:
    known = isinstance(value, int | str) and _WHOLE.fullmatch(str(value))
    return int(str(value)) if known else None


def splits_of(record: ArtifactRecord) -> list[str]:
    """Return the names of the splits of an artifact."""
    return list(getattr(artifact_object(record), "splits", []))


def _counted(store: MetadataStore, version: Version, copies: Copies | None) -> Version:
    """Return the version with its columns, and its rows if it lacks them, by its statistics."""
    statistics = statistics_of(store, version.ids)
    if statistics is None:
        return version
    try:
        path = artifact_object(statistics, copies).path
        found = {s: read_described(path, s) for s in splits_of(statistics)}
    except PipelineError:
        return version
    columns = {name for split in found.values() for name in split.features}
    rows = {name: split.rows for name, split in found.items()}
    return replace(version, rows=version.rows or rows, columns=len(columns))


def statistics_of(store: MetadataStore, ids: Sequence[int]) -> ArtifactRecord | None:
    """Return the newest statistics of all rows of examples; None if there are none."""
    readers = {
        event.execution_id
        for event in store.events_by_artifact(ids)
        if event.direction is Direction.INPUT and event.key == "examples"
    }
    written = {
        event.artifact_id
        for event in store.events_by_execution(readers)
        if event.direction is Direction.OUTPUT and event.key == "statistics"
    }
    found = [
        record
        for record in store.artifacts(written)
        if record.type == STATISTICS and record.state is ArtifactState.LIVE and _is_whole(record)
    ]
    return found[-1] if found else None


def _is_whole(record: ArtifactRecord) -> bool:
    rates = record.properties.get("sample_rate_by_split")
    return not isinstance(rates, Mapping) or all(rate == 1 for rate in rates.values())


def find_version(store: MetadataStore, what: str) -> Version:
    """Return the version of a dataset that a text means.

    Args:
        what: number or URI of the artifact, `RUN/NODE/OUTPUT`, a dataset (its newest version),
            or `DATASET@SPAN` and `DATASET@SPAN.VERSION`.

    Raises:
        NotFoundError: there is no such thing.
        PipelineError: it is no dataset.
    """
    if not (what.removeprefix("#").isdigit() or "/" in what):
        name, _, span_text = what.partition("@")
        return _of_dataset(versions(store, name), what, span_text)
    ids = find_start(store, what).artifacts
    records = store.artifacts(ids)
    examples = [record for record in records if record.type == EXAMPLES]
    if len(examples) != 1:
        actual = ", ".join(f"{record.type} {record.id}" for record in records) or "an execution"
        raise PipelineError(
            f"{what} is no dataset, but {actual}",
            hint="name Examples; `mlops data list` shows them",
        )
    for version in versions(store):
        if examples[0].id in version.ids:
            return version
    return versions_of(store, examples)[0]


def _of_dataset(known: Sequence[Version], what: str, span_text: str) -> Version:
    names = sorted({each.dataset for each in known})
    if len(names) > 1:
        raise NotFoundError(
            f"{what!r} means {len(names)} datasets", hint=f"write one of {', '.join(names)}"
        )
    if not known:
        raise NotFoundError(f"there is no dataset {what!r}", hint="`mlops data list` shows them")
    if not span_text:
        return known[0]
    span, _, version = span_text.partition(".")
    for each in known:
        if str(each.span) == span and version in ("", str(each.version or 0)):
            return each
    spans = ", ".join(sorted({str(each.span) for each in known}))
    raise NotFoundError(
        f"dataset {names[0]} has no version {span_text!r}", hint=f"its spans are {spans}"
    )


def version_before(store: MetadataStore, version: Version) -> Version:
    """Return the version of the same dataset that was made before.

    Raises:
        NotFoundError: it is the first.
    """
    older = [each for each in versions(store, version.dataset) if each.id < version.id]
    if not older:
        raise NotFoundError(
            f"there is no version of {version.dataset} before {version}",
            hint="name the two that are to be compared",
        )
    return max(older, key=lambda each: each.id)


def models_of(store: MetadataStore, version: Version) -> list[TrainedModel]:
    """Return the models that were trained on a version of a dataset, or on what was made of it.

    Those that were started from such a model come with it as `through`.
    """
    through: dict[int, int | None] = dict.fromkeys(_trained(store, set(version.ids)))
    frontier = set(through)
    while frontier:
        children = _started_from(store, frontier)
        frontier = children.keys() - through.keys()
        through |= {child: children[child] for child in frontier}
    return _models(store, through)


def newest_models(store: MetadataStore, limit: int = 20) -> list[TrainedModel]:
    """Return the newest models with their verdicts and pushes, newest first."""
    records = store.artifacts_by_type(MODEL, limit=limit)
    return _models(store, dict.fromkeys(record.id for record in records))


def _trained(store: MetadataStore, examples: set[int]) -> set[int]:
    """Find the models trained on these examples, or on examples made of them."""
    models: set[int] = set()
    seen, frontier = set(examples), set(examples)
    while frontier:
        readers = _readers(store, frontier)
        written = store.artifacts(_outputs(store, readers))
        models |= {record.id for record in written if record.type == MODEL}
        frontier = {record.id for record in written if record.type == EXAMPLES} - seen
        seen |= frontier
    return models


def _started_from(store: MetadataStore, models: set[int]) -> dict[int, int]:
    """Find further models, each with the model that its training read."""
    read = [e for e in store.events_by_artifact(models) if _is_data(e)]
    base = {e.execution_id: e.artifact_id for e in read}
    found = {}
    for event in store.events_by_execution(base):
        if event.direction is Direction.OUTPUT:
            found[event.artifact_id] = base[event.execution_id]
    kinds = {record.id for record in store.artifacts(found) if record.type == MODEL}
    return {child: model for child, model in found.items() if child in kinds and child != model}


def _readers(store: MetadataStore, ids: set[int]) -> set[int]:
    events = store.events_by_artifact(ids)
    return {event.execution_id for event in events if _is_data(event)}


def _is_data(event: Event) -> bool:
    """Return True if an artifact was an input, not only read by a condition or as a value."""
    return event.direction is Direction.INPUT and not event.key.startswith("_")


def _outputs(store: MetadataStore, executions: Iterable[int]) -> set[int]:
    events = store.events_by_execution(executions)
    return {event.artifact_id for event in events if event.direction is Direction.OUTPUT}


def _models(store: MetadataStore, through: Mapping[int, int | None]) -> list[TrainedModel]:
    makers = _writers(store, sorted(through))
    found = []
    for record in store.artifacts(through):
        writers = [e for _, e in makers.get(record.id, ()) if e.state is not State.CACHED]
        maker = writers[0] if writers else None
        blessed, pushed = _verdicts(store, record)
        found.append(
            TrainedModel(
                id=record.id,
                node=f"{maker.pipeline}.{maker.node_id}" if maker else "?",
                run=maker.run_id if maker else "",
                created=record.created,
                uri=record.uri,
                state=record.state,
                through=through[record.id],
                blessed=blessed,
                pushed=pushed,
            )
        )
    return sorted(found, key=lambda model: -model.id)


def _verdicts(store: MetadataStore, model: ArtifactRecord) -> tuple[bool | None, tuple[str, ...]]:
    """Return the verdicts of evaluators on a model, and the destinations of its pushes."""
    written = store.artifacts(_outputs(store, _readers(store, {model.id})))
    verdicts = [
        bool(record.properties.get("blessed"))
        for record in written
        if record.type == "ModelBlessing"
        and record.properties.get("current_model_id") in (model.id, None)
    ]
    pushed = [
        str(record.properties.get("pushed_destination") or record.uri)
        for record in written
        if record.type == "PushedModel" and record.properties.get("pushed", 1)
    ]
    return (verdicts[-1] if verdicts else None), tuple(dict.fromkeys(pushed))
