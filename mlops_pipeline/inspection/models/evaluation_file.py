"""Evaluations read from their files: metrics overall and by slice, thresholds' verdict, plots.

The file is our own `metrics.json`; what another program has left in it is read as far as it goes.
"""

from __future__ import annotations

import json
import math
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass, field
from typing import Any

from mlops_pipeline.errors import NotFoundError, PipelineError
from mlops_pipeline.inspection.comparison import as_number
from mlops_pipeline.inspection.report import METRICS_FILE
from mlops_pipeline.inspection.results import artifact_object
from mlops_pipeline.roots import Copies
from mlops_pipeline.store import ArtifactRecord

ReadFile = Callable[[ArtifactRecord, str], bytes]
"""Reads a file of an artifact, by its path below it.

Raises `OSError` or `PipelineError` where it cannot.
"""

MOST_BYTES = 20_000_000
"""Bytes of a file that are read."""

Where = tuple[tuple[str, str], ...]
"""The values of features that make a slice, by name; empty for all examples."""

COUNTS = ("example_count", "num_examples", "support", "count")
"""Metrics that tell the number of examples, the best known first."""


@dataclass(frozen=True)
class SliceMetrics:
    """The metrics of one slice.

    Args:
        metrics: finite numbers.
        intervals: lower and upper bound of those that the evaluation gave one for.
        unknown: metrics that are there without a number, as NaN is.
    """

    where: Where = ()
    metrics: Mapping[str, float] = field(default_factory=dict)
    intervals: Mapping[str, tuple[float, float]] = field(default_factory=dict)
    unknown: tuple[str, ...] = ()

    @property
    def examples(self) -> float | None:
        """Number of examples in the slice; None where the evaluation does not tell."""
        for name in COUNTS:
            if name in self.metrics:
                return self.metrics[name]
        return next((v for n, v in self.metrics.items() if n.endswith("/example_count")), None)

    @property
    def label(self) -> str:
        """The slice in words: `country=DE, sex=f`."""
        return ", ".join(f"{name}={value}" for name, value in self.where) or "all examples"


@dataclass(frozen=True)
class Evaluation:
    """The results of one evaluation.

    Args:
        blessed: verdict of its thresholds; None where it had none.
        reasons: why it was not blessed.
        problem: why it could not be read, or not all of it.
    """

    artifact: int = 0
    overall: SliceMetrics = SliceMetrics()
    slices: tuple[SliceMetrics, ...] = ()
    blessed: bool | None = None
    reasons: tuple[str, ...] = ()
    problem: str = ""

    @property
    def metrics(self) -> tuple[str, ...]:
        """Names of its metrics, those of all examples first."""
        rows = (self.overall, *self.slices)
        return tuple(dict.fromkeys(name for row in rows for name in (*row.metrics, *row.unknown)))


def local_files(copies: Copies | None = None) -> ReadFile:
    """Return what reads files of artifacts from where they are kept.

    Args:
        copies: local copies of artifacts that are kept elsewhere, as for `artifact_object`.
    """

    def read(record: ArtifactRecord, path: str) -> bytes:
        file = artifact_object(record, copies).path / path
        if not file.is_file():
            raise NotFoundError(f"{path} is not there")
        if file.stat().st_size > MOST_BYTES:
            raise PipelineError(f"{path} has more than {MOST_BYTES // 1_000_000} MB")
        return file.read_bytes()

    return read


def read_evaluation(record: ArtifactRecord, read: ReadFile) -> Evaluation:
    """Read an evaluation; what is wrong with its file is told in `problem`."""
    try:
        return _parsed(record.id, json.loads(read(record, METRICS_FILE)))
    except PipelineError as error:
        problem = error.message
    except (OSError, ValueError, RecursionError, MemoryError) as error:
        problem = f"its metrics cannot be read: {type(error).__name__}"
    kept = record.properties.get("metrics")
    if isinstance(kept, Mapping) and kept:
        problem += "; the metrics of all examples are those of its record"
        return Evaluation(record.id, _row((), {"metrics": kept}), problem=problem)
    return Evaluation(record.id, problem=problem)


def _parsed(number: int, document: Any) -> Evaluation:
    if not isinstance(document, Mapping):
        raise PipelineError("its metrics are no table")
    overall = {"metrics": document.get("overall"), "intervals": document.get("intervals")}
    verdict = document.get("validation")
    verdict = verdict if isinstance(verdict, Mapping) else {}
    blessed, reasons = verdict.get("blessed"), verdict.get("reasons")
    return Evaluation(
        number,
        _row((), overall),
        tuple(_slices(document.get("slices"))),
        blessed if isinstance(blessed, bool) else None,
        tuple(map(str, reasons)) if isinstance(reasons, list) else (),
    )


def _slices(found: Any) -> Iterator[SliceMetrics]:
    seen = set()
    for each in found if isinstance(found, list) else ():
        if not isinstance(each, Mapping) or not isinstance(each.get("slice"), Mapping):
            continue
        where = tuple(sorted((str(key), _text(value)) for key, value in each["slice"].items()))
        if where and where not in seen:
            seen.add(where)
            yield _row(where, each)


def _row(where: Where, given: Mapping[str, Any]) -> SliceMetrics:
    values, bounds = given.get("metrics"), given.get("intervals")
    values = values if isinstance(values, Mapping) else {}
    numbers = {str(name): as_number(value) for name, value in values.items()}
    metrics = {name: value for name, value in numbers.items() if value is not None}
    pairs = bounds.items() if isinstance(bounds, Mapping) else ()
    intervals = {str(name): pair for name, found in pairs if (pair := _pair(found))}
    return SliceMetrics(where, metrics, intervals, tuple(n for n in numbers if n not in metrics))


def _pair(found: Any) -> tuple[float, float] | None:
    if not isinstance(found, list) or len(found) != 2:
        return None
    low, high = map(as_number, found)
    known = low is not None and high is not None and low <= high and math.isfinite(high - low)
    return (low, high) if known and low is not None and high is not None else None


def _text(value: Any) -> str:
    return value if isinstance(value, str) else json.dumps(value)
