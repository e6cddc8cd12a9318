"""Distances of two distributions, each told with what chance alone would reach.

A fixed limit such as 0.1 alarms on nothing with a hundred rows, and sleeps with a hundred thousand:
the limit depends on the sizes of both samples.
"""

from __future__ import annotations

import itertools
import math
from collections.abc import Sequence
from dataclasses import dataclass

from mlops_pipeline.errors import ParameterError
from mlops_pipeline.value import chi_square_quantile, chi_square_tail

_HALF = 0.5


@dataclass(frozen=True)
class PsiResult:
    """Population stability index of two samples.

    Args:
        limit: what it stays below, without any change, with probability 1 - alpha (Yurdakul 2018:
            (1/N + 1/M) times chi-square with one degree of freedom less than there are bins).
    """

    value: float
    limit: float
    drifted: bool


def psi(before: Sequence[float], after: Sequence[float], *, alpha: float = 0.05) -> PsiResult:
    """Return the population stability index of counts in the same bins. Needs scipy.

    An empty bin counts as half a row, so that a value never seen is no infinite distance.
    """
    _refuse_unlike(before, after)
    if not 0 < alpha < 1:
        raise ParameterError(f"alpha is {alpha}", hint="give a number between 0 and 1, like 0.05")
    value = _index(before, after)
    bins = sum(1 for a, b in zip(before, after, strict=True) if a or b)
    scale = 1 / math.fsum(before) + 1 / math.fsum(after)
    limit = scale * chi_square_quantile(1 - alpha, bins - 1) if bins > 1 else 0.0
    return PsiResult(value, limit, value > limit)


def _index(before: Sequence[float], after: Sequence[float]) -> float:
    pairs = [(a or _HALF, b or _HALF) for a, b in zip(before, after, strict=True) if a or b]
    first, second = (math.fsum(column) for column in zip(*pairs, strict=True))
    parts = ((a / first, b / second) for a, b in pairs)
    return math.fsum((a - b) * math.log(a / b) for a, b in parts)


def chi_square_p(before: Sequence[float], after: Sequence[float]) -> float:
    """Return the p-value of new counts where the old ones tell the shares. Needs scipy."""
    _refuse_unlike(before, after)
    shares = _shares(before)
    n = math.fsum(after)
    if any(b and not share for b, share in zip(after, shares, strict=True)):
        # What was impossible has happened.
        return 0.0
    pairs = [(b, n * share) for b, share in zip(after, shares, strict=True) if share]
    value = math.fsum((b - expected) ** 2 / expected for b, expected in pairs)
    return chi_square_tail(value, len(pairs) - 1) if len(pairs) > 1 else 1.0


def hellinger(before: Sequence[float], after: Sequence[float]) -> float:
    """Return the Hellinger distance of counts in the same bins: 0 for equal, 1 for disjoint."""
    _refuse_unlike(before, after)
    pairs = zip(_shares(before), _shares(after), strict=True)
    total = math.fsum((math.sqrt(a) - math.sqrt(b)) ** 2 for a, b in pairs)
    return min(1.0, math.sqrt(total / 2))


def largest_gap(before: Sequence[float], after: Sequence[float]) -> float:
    """Return the largest difference of a share."""
    _refuse_unlike(before, after)
    return max(abs(a - b) for a, b in zip(_shares(before), _shares(after), strict=True))


def wasserstein(before: Sequence[float], after: Sequence[float]) -> float:
    """Return how far values have to be moved on average to make one sample the other."""
    if not before or not after:
        raise ParameterError("there are no values to compare", hint="give values of both samples")
    if not all(map(math.isfinite, (*before, *after))):
        raise ParameterError(
            "values to compare are no finite numbers", hint="leave them out, and count them apart"
        )
    first, second = sorted(before), sorted(after)
    points = sorted((*first, *second))
    i = j = 0
    distance = 0.0
    for left, right in itertools.pairwise(points):
        while i < len(first) and first[i] <= left:
            i += 1
        while j < len(second) and second[j] <= left:
            j += 1
        distance += abs(i / len(first) - j / len(second)) * (right - left)
    return distance


def _shares(counts: Sequence[float]) -> list[float]:
    total = math.fsum(counts)
    return [count / total for count in counts]


def _refuse_unlike(before: Sequence[float], after: Sequence[float]) -> None:
    sound = len(before) == len(after) >= 1 and all(
        math.isfinite(each) and each >= 0 for each in (*before, *after)
    )
    if not sound or not math.fsum(before) or not math.fsum(after):
        raise ParameterError(
            f"counts in {len(before)} and {len(after)} bins cannot be compared",
            hint="give counts, 0 or more, of both samples in the same bins, not all 0",
        )
