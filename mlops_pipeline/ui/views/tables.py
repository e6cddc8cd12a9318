"""Tables of artifacts that a page can read: metrics by slice, statistics of features."""

from __future__ import annotations

import json
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any

from mlops_pipeline.errors import PipelineError
from mlops_pipeline.inspection import (
    METRICS_FILE,
    STATISTICS_FILE,
    Feature,
    read_described,
    splits_of,
)
from mlops_pipeline.store import ArtifactRecord
from mlops_pipeline.ui.views.files import list_files, local_path, read_file
from mlops_pipeline.ui.views.plain_values import plain, shown
from mlops_pipeline.ui.views.reader import Reader

MOST_BYTES = 20_000_000
"""Bytes of a file that a table is read from."""

MOST_ROWS = 1_000


@dataclass(frozen=True)
class FactTable:
    """A table of an artifact.

    Args:
        rows: the first cell names the row; None where there is no value.
        note: why it is empty or not whole.
    """

    title: str
    columns: tuple[str, ...]
    rows: tuple[tuple[Any, ...], ...]
    note: str = ""


def tables_of(reader: Reader, record: ArtifactRecord) -> tuple[FactTable, ...]:
    """Return the tables of an artifact; what cannot be read is a table with a note."""
    read = _READ.get(record.type)
    if read is None:
        return ()
    try:
        return read(reader, record)
    except PipelineError as error:
        said = f"{error.message}: {error.hint}" if error.hint else error.message
    except Exception as error:  # noqa: BLE001 - a damaged file hides no other fact of the page
        said = f"the files cannot be read: {type(error).__name__}"
    return (FactTable(record.type, (), (), said),)


def _evaluation(reader: Reader, record: ArtifactRecord) -> tuple[FactTable, ...]:
    data, size = read_file(reader, record, METRICS_FILE, MOST_BYTES)
    if size > MOST_BYTES:
        return (FactTable("Metrics", (), (), f"{METRICS_FILE} is too large to be shown"),)
    metrics = json.loads(data)
    overall = metrics.get("overall", {})
    slices = metrics.get("slices", [])
    rows = [("all examples", *(plain(value) for value in overall.values()))]
    for each in slices[:MOST_ROWS]:
        where = ", ".join(f"{k}={shown(v, 100)}" for k, v in each.get("slice", {}).items())
        values = each.get("metrics", {})
        rows.append((where, *(plain(values.get(name)) for name in overall)))
    note = f"the first {MOST_ROWS} of {len(slices)} slices" if len(slices) > MOST_ROWS else ""
    return (FactTable("Metrics", ("slice", *map(str, overall)), tuple(rows), note),)


_STATISTICS = ("feature", "type", "rows", "missing", "mean", "std", "min", "max", "unique", "top")


def _statistics(reader: Reader, record: ArtifactRecord) -> tuple[FactTable, ...]:
    paths = {row.path for row in list_files(reader, record).files}
    # Transform writes statistics of all rows, without splits.
    splits = splits_of(record) or [""]
    return tuple(_statistics_of(reader, record, split, paths) for split in splits)


def _statistics_of(
    reader: Reader, record: ArtifactRecord, split: str, paths: set[str]
) -> FactTable:
    title = f"Split {split}" if split else "Statistics"
    path = f"Split-{split}/{STATISTICS_FILE}" if split else STATISTICS_FILE
    # Only what stands in the list is below the artifact.
    if path not in paths:
        return FactTable(title, (), (), f"{path} is not there")
    _, size = read_file(reader, record, path, 0)
    if size > MOST_BYTES:
        return FactTable(title, (), (), f"{path} is too large to be shown")
    found = read_described(local_path(record.uri), split)
    features = list(found.features.values())
    rows = tuple(_feature_row(each) for each in features[:MOST_ROWS])
    note = f"{found.rows:,} rows, {len(features):,} features"
    return FactTable(title, _STATISTICS, rows, note)


def _feature_row(one: Feature) -> tuple[Any, ...]:
    numbers = (one.mean, one.std, one.low, one.high, one.unique)
    top = ", ".join(f"{shown(value, 60)} ({count:g})" for value, count in one.top)
    return (one.name, one.type, one.rows, one.missing, *map(plain, numbers), top)


_READ: Mapping[str, Callable[[Reader, ArtifactRecord], tuple[FactTable, ...]]] = {
    "ModelEvaluation": _evaluation,
    "ExampleStatistics": _statistics,
}
