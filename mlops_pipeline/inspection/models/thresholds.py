"""Thresholds of an evaluation, passed and failed, from the config that lies beside its metrics.

The rules are those of TFMA's validation: a value lies between its bounds, which belong to it; a
change from the baseline, or its share of the baseline's number, is at least the limit where more is
better, and at most where less is. A slice without examples and a metric without a number fail.
"""

from __future__ import annotations

import json
import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import Any

from mlops_pipeline.errors import NotFoundError, PipelineError
from mlops_pipeline.inspection.comparison import as_number
from mlops_pipeline.inspection.models.evaluation_file import Evaluation, ReadFile, SliceMetrics
from mlops_pipeline.store import ArtifactRecord

CONFIG_FILE = "eval_config.json"

MOST = 1_000
"""Thresholds that are checked; more are told as such."""


@dataclass(frozen=True)
class Threshold:
    """A threshold and what became of it.

    Args:
        label: the slice.
        limit: in words.
        value: number that it was held against.
        why: why it failed, where its number does not tell.
    """

    metric: str
    label: str
    limit: str
    value: float | None
    passed: bool
    why: str = ""


def read_thresholds(
    record: ArtifactRecord, evaluation: Evaluation, read: ReadFile
) -> tuple[tuple[Threshold, ...], str]:
    """Return the thresholds of an evaluation, the failed ones first, and why there are none."""
    try:
        config = json.loads(read(record, CONFIG_FILE))
        found = list(_thresholds(config.get("evalConfig", {}), evaluation))
    except NotFoundError:
        # Most evaluations have none, and where files cannot be reached, the metrics say so.
        return (), ""
    except PipelineError as error:
        return (), error.message
    except (OSError, ValueError, AttributeError, TypeError, RecursionError) as error:
        return (), f"{CONFIG_FILE} cannot be read: {type(error).__name__}"
    found.sort(key=lambda each: each.passed)
    note = f"{MOST} of {len(found)} thresholds" if len(found) > MOST else ""
    return tuple(found[:MOST]), note


def _thresholds(config: Mapping[str, Any], evaluation: Evaluation) -> Iterator[Threshold]:
    for spec in _list(config, "metricsSpecs"):
        for metric in _list(spec, "metrics"):
            yield from _of_metric(_name(metric), metric, evaluation)
        for name, threshold in _table(spec, "thresholds").items():
            yield from _checked(name, threshold, evaluation.overall)
        for name, many in _table(spec, "perSliceThresholds").items():
            yield from _of_metric(
                name, {"perSliceThresholds": _list(many, "thresholds")}, evaluation
            )


def _of_metric(name: str, metric: Mapping[str, Any], evaluation: Evaluation) -> Iterator[Threshold]:
    if isinstance(metric.get("threshold"), Mapping):
        yield from _checked(name, metric["threshold"], evaluation.overall)
    for each in _list(metric, "perSliceThresholds"):
        for spec in _list(each, "slicingSpecs"):
            rows = [row for row in (evaluation.overall, *evaluation.slices) if _is_of(row, spec)]
            for row in rows:
                yield from _checked(name, _table(each, "threshold"), row)
            if not rows:
                label = json.dumps(spec)[:200]
                yield Threshold(name, label, "a threshold", None, False, "no example is in it")


def _checked(name: str, threshold: Any, row: SliceMetrics) -> Iterator[Threshold]:
    table = threshold if isinstance(threshold, Mapping) else {}
    metric = _known(name, row)
    for limit, value, passed in _checks(table, metric, row):
        why = ""
        if row.examples is not None and row.examples <= 0:
            passed, why = False, "no examples"
        elif value is None:
            passed, why = False, "no number"
        yield Threshold(metric, row.label, limit, value, passed, why)


def _checks(
    table: Mapping[str, Any], metric: str, row: SliceMetrics
) -> Iterator[tuple[str, float | None, bool]]:
    """Yield each limit of a threshold in words, what is held against it, and whether it passes."""
    value, bounds = row.metrics.get(metric), _table(table, "valueThreshold")
    for name, words in (("lowerBound", "at least"), ("upperBound", "at most")):
        limit = as_number(bounds.get(name))
        if limit is not None:
            passed = value is not None and (value >= limit if name[0] == "l" else value <= limit)
            yield f"{words} {limit:g}", value, passed
    change = _table(table, "changeThreshold")
    less = change.get("direction") == "LOWER_IS_BETTER"
    moved, words = row.metrics.get(f"{metric}_diff"), "at most" if less else "at least"
    for name, of_what in (("absolute", ""), ("relative", " of the baseline's number")):
        limit = as_number(change.get(name))
        if limit is None:
            continue
        # Without a baseline there is no change, and TFMA drops the threshold.
        if f"{metric}_diff" not in (*row.metrics, *row.unknown):
            continue
        found = moved if name == "absolute" else _share(moved, value)
        passed = found is not None and (found <= limit if less else found >= limit)
        yield f"a change of {words} {limit:g}{of_what}", found, passed


def _share(moved: float | None, value: float | None) -> float | None:
    if moved is None or value is None or abs(value - moved) < 1e-9:
        return None
    return moved / (value - moved)


def _is_of(row: SliceMetrics, spec: Any) -> bool:
    """Return True if a slice belongs to a spec of slices."""
    if not isinstance(spec, Mapping):
        return False
    values = {str(key): str(value) for key, value in _table(spec, "featureValues").items()}
    keys = {str(key) for key in _list(spec, "featureKeys")} | values.keys()
    given = dict(row.where)
    return given.keys() == keys and all(given[key] == value for key, value in values.items())


def _known(name: str, row: SliceMetrics) -> str:
    """Return the full name of a metric, which may begin with that of an output."""
    names = (*row.metrics, *row.unknown)
    if name in names:
        return name
    return next((each for each in names if each.rpartition("/")[2] == name), name)


def _name(metric: Mapping[str, Any]) -> str:
    """Return the name of a metric of a config: its own, or that of its class as Keras spells it."""
    try:
        own = json.loads(metric.get("config") or "{}").get("name")
    except (ValueError, AttributeError, TypeError):
        own = None
    if isinstance(own, str) and own:
        return own
    word = re.sub(r"(.)([A-Z][a-z0-9]+)", r"\1_\2", str(metric.get("className", "")))
    return re.sub(r"([a-z])([A-Z])", r"\1_\2", word).lower()


def _list(table: Any, name: str) -> list[Any]:
    found = table.get(name) if isinstance(table, Mapping) else None
    return found if isinstance(found, list) else []


def _table(table: Any, name: str) -> Mapping[str, Any]:
    found = table.get(name) if isinstance(table, Mapping) else None
    return found if isinstance(found, Mapping) else {}
