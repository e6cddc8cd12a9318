"""Confidence intervals of metrics: those of the evaluation, or by formula where counts allow one.

Rates have Wilson's interval (E. B. Wilson, "Probable inference, the law of succession, and
statistical inference", Journal of the American Statistical Association 22, 1927). The area under
the ROC curve has that of Hanley and McNeil ("The meaning and use of the area under a receiver
operating characteristic (ROC) curve", Radiology 143, 1982). Other metrics have none.
"""

from __future__ import annotations

import math
from dataclasses import dataclass

from mlops_pipeline.inspection.models.evaluation_file import SliceMetrics
from mlops_pipeline.value import wilson

Z = 1.959963984540054
"""Quantile of the normal distribution for an interval that holds in 95 of 100 cases."""

GIVEN, WILSON, HANLEY = "of the evaluation", "Wilson", "Hanley-McNeil"

_WHOLE = 1e-3
"""How far from a whole number a count may be that was computed from a rate."""

_OF_ALL = frozenset(
    [
        "accuracy",
        "binary_accuracy",
        "categorical_accuracy",
        "sparse_categorical_accuracy",
        "top_k_categorical_accuracy",
        "sparse_top_k_categorical_accuracy",
        "exact_match",
        "error_rate",
        "positive_rate",
        "negative_rate",
    ]
)
_OF_POSITIVES = frozenset(
    ["recall", "true_positive_rate", "sensitivity", "false_negative_rate", "tpr", "fnr"]
)
_OF_NEGATIVES = frozenset(
    ["specificity", "true_negative_rate", "false_positive_rate", "tnr", "fpr"]
)
_OF_PREDICTED = frozenset(["precision", "positive_predictive_value", "false_discovery_rate"])
_OF_REJECTED = frozenset(["false_omission_rate", "negative_predictive_value"])
_AREAS = frozenset(["auc", "auc_roc", "roc_auc"])


@dataclass(frozen=True)
class Interval:
    """The interval in which a metric lies in 95 of 100 cases.

    Args:
        low, high: None where there is none.
        method: where it comes from.
        why: why there is none.
        hits, cases: of a rate: how many of how many; 0 cases where it is no rate of counts.
    """

    low: float | None = None
    high: float | None = None
    method: str = ""
    why: str = ""
    hits: int = 0
    cases: int = 0

    @property
    def error(self) -> float | None:
        """Standard error, as half the interval over its quantile; None where there is none."""
        if self.low is None or self.high is None:
            return None
        return (self.high - self.low) / (2 * Z)


def interval_of(row: SliceMetrics, name: str) -> Interval:
    """Return the interval of a metric of a slice, or why there is none."""
    value = row.metrics.get(name)
    if value is None:
        return Interval(why="no number")
    if row.examples is not None and row.examples <= 0:
        return Interval(why="no examples")
    cases, why = _cases(row, name)
    hits = round(value * cases)
    if cases and abs(value * cases - hits) > max(_WHOLE, 1e-6 * cases):
        cases, hits, why = 0, 0, "no whole number of examples, as with weights"
    if cases and not 0 <= hits <= cases:
        cases, hits, why = 0, 0, "no share of the examples"
    given = row.intervals.get(name)
    if given and given[0] <= value <= given[1]:
        return Interval(*given, GIVEN, hits=hits, cases=cases)
    if cases:
        return Interval(*wilson(hits, cases), WILSON, hits=hits, cases=cases)
    if _base(name) in _AREAS and not _suffix(name):
        found = _area(row, value)
        return found if found else Interval(why="the numbers of both classes are not known")
    return Interval(why=why or "no formula for this metric")


def hanley_mcneil(area: float, positives: int, negatives: int) -> tuple[float, float]:
    """Return the interval of an area under the ROC curve A, cut at 0 and 1.

    With Q1 = A/(2-A) and Q2 = 2A²/(1+A), its variance is
    (A(1-A) + (p-1)(Q1-A²) + (n-1)(Q2-A²)) / pn for p positive and n negative examples.
    """
    one, two = area / (2 - area), 2 * area * area / (1 + area)
    square = area * area
    spread = area * (1 - area) + (positives - 1) * (one - square) + (negatives - 1) * (two - square)
    half = Z * math.sqrt(max(0.0, spread) / (positives * negatives))
    return max(0.0, area - half), min(1.0, area + half)


def _area(row: SliceMetrics, area: float) -> Interval | None:
    positives, negatives = _classes(row, "", "")
    if not positives or not negatives or not 0 <= area <= 1:
        return None
    low, high = hanley_mcneil(area, positives, negatives)
    # One that is as wide as a point says nothing: the formula has no answer at 0 and at 1.
    return Interval(low, high, HANLEY) if low < high else None


def _cases(row: SliceMetrics, name: str) -> tuple[int, str]:
    """Return of how many examples a metric is the rate, or 0 and why that is not known."""
    base, prefix, suffix = _base(name), name[: len(name) - len(_tail(name))], _suffix(name)
    examples = _whole(row.examples)
    if base in _OF_ALL:
        said = (
            "the examples are weighted" if row.examples is not None else "their number is unknown"
        )
        return examples, "" if examples else said
    if base in _OF_POSITIVES or base in _OF_NEGATIVES:
        both = _classes(row, prefix, suffix)
        found = both[0] if base in _OF_POSITIVES else both[1]
        return found, "" if found else "the numbers of both classes are not known"
    if base in _OF_PREDICTED or base in _OF_REJECTED:
        found = _predicted(row, prefix, suffix, base in _OF_PREDICTED)
        return found, "" if found else "the number of such predictions is not known"
    return 0, ""


def _classes(row: SliceMetrics, prefix: str, suffix: str) -> tuple[int, int]:
    """Return the numbers of positive and negative examples; 0 where they are not known."""
    counts = [
        _whole(row.metrics.get(f"{prefix}{name}{suffix}"))
        for name in ("true_positives", "false_negatives", "true_negatives", "false_positives")
    ]
    if counts[0] + counts[1] and counts[2] + counts[3]:
        return counts[0] + counts[1], counts[2] + counts[3]
    examples, share = _whole(row.examples), row.metrics.get("mean_label")
    if not examples or share is None or not 0 <= share <= 1 or not _is_threshold(suffix):
        return 0, 0
    positives = _whole(share * examples)
    return positives, examples - positives if positives else 0


def _predicted(row: SliceMetrics, prefix: str, suffix: str, positive: bool) -> int:
    """Return the number of examples that were predicted to be positive, or negative."""
    names = ("true_positives", "false_positives")
    if not positive:
        names = ("true_negatives", "false_negatives")
    counts = [_whole(row.metrics.get(f"{prefix}{name}{suffix}")) for name in names]
    share = row.metrics.get(f"{prefix}{'positive' if positive else 'negative'}_rate{suffix}")
    examples = _whole(row.examples)
    return sum(counts) or (_whole(share * examples) if share is not None else 0)


def _whole(value: float | None) -> int:
    """Return a count; 0 where it is none."""
    if value is None or not 0 < value < 1e15:
        return 0
    return round(value) if abs(value - round(value)) <= max(_WHOLE, 1e-6 * value) else 0


def _tail(name: str) -> str:
    return name.rpartition("/")[2]


def _suffix(name: str) -> str:
    _, at, rest = _tail(name).partition("@")
    return at + rest


def _base(name: str) -> str:
    return _tail(name).partition("@")[0].lower()


def _is_threshold(suffix: str) -> bool:
    """Return True if a suffix names no class of labels, whose examples are others."""
    try:
        return not suffix or ("." in suffix and 0 <= float(suffix[1:]) <= 1)
    except ValueError:
        return False
