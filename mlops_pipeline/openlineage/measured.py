"""Measures in files of artifacts, added to an event when it is sent: no node waits for them.

Statistics of features describe the examples that they are of, metrics of an evaluation its model.
"""

from __future__ import annotations

import json
import math
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any

from mlops_pipeline.openlineage.facets import ITEMS, own, sendable, standard, text

STATISTICS_FILE = "FeatureStats.pb"
METRICS_FILE = "metrics.json"

COLUMNS = 1_000
"""Largest number of columns in an event."""

_LARGEST = 64_000_000
"""Bytes of a file above which it is not read."""


def with_measures(event: dict[str, Any]) -> dict[str, Any]:
    """Return the event of a node that is complete with what its files measure, if they are here."""
    if event.get("eventType") != "COMPLETE":
        return event
    for each in _artifacts(event, "outputs"):
        kind, folder = each.get("type"), Path(str(each.get("uri")))
        if kind == "ExampleStatistics" and (found := _statistics(folder, each)):
            _describe(event, "Examples", "inputFacets", "dataQualityMetrics", found)
        elif kind == "ModelEvaluation" and (found := _metrics(folder)):
            _describe(event, "Model", "facets", "mlops_model", found)
    return event


def _artifacts(event: Mapping[str, Any], side: str) -> Iterator[dict[str, Any]]:
    for dataset in event.get(side) or ():
        facet = (dataset.get("facets") or {}).get("mlops_artifact")
        if isinstance(facet, dict):
            yield facet


def _describe(event: Mapping[str, Any], kind: str, place: str, name: str, facet: Any) -> None:
    for dataset in event.get("inputs") or ():
        about = dataset["facets"].get("mlops_artifact") or {}
        if about.get("type") == kind and about.get("key", "").lstrip("_") != "baseline_model":
            dataset.setdefault(place, {})[name] = facet


def _metrics(folder: Path) -> dict[str, Any] | None:
    """Return the metrics of an evaluation, as a facet of its model."""
    data = _read(folder / METRICS_FILE)
    try:
        found = json.loads(data)
    except (ValueError, RecursionError):
        return None
    if not isinstance(found, dict) or not isinstance(found.get("overall"), dict):
        return None
    slices = found.get("slices")
    return own(
        "MlopsModelDatasetFacet",
        metrics=sendable(found["overall"]),
        slices=sendable(slices[:ITEMS] if isinstance(slices, list) else []),
    )


def _statistics(folder: Path, about: Mapping[str, Any]) -> dict[str, Any] | None:
    """Return the statistics of the first split, as a facet; None if they cannot be read here."""
    try:
        from google.protobuf.message import DecodeError
        from tensorflow_metadata.proto.v0 import statistics_pb2
    except ImportError:
        return None
    files = sorted(folder.glob(f"Split-*/{STATISTICS_FILE}")) or [folder / STATISTICS_FILE]
    # The data that models are trained on, where splits have their usual names.
    train = [path for path in files if path.parent.name == "Split-train"]
    found = statistics_pb2.DatasetFeatureStatisticsList()
    try:
        found.ParseFromString(_read((train or files)[0]))
    except DecodeError:
        return None
    if not found.datasets:
        return None
    whole = found.datasets[0]
    columns = {
        text(".".join(one.path.step) or one.name, 200): _column(one)
        for one in whole.features[:COLUMNS]
    }
    return standard(
        "DataQualityMetricsInputDatasetFacet",
        rowCount=int(whole.num_examples),
        columnMetrics=columns,
    )


def _column(one: Any) -> dict[str, Any]:
    """Return the statistics of one feature."""
    texts, numbers = one.string_stats, one.num_stats
    common = texts.common_stats if one.HasField("string_stats") else numbers.common_stats
    found: dict[str, Any] = {
        "nullCount": int(common.num_missing),
        "count": int(common.num_non_missing),
    }
    if one.HasField("string_stats"):
        found["distinctCount"] = int(texts.unique)
    elif one.HasField("num_stats"):
        values = {
            "min": numbers.min,
            "max": numbers.max,
            "sum": numbers.mean * common.tot_num_values,
        }
        found |= {name: value for name, value in values.items() if math.isfinite(value)}
        if math.isfinite(numbers.median):
            found["quantiles"] = {"0.5": numbers.median}
    return found


def _read(path: Path) -> bytes:
    """Return what a file holds; nothing if it is not here, or far too large."""
    try:
        return path.read_bytes() if path.stat().st_size <= _LARGEST else b""
    except (OSError, ValueError):
        return b""
