"""Tests of chance: is a slice other than the rest, is a change more than noise, of many at once."""

from __future__ import annotations

import math
from collections.abc import Sequence

FALSE_DISCOVERIES = 0.05
"""Largest share of chance findings among the slices that are said to stand out."""

CORRECTION = "Benjamini-Hochberg"

_FEW = 5
"""Expected cases in a cell of a table below which the exact test is taken."""


def two_sided(score: float) -> float:
    """Return the probability of a normal score at least this far from 0."""
    return math.erfc(abs(score) / math.sqrt(2))


def rate_apart(hits: int, cases: int, all_hits: int, all_cases: int) -> float | None:
    """Return the probability that a slice differs from the other examples as much, by chance.

    The pooled test of two proportions; Fisher's exact test where a cell expects fewer than five
    cases (R. A. Fisher, "Statistical Methods for Research Workers", 1934). None where the slice
    is all, or is not a part of all.
    """
    rest, rest_hits = all_cases - cases, all_hits - hits
    if cases <= 0 or rest <= 0 or not 0 <= rest_hits <= rest:
        return None
    share = all_hits / all_cases
    expected = min(cases, rest) * min(share, 1 - share)
    if expected < _FEW:
        return _fisher(hits, cases, all_hits, all_cases)
    spread = math.sqrt(share * (1 - share) * (1 / cases + 1 / rest))
    return two_sided((hits / cases - rest_hits / rest) / spread)


def _fisher(hits: int, cases: int, all_hits: int, all_cases: int) -> float:
    """Return twice the smaller tail of the hypergeometric distribution, at most 1."""
    low, high = max(0, cases + all_hits - all_cases), min(cases, all_hits)
    below = _tail(hits, low, -1, (cases, all_hits, all_cases))
    above = _tail(hits, high, 1, (cases, all_hits, all_cases))
    return min(1.0, 2 * min(below, above))


def _tail(start: int, end: int, step: int, table: tuple[int, int, int]) -> float:
    """Sum the probabilities from `start` to `end`, until they no longer count."""
    cases, hits, total = table
    term = math.exp(
        _log_choose(hits, start)
        + _log_choose(total - hits, cases - start)
        - _log_choose(total, cases)
    )
    found, at = term, start
    while at != end and term > found * 1e-12:
        # The ratio of neighbours is exact; the logarithms are taken once.
        if step > 0:
            term *= (hits - at) * (cases - at) / ((at + 1) * (total - hits - cases + at + 1))
        else:
            term *= at * (total - hits - cases + at) / ((hits - at + 1) * (cases - at + 1))
        at += step
        found += term
    return min(1.0, found)


def _log_choose(whole: int, part: int) -> float:
    return math.lgamma(whole + 1) - math.lgamma(part + 1) - math.lgamma(whole - part + 1)


def part_apart(part: tuple[float, float], whole: tuple[float, float], share: float) -> float | None:
    """Return the same for a part of a whole, each a value with its standard error.

    The whole holds the part, so that for a mean Var(part - whole) = Var(whole) +
    (1 - 2·share)·Var(part), where `share` is that of the examples.
    """
    spread = whole[1] ** 2 + (1 - 2 * share) * part[1] ** 2
    if not 0 < share < 1 or spread <= 0:
        return None
    return two_sided((part[0] - whole[0]) / math.sqrt(spread))


def samples_apart(one: tuple[float, float], other: tuple[float, float]) -> float | None:
    """Return the same for two values with standard errors, as of samples without common examples.

    With the same examples in both, the true error of the difference is smaller: the test then finds
    less, not more.
    """
    spread = math.hypot(one[1], other[1])
    return two_sided((other[0] - one[0]) / spread) if spread > 0 else None


def rates_apart(hits: int, cases: int, other_hits: int, other_cases: int) -> float | None:
    """Return the same for two rates: one against a part of both together."""
    return rate_apart(hits, cases, hits + other_hits, cases + other_cases)


def corrected(chances: Sequence[float]) -> list[float]:
    """Return the probabilities corrected for their number, in the order given.

    Y. Benjamini and Y. Hochberg, "Controlling the false discovery rate", Journal of the Royal
    Statistical Society B 57, 1995: the i-th smallest of m becomes the smallest p·m/j of all j >= i.
    """
    order = sorted(range(len(chances)), key=lambda index: chances[index])
    found, least = [1.0] * len(chances), 1.0
    for place in range(len(order), 0, -1):
        index = order[place - 1]
        least = min(least, chances[index] * len(order) / place)
        found[index] = least
    return found
