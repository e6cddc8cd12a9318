"""Counts of arms: a sample ratio mismatch says that visitors were lost or sent wrongly.

At every look: Lindon and Malek, Anytime-valid inference for multinomial count data, NeurIPS 2022.
Once, at the end: Pearson's chi-square test.
"""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass

from mlops_pipeline.errors import ParameterError
from mlops_pipeline.value.distributions import chi_square_tail

CONCENTRATIONS = (10.0, 100.0, 1_000.0, 10_000.0, 100_000.0)
"""Strengths of the prior, how near to the plan a mismatch is looked for; the mean over all counts.

One alone is blind: the strongest sees small mismatches in millions, and no large one in a thousand.
"""


@dataclass(frozen=True)
class SrmCheck:
    """Verdict about the sizes of the arms.

    Args:
        p: at every look; the smallest one so far counts.
        mismatch: true if the arms cannot have been filled as planned.
    """

    counts: tuple[int, ...]
    weights: tuple[float, ...]
    p: float
    mismatch: bool


def check_srm(counts: Sequence[int], weights: Sequence[float], *, alpha: float = 0.001) -> SrmCheck:
    """Check at any look that arms are as large as their weights say."""
    evidence = counts_e_value(counts, weights)
    p = min(1.0, math.exp(-min(evidence, 700.0)))
    return SrmCheck(tuple(counts), tuple(_normed(counts, weights)), p, p < alpha)


def counts_e_value(counts: Sequence[int], weights: Sequence[float]) -> float:
    """Return the logarithm of the evidence against the weights: a Dirichlet-multinomial mixture."""
    planned = _normed(counts, weights)
    each = [_log_mixture(counts, planned, strength) for strength in CONCENTRATIONS]
    largest = max(each)
    mean = math.fsum(math.exp(value - largest) for value in each) / len(each)
    return largest + math.log(mean)


def _log_mixture(counts: Sequence[int], planned: Sequence[float], strength: float) -> float:
    total = math.lgamma(strength) - math.lgamma(strength + sum(counts))
    for count, share in zip(counts, planned, strict=True):
        prior = strength * share
        total += math.lgamma(prior + count) - math.lgamma(prior) - count * math.log(share)
    return total


def arm_sizes_p(counts: Sequence[int], weights: Sequence[float]) -> float:
    """Return the p-value of the chi-square test, for one look at the end. Needs scipy."""
    planned = _normed(counts, weights)
    n = sum(counts)
    if not n:
        return 1.0
    value = sum((c - n * w) ** 2 / (n * w) for c, w in zip(counts, planned, strict=True))
    return chi_square_tail(value, len(counts) - 1)


def _normed(counts: Sequence[int], weights: Sequence[float]) -> list[float]:
    total = math.fsum(weights)
    sound = len(counts) == len(weights) >= 2 and min(counts) >= 0 and min(weights) > 0
    if not (sound and math.isfinite(total)):
        raise ParameterError(
            f"arms of {list(counts)} units cannot have the weights {list(weights)}",
            hint="give two or more arms, each with a count and a weight above 0",
        )
    return [weight / total for weight in weights]
