"""Differences of two arms, absolute or relative, with an interval and a p-value."""

from __future__ import annotations

import math
from dataclasses import dataclass
from typing import TypeVar

from mlops_pipeline.errors import ParameterError
from mlops_pipeline.value.distributions import normal_tail, student_quantile, student_two_sided_p
from mlops_pipeline.value.samples import Adjusted, AdjustedRatio, Estimate, pooled, pooled_ratios
from mlops_pipeline.value.sequential import (
    asymptotic_half_width,
    asymptotic_p,
    obrien_fleming_bounds,
    refuse_alpha,
)

FEW_ERRORS = 5.0
"""Number of standard errors from 0 below which a relative difference is not to be trusted."""

AnEstimate = TypeVar("AnEstimate", bound=Estimate)


@dataclass(frozen=True)
class Difference:
    """How much the candidate differs from the baseline.

    Args:
        estimate: candidate less baseline; relative: divided by the baseline.
        n: number of units in both arms.
        method: name of the test.
        problem: why nothing can be said, or what to beware of; empty where all is well.
    """

    estimate: float
    low: float
    high: float
    standard_error: float
    p: float
    n: int
    method: str
    relative: bool
    problem: str = ""


@dataclass(frozen=True)
class _Compared:
    baseline: Estimate
    candidate: Estimate
    relative: bool

    @property
    def n(self) -> int:
        return self.baseline.n + self.candidate.n

    @property
    def estimate(self) -> float:
        gain = self.candidate.mean - self.baseline.mean
        return gain / self.baseline.plain_mean if self.relative else gain

    @property
    def standard_error(self) -> float:
        """Standard error; the relative one by the delta method.

        Without adjustment it is the usual Vb/A^2 + Va B^2/A^4.
        """
        a, b = self.baseline, self.candidate
        both = a.variance / a.n + b.variance / b.n
        if not self.relative:
            return math.sqrt(both)
        # What the difference is divided by varies, too, and with the baseline's own mean.
        (plain, shared), lift = a.plain, self.estimate
        varied = both + (2 * lift * shared + lift * lift * plain) / a.n
        return math.sqrt(max(varied, 0.0)) / abs(a.plain_mean)

    @property
    def degrees(self) -> float:
        """Degrees of freedom by Welch and Satterthwaite."""
        own, other = (x.variance / x.n for x in (self.baseline, self.candidate))
        return (own + other) ** 2 / (
            own**2 / (self.baseline.n - 1) + other**2 / (self.candidate.n - 1)
        )

    @property
    def fault(self) -> str:
        """Reason why nothing can be said; empty if there is none."""
        for name, arm in (("baseline", self.baseline), ("candidate", self.candidate)):
            if arm.n < 2:
                return f"the {name} has {arm.n} units"
            if not arm.variance >= 0:
                return f"the sums of the {name} have no variance: {arm.variance:.3g}"
        if self.relative and self.baseline.plain_mean == 0:
            return "the mean of the baseline is 0"
        return "" if self.baseline.variance + self.candidate.variance > 0 else "nothing varies"

    @property
    def warning(self) -> str:
        error = math.sqrt(self.baseline.variance / self.baseline.n)
        if self.relative and abs(self.baseline.plain_mean) < FEW_ERRORS * error:
            return "the mean of the baseline is within 5 standard errors of 0"
        return ""

    def nothing(self, method: str) -> Difference:
        """Return a difference of which nothing is known."""
        nan, inf = math.nan, math.inf
        return Difference(nan, -inf, inf, nan, 1.0, self.n, method, self.relative, self.fault)

    def within(self, half_width: float, p: float, method: str) -> Difference:
        estimate = self.estimate
        return Difference(
            estimate,
            estimate - half_width,
            estimate + half_width,
            self.standard_error,
            p,
            self.n,
            method,
            self.relative,
            self.warning,
        )


def _compared(baseline: AnEstimate, candidate: AnEstimate, relative: bool) -> _Compared:
    if isinstance(baseline, Adjusted) and isinstance(candidate, Adjusted):
        return _Compared(*pooled(baseline, candidate), relative)
    if isinstance(baseline, AdjustedRatio) and isinstance(candidate, AdjustedRatio):
        return _Compared(*pooled_ratios(baseline, candidate), relative)
    return _Compared(baseline, candidate, relative)


def fixed_horizon(
    baseline: AnEstimate, candidate: AnEstimate, *, alpha: float = 0.05, relative: bool = True
) -> Difference:
    """Compare two arms once, at the end: Welch's test. Needs scipy."""
    refuse_alpha(alpha)
    both = _compared(baseline, candidate, relative)
    if both.fault:
        return both.nothing("welch")
    error, degrees = both.standard_error, both.degrees
    half_width = student_quantile(1 - alpha / 2, degrees) * error
    p = student_two_sided_p(both.estimate / error, degrees) if error else 1.0
    return both.within(half_width, p, "welch")


def always_valid(
    baseline: AnEstimate,
    candidate: AnEstimate,
    *,
    alpha: float = 0.05,
    relative: bool = True,
    tightest_at: float = 5000,
) -> Difference:
    """Compare two arms at any look, as often as you like: AsympCS.

    Args:
        tightest_at: number of units, in both arms, at which the interval is narrowest.
    """
    both = _compared(baseline, candidate, relative)
    refuse_alpha(alpha)
    if both.fault:
        return both.nothing("always valid")
    error = both.standard_error
    half_width = asymptotic_half_width(error, both.n, alpha=alpha, tightest_at=tightest_at)
    p = asymptotic_p(both.estimate, error, both.n, alpha=alpha, tightest_at=tightest_at)
    return both.within(half_width, p, "always valid")


def planned_look(
    baseline: AnEstimate,
    candidate: AnEstimate,
    looks: tuple[float, ...],
    *,
    alpha: float = 0.05,
    relative: bool = True,
) -> Difference:
    """Compare two arms at the last of some planned looks: Lan and DeMets.

    Args:
        looks: shares of the planned sample at each look so far, this one included.
    """
    both = _compared(baseline, candidate, relative)
    if not looks:
        raise ParameterError("no look is planned", hint="give shares, such as (0.25, 0.5)")
    bound = obrien_fleming_bounds(looks, alpha=alpha)[-1]
    if both.fault:
        return both.nothing("planned looks")
    error = both.standard_error
    p = 2 * normal_tail(abs(both.estimate) / error) if error else 1.0
    return both.within(bound * error, p, "planned looks")
