"""Pages of what there is: models, datasets, artifacts of a type, and what a search finds."""

from __future__ import annotations

from dataclasses import dataclass

from mlops_pipeline.inspection import TrainedModel, Version, newest_models, versions
from mlops_pipeline.store import MetadataStore
from mlops_pipeline.ui.views.links import ArtifactLink, artifact_link
from mlops_pipeline.ui.views.models.registered import RegisteredRow, read_registered
from mlops_pipeline.ui.views.overview import RunRow, run_row
from mlops_pipeline.ui.views.reader import Reader

MODELS = 30
"""Models on one page."""

VERSIONS = 30
"""Versions of a dataset on one page."""

EXAMPLES = 200
"""Newest artifacts among which datasets are looked for."""

RUNS, ARTIFACTS = 200, 50
"""Newest runs that a search goes through, and artifacts that it finds."""


@dataclass(frozen=True)
class ModelList:
    """The newest models, and those that are registered.

    Args:
        more: whether there are older ones.
    """

    models: tuple[TrainedModel, ...]
    more: bool
    registered: tuple[RegisteredRow, ...] = ()


@dataclass(frozen=True)
class DatasetRow:
    """A dataset and its newest versions, newest first; `count` is the number of all."""

    name: str
    count: int
    versions: tuple[Version, ...]


@dataclass(frozen=True)
class DatasetList:
    """The datasets of a store.

    Args:
        looked_at: the largest number of newest artifacts that were searched for them.
    """

    datasets: tuple[DatasetRow, ...]
    looked_at: int


@dataclass(frozen=True)
class SearchPage:
    """Results of a search.

    Args:
        looked_at: the number of the newest runs that were searched.
    """

    query: str
    runs: tuple[RunRow, ...]
    artifacts: tuple[ArtifactLink, ...]
    looked_at: int


def read_models(reader: Reader) -> ModelList:
    """Read the page of models."""
    found = newest_models(reader.store, MODELS + 1)
    return ModelList(tuple(found[:MODELS]), len(found) > MODELS, read_registered(reader))


def read_datasets(reader: Reader) -> DatasetList:
    """Read the page of datasets."""
    by_name: dict[str, list[Version]] = {}
    for version in versions(reader.store, recent=EXAMPLES):
        by_name.setdefault(version.dataset, []).append(version)
    rows = (DatasetRow(n, len(found), tuple(found[:VERSIONS])) for n, found in by_name.items())
    return DatasetList(tuple(rows), EXAMPLES)


def search(reader: Reader, query: str) -> SearchPage:
    """Find runs by id, pipeline or parameter, and artifacts by number, type or path."""
    query = query.strip()
    runs = reader.store.list_runs(limit=RUNS) if query else []
    word = query.lower()
    matching = [
        run
        for run in runs
        if word in run.id.lower()
        or word in run.pipeline.lower()
        or any(word == f"{k}={v}".lower() for k, v in run.parameters.items())
    ]
    exact = reader.store.get_run(query) if query else None
    if exact and exact.id not in {run.id for run in matching}:
        matching.insert(0, exact)
    return SearchPage(
        query=query,
        runs=tuple(map(run_row, matching[:ARTIFACTS])),
        artifacts=tuple(_artifacts(reader.store, query)) if query else (),
        looked_at=len(runs),
    )


def _artifacts(store: MetadataStore, query: str) -> list[ArtifactLink]:
    number = query.removeprefix("#")
    records = store.artifacts_by_uri(query) + store.artifacts_by_type(query, limit=ARTIFACTS)
    if number.isascii() and number.isdecimal() and len(number) <= 18:
        records = [*store.artifacts([int(number)]), *records]
    unique = {record.id: record for record in records}
    return [artifact_link(record) for record in list(unique.values())[:ARTIFACTS]]
