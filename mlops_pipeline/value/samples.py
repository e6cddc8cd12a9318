"""Samples of an arm as sums: enough for a mean, its variance, and a covariate from before.

Sums add up: those of days, slices or servers are merged with `+`.
"""

from __future__ import annotations

import math
from collections.abc import Iterable
from dataclasses import dataclass, replace
from typing import Protocol

from mlops_pipeline.errors import ParameterError


class Estimate(Protocol):
    """Estimate of an arm's mean; `plain_mean` is what a relative difference is relative to."""

    @property
    def n(self) -> int:
        """Number of independent units."""

    @property
    def mean(self) -> float:
        """Estimated mean."""

    @property
    def plain_mean(self) -> float:
        """Mean without adjustment."""

    @property
    def variance(self) -> float:
        """Variance of one unit: the variance of the mean times n."""

    @property
    def plain(self) -> tuple[float, float]:
        """Variance of one unit of the plain mean, and its covariance with the mean."""


@dataclass(frozen=True)
class Sample:
    """Sums of a metric over the units of an arm.

    Args:
        n: number of units, such as visitors.
        total: sum of their values; `squares` the sum of squares.
    """

    n: int
    total: float
    squares: float

    def __post_init__(self) -> None:
        if self.n < 0 or not (math.isfinite(self.total) and math.isfinite(self.squares)):
            raise ParameterError(
                f"a sample of {self.n} units has the sums {self.total} and {self.squares}",
                hint="leave out values that are no finite numbers, and count them apart",
            )

    def __add__(self, other: Sample) -> Sample:
        return Sample(self.n + other.n, self.total + other.total, self.squares + other.squares)

    @property
    def mean(self) -> float:
        return self.total / self.n if self.n else math.nan

    @property
    def plain_mean(self) -> float:
        return self.mean

    @property
    def variance(self) -> float:
        return covariance(self, self, self.squares)

    @property
    def plain(self) -> tuple[float, float]:
        return self.variance, self.variance


def shares(successes: int, n: int) -> Sample:
    """Return the sample of a rate, with the variance p(1-p).

    Raises:
        ParameterError: there are more successes than trials, or fewer than none.
    """
    if not 0 <= successes <= n:
        raise ParameterError(
            f"{successes} of {n} is no share", hint="count each unit once, in both numbers"
        )
    if n < 2:
        return Sample(n, successes, successes)
    # Sums whose variance by n-1 is that of the rate by n.
    mean = successes / n
    return Sample(n, successes, mean * (1 - mean) * (n - 1) + n * mean * mean)


def sample_of(values: Iterable[float]) -> Sample:
    """Return the sums of values."""
    numbers = [float(value) for value in values]
    squares = math.fsum(number * number for number in numbers)
    return Sample(len(numbers), math.fsum(numbers), squares)


def covariance(a: Sample, b: Sample, products: float) -> float:
    """Return the covariance of two metrics of the same units, by n-1."""
    if a.n < 2:
        return math.nan
    return (products - a.total * b.total / a.n) / (a.n - 1)


class _LessBefore:
    """A metric less theta times the one of the same units before the experiment."""

    after: Sample | RatioSample
    before: Sample | RatioSample
    theta: float

    @property
    def n(self) -> int:
        return self.after.n

    @property
    def mean(self) -> float:
        return self.after.mean - self.theta * self.before.mean

    @property
    def plain_mean(self) -> float:
        return self.after.mean

    @property
    def covariance(self) -> float:
        """Covariance of both metrics."""
        raise NotImplementedError

    @property
    def variance(self) -> float:
        before, theta = self.before.variance, self.theta
        return self.after.variance + theta * theta * before - 2 * theta * self.covariance

    @property
    def plain(self) -> tuple[float, float]:
        return self.after.variance, self.after.variance - self.theta * self.covariance


@dataclass(frozen=True)
class Adjusted(_LessBefore):
    """A metric with the same or another metric of the same units before the experiment (CUPED).

    Deng, Xu, Kohavi and Walker, WSDM 2013: the mean less theta times the mean from before, with
    theta = cov / var of both arms together, which leaves the expectation as it is.

    Args:
        products: sum of the products of both, unit by unit.
        theta: set by `pooled`.
    """

    after: Sample
    before: Sample
    products: float
    theta: float = 0.0

    def __add__(self, other: Adjusted) -> Adjusted:
        return Adjusted(
            self.after + other.after, self.before + other.before, self.products + other.products
        )

    @property
    def covariance(self) -> float:
        """Covariance of both metrics."""
        return covariance(self.after, self.before, self.products)


@dataclass(frozen=True)
class RatioSample:
    """A ratio of two metrics of the same units, such as revenue per session by visitor.

    Its variance is that of the delta method (Deng, Knoblich and Lu, KDD 2018):
    (Vm - 2 R Cmd + R^2 Vd) / D^2.

    Args:
        products: sum of the products of both, unit by unit.
    """

    above: Sample
    below: Sample
    products: float

    def __add__(self, other: RatioSample) -> RatioSample:
        return RatioSample(
            self.above + other.above, self.below + other.below, self.products + other.products
        )

    @property
    def n(self) -> int:
        return self.above.n

    @property
    def mean(self) -> float:
        return self.above.total / self.below.total if self.below.total else math.nan

    @property
    def plain_mean(self) -> float:
        return self.mean

    @property
    def variance(self) -> float:
        if not self.below.total:
            return math.nan
        ratio = self.mean
        both = covariance(self.above, self.below, self.products)
        unit = self.above.variance - 2 * ratio * both + ratio * ratio * self.below.variance
        return unit / self.below.mean**2

    @property
    def plain(self) -> tuple[float, float]:
        return self.variance, self.variance


@dataclass(frozen=True)
class Crossed:
    """Sums of products of two ratios' parts, unit by unit, those from before second."""

    above_above: float
    above_below: float
    below_above: float
    below_below: float


@dataclass(frozen=True)
class AdjustedRatio(_LessBefore):
    """A ratio with the ratio of the same units before the experiment: CUPED and delta method."""

    after: RatioSample
    before: RatioSample
    crossed: Crossed
    theta: float = 0.0

    @property
    def covariance(self) -> float:
        """Covariance of both ratios, each linear around its mean."""
        now, then, sums = self.after, self.before, self.crossed
        if not now.below.total or not then.below.total:
            return math.nan
        unit = (
            covariance(now.above, then.above, sums.above_above)
            - then.mean * covariance(now.above, then.below, sums.above_below)
            - now.mean * covariance(now.below, then.above, sums.below_above)
            + now.mean * then.mean * covariance(now.below, then.below, sums.below_below)
        )
        return unit / (now.below.mean * then.below.mean)


def pooled(a: Adjusted, b: Adjusted) -> tuple[Adjusted, Adjusted]:
    """Return both arms with the theta of all their units together."""
    both = a + b
    variance = both.before.variance
    theta = both.covariance / variance if variance > 0 else 0.0
    return replace(a, theta=theta), replace(b, theta=theta)


def pooled_ratios(a: AdjustedRatio, b: AdjustedRatio) -> tuple[AdjustedRatio, AdjustedRatio]:
    """Return both arms with the theta of their covariances and variances, added up."""
    variance = a.before.variance + b.before.variance
    theta = (a.covariance + b.covariance) / variance if variance > 0 else 0.0
    return replace(a, theta=theta), replace(b, theta=theta)
