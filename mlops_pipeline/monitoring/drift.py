"""Tells which features of new rows have another distribution, with one false-alarm budget for all.

Rows count as independent. Where many rows belong to one user, say, give one row of each.
"""

from __future__ import annotations

import enum
import math
from bisect import bisect_left
from collections import Counter
from collections.abc import Hashable, Mapping, Sequence
from dataclasses import dataclass, replace
from typing import TypeGuard

from mlops_pipeline.errors import ParameterError
from mlops_pipeline.value import chi_square_tail

_LEAST_EXPECTED = 5
"""Rows that a bin has to expect in the smaller sample, for the chi-square distribution to fit."""

_MOST_BINS = 10

_MOST_LEVELS = 20
"""Numbers with at most so many levels are compared level by level."""


class DriftVerdict(str, enum.Enum):
    """What a comparison says; `CANNOT_TELL` if none drifted, but not every one could be tested."""

    DRIFTED = "drifted"
    NOT_DRIFTED = "not drifted"
    CANNOT_TELL = "cannot tell"

    def __str__(self) -> str:
        return self.value


@dataclass(frozen=True)
class FeatureDrift:
    """Change of one feature.

    Args:
        gap: largest difference of the share of a bin, missing values being one.
        p: probability of such a change by chance; None if it could not be tested.
        missing: shares of missing values, before and after.
        untested: why it could not be tested; empty if it was.
    """

    name: str
    gap: float
    p: float | None
    missing: tuple[float, float]
    drifted: bool
    untested: str = ""


@dataclass(frozen=True)
class DriftReport:
    """Change of every feature, the least likely by chance first.

    Args:
        false_alarms: probability that any feature alarms while nothing has changed.
        unknown: features that only the new rows have.
    """

    features: tuple[FeatureDrift, ...]
    rows: tuple[int, int]
    false_alarms: float
    unknown: tuple[str, ...] = ()

    @property
    def verdict(self) -> DriftVerdict:
        """What the features say together."""
        if any(each.drifted for each in self.features):
            return DriftVerdict.DRIFTED
        if self.unknown or any(each.untested for each in self.features):
            return DriftVerdict.CANNOT_TELL
        return DriftVerdict.NOT_DRIFTED


def drift_of(
    before: Mapping[str, Sequence[object]],
    after: Mapping[str, Sequence[object]],
    *,
    false_alarms: float = 0.05,
    least_gap: float = 0.0,
) -> DriftReport:
    """Return how columns of new rows differ from those before. Needs scipy.

    Benjamini and Hochberg's procedure shares the budget: while nothing has changed it alarms at
    all as seldom as Bonferroni's, and of many features that did change it finds more. It
    supposes that the tests are independent, or depend positively.

    Args:
        before, after: columns by name; None and NaN are missing, as is a column that is not there.
        least_gap: a feature with a smaller gap has not drifted, however sure the change is.

    Raises:
        ParameterError: there are no rows or features, or columns are of unequal length.
    """
    if not 0 < false_alarms < 1:
        raise ParameterError(
            f"false_alarms is {false_alarms}", hint="give a number between 0 and 1, like 0.05"
        )
    if not 0 <= least_gap <= 1:
        raise ParameterError(f"least_gap is {least_gap}", hint="give a share, from 0 to 1")
    rows = (_rows(before, "before"), _rows(after, "after"))
    found = [
        _compared(name, column, after.get(name, [None] * rows[1]))
        for name, column in before.items()
    ]
    limit = _limit([each.p for each in found if each.p is not None], false_alarms)
    features = (
        replace(each, drifted=each.p is not None and each.p <= limit and each.gap >= least_gap)
        for each in found
    )
    ordered = sorted(features, key=lambda each: (each.p is None, each.p or 0.0, -each.gap))
    unknown = tuple(sorted(set(after) - set(before)))
    return DriftReport(tuple(ordered), rows, false_alarms, unknown)


def _rows(columns: Mapping[str, Sequence[object]], side: str) -> int:
    lengths = {len(column) for column in columns.values()}
    if len(lengths) > 1:
        raise ParameterError(
            f"columns {side} have {min(lengths)} to {max(lengths)} rows",
            hint="give as many values for each feature, None where one is missing",
        )
    if not lengths or not max(lengths):
        raise ParameterError(
            f"there are no rows {side} to compare", hint="choose a time, or data, with rows"
        )
    return lengths.pop()


def _compared(name: str, before: Sequence[object], after: Sequence[object]) -> FeatureDrift:
    """Compare one feature; whether it drifted is for all of them together to say."""
    first, second = ([v for v in column if not _is_missing(v)] for column in (before, after))
    lost = (len(before) - len(first), len(after) - len(second))
    missing = (lost[0] / len(before), lost[1] / len(after))
    if any(not isinstance(v, Hashable) for v in (*first, *second)):
        return FeatureDrift(name, 0.0, None, missing, False, "a row holds several values")
    table = [*_counts(first, second, min(len(before), len(after))), lost]
    gap = max(abs(a / len(before) - b / len(after)) for a, b in table)
    if sum(1 for a, b in table if a or b) == 1 and len({*first, *second}) <= 1:
        return FeatureDrift(name, 0.0, 1.0, missing, False)
    pooled = _pooled(table, len(before), len(after))
    if len(pooled) == 1:
        why = f"{len(before)} and {len(after)} rows have too few of each value"
        return FeatureDrift(name, gap, None, missing, False, why)
    return FeatureDrift(name, gap, _homogeneity_p(pooled), missing, False)


def _is_missing(value: object) -> bool:
    return value is None or (isinstance(value, float) and math.isnan(value))


def _counts(
    before: Sequence[object], after: Sequence[object], smaller: int
) -> list[tuple[int, int]]:
    """Return how many rows each bin has, before and after."""
    numbers = [v for v in (*before, *after) if _is_number(v)]
    keys: list[list[object]] = [list(before), list(after)]
    if len(numbers) < len(before) + len(after):
        # As text with its type: `1` and `True` are equal to Python, and not to a model.
        keys = [[(type(v).__name__, str(v)) for v in side] for side in keys]
    elif len(set(numbers)) > _MOST_LEVELS:
        edges = _edges(sorted(numbers), max(2, min(_MOST_BINS, smaller // _LEAST_EXPECTED)))
        keys = [[bisect_left(edges, v) for v in numbers[: len(before)]]]
        keys.append([bisect_left(edges, v) for v in numbers[len(before) :]])
    first, second = (Counter(side) for side in keys)
    return [(first[key], second[key]) for key in dict.fromkeys((*first, *second))]


def _is_number(value: object) -> TypeGuard[float]:
    return isinstance(value, int | float) and not isinstance(value, bool)


def _edges(values: Sequence[float], bins: int) -> list[float]:
    """Return the quantiles of both samples together: so, chance fills their bins evenly."""
    return sorted({values[len(values) * k // bins - 1] for k in range(1, bins)})


def _pooled(table: Sequence[tuple[int, int]], before: int, after: int) -> list[tuple[int, int]]:
    """Return the bins, with those that expect too few rows as one."""
    share = min(before, after) / (before + after)
    filled = sorted((row for row in table if sum(row)), key=sum, reverse=True)
    kept = [row for row in filled if sum(row) * share >= _LEAST_EXPECTED]
    few = filled[len(kept) :]
    if not few:
        return kept
    rest = (sum(a for a, _ in few), sum(b for _, b in few))
    if kept and sum(rest) * share < _LEAST_EXPECTED:
        last = kept.pop()
        rest = (rest[0] + last[0], rest[1] + last[1])
    return [*kept, rest]


def _homogeneity_p(table: Sequence[tuple[int, int]]) -> float:
    """Return the p-value of two samples of one distribution (Pearson's chi-square)."""
    sizes = [sum(row[side] for row in table) for side in (0, 1)]
    total = sum(sizes)
    value = math.fsum(
        (row[side] - sum(row) * sizes[side] / total) ** 2 / (sum(row) * sizes[side] / total)
        for row in table
        for side in (0, 1)
    )
    return chi_square_tail(value, len(table) - 1)


def _limit(p_values: Sequence[float], budget: float) -> float:
    """Return the largest p-value that alarms; below 0 if none does."""
    number = len(p_values)
    alarming = (p for k, p in enumerate(sorted(p_values), 1) if p <= k * budget / number)
    return max(alarming, default=-1.0)
