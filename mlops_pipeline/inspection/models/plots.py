"""Plots of an evaluation as a few points each: calibration, ROC and precision, confusion."""

from __future__ import annotations

import itertools
import json
import math
from collections import defaultdict
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from mlops_pipeline.errors import NotFoundError, PipelineError
from mlops_pipeline.inspection.comparison import as_number
from mlops_pipeline.inspection.models.evaluation_file import ReadFile
from mlops_pipeline.store import ArtifactRecord

PLOTS_FILE = "plots.json"

POINTS = 50
"""Points of a curve that are kept."""

BINS = 20
"""Ranges of predictions in a calibration plot."""

CLASSES = 50
"""Classes of a confusion matrix that are shown."""

CALIBRATION, CURVE, CONFUSION = "calibration", "curve", "confusion"


@dataclass(frozen=True)
class Plot:
    """A plot of all examples.

    Args:
        kind: `calibration`, with rows of mean prediction, mean label and examples; `curve`, with
            threshold, true positive rate, false positive rate, precision and recall;
            `confusion`, with actual and predicted class and examples.
        name: of the output and class that it belongs to.
    """

    kind: str
    name: str
    rows: tuple[tuple[float | str | None, ...], ...]


def read_plots(record: ArtifactRecord, read: ReadFile) -> tuple[tuple[Plot, ...], str]:
    """Return the plots over all examples, and why there are none."""
    try:
        document = json.loads(read(record, PLOTS_FILE))
        return tuple(_plots(document)), ""
    except NotFoundError:
        # Most evaluations have none, and where files cannot be reached, the metrics say so.
        return (), ""
    except PipelineError as error:
        return (), error.message
    except (OSError, ValueError, AttributeError, TypeError, RecursionError) as error:
        return (), f"{PLOTS_FILE} cannot be read: {type(error).__name__}"


def _plots(document: Any) -> Iterator[Plot]:
    for row in document if isinstance(document, list) else ():
        if not isinstance(row, Mapping) or row.get("slice"):
            continue
        for name, data in row.get("plots", {}).items():
            output, kind_of_class = str(name).rpartition("/")[0], str(name).partition("@")[2]
            label = " ".join(filter(None, (output, kind_of_class)))
            for word, kind, take in _KINDS:
                if word in str(name):
                    found = tuple(take(data))
                    if found:
                        yield Plot(kind, label, found)
                    break


def _calibration(data: Any) -> Iterator[tuple[float, float, float]]:
    """Yield mean prediction, mean label and examples of some ranges of predictions."""
    sums: dict[int, list[float]] = defaultdict(lambda: [0.0, 0.0, 0.0])
    for bucket in _list(data, "buckets"):
        weight = _number(bucket, "numWeightedExamples")
        if weight > 0:
            predicted = _number(bucket, "totalWeightedRefinedPrediction")
            place = min(BINS - 1, max(0, math.floor(predicted / weight * BINS)))
            for at, value in enumerate((predicted, _number(bucket, "totalWeightedLabel"), weight)):
                sums[place][at] += value
    for _, (predicted, labels, weight) in sorted(sums.items()):
        yield predicted / weight, labels / weight, weight


def _curve(data: Any) -> Iterator[tuple[float | None, ...]]:
    """Yield thresholds with their rates, at most so many, both ends among them."""
    points = [
        (
            as_number(each.get("threshold", 0.0)),
            _rate(each, "truePositives", "falseNegatives"),
            _rate(each, "falsePositives", "trueNegatives"),
            _rate(each, "truePositives", "falsePositives"),
        )
        for each in _list(data, "matrices")
    ]
    known = [point for point in points if point[1] is not None and point[2] is not None]
    for threshold, hit, alarm, precision in _thinned(known):
        yield threshold, hit, alarm, precision, hit


def _thinned(points: Sequence[tuple[float | None, ...]]) -> list[tuple[float | None, ...]]:
    """Return the points at even distances along a curve."""
    if len(points) <= POINTS:
        return list(points)
    # By the way along the curve: most of the thousand thresholds lie on one spot.
    steps = [math.dist(_place(a), _place(b)) for a, b in itertools.pairwise(points)]
    ways = list(itertools.accumulate(steps, initial=0.0))
    wanted, kept = 0.0, []
    for way, point in zip(ways, points, strict=True):
        if way >= wanted:
            kept.append(point)
            wanted = way + ways[-1] / (POINTS - 2)
    return kept if kept[-1] is points[-1] else [*kept, points[-1]]


def _place(point: tuple[float | None, ...]) -> tuple[float, float]:
    return point[1] or 0.0, point[2] or 0.0


def _confusion(data: Any) -> Iterator[tuple[str, str, float]]:
    """Yield actual class, predicted class and examples, of the first of several thresholds."""
    for matrix in _list(data, "matrices")[:1]:
        for entry in _list(matrix, "entries"):
            actual, predicted = (entry.get(f"{w}ClassId", 0) for w in ("actual", "predicted"))
            known = as_number(actual) is not None and as_number(predicted) is not None
            if known and max(actual, predicted) < CLASSES:
                # -1 stands for an example of which no class was likely enough.
                words = ["none" if each < 0 else str(each) for each in (actual, predicted)]
                yield words[0], words[1], _number(entry, "numWeightedExamples")


_KINDS = (
    ("calibrationHistogramBuckets", CALIBRATION, _calibration),
    ("multiClassConfusionMatrixAtThresholds", CONFUSION, _confusion),
    ("confusionMatrixAtThresholds", CURVE, _curve),
)


def _rate(table: Mapping[str, Any], hit: str, miss: str) -> float | None:
    one, other = _number(table, hit), _number(table, miss)
    return one / (one + other) if one + other > 0 else None


def _number(table: Mapping[str, Any], name: str) -> float:
    """Return a number of a message, which leaves out those that are 0."""
    return as_number(table.get(name, 0.0)) or 0.0


def _list(table: Any, name: str) -> list[Any]:
    found = table.get(name) if isinstance(table, Mapping) else None
    return [each for each in found if isinstance(each, Mapping)] if isinstance(found, list) else []
