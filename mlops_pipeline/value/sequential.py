"""Tests and intervals that hold at every look, and one for looks that were planned.

A test at a fixed sample size that is looked at thirty times finds a difference between equals in
more than a quarter of all experiments. What stands here keeps its promise at any number of looks.

    AsympCS   Waudby-Smith, Arbour, Sinha, Kennedy, Ramdas: Time-uniform central limit theory and
              asymptotic confidence sequences. Annals of Statistics 2024, arXiv 2103.06476
    mixtures  Howard, Ramdas, McAuliffe, Sekhon: Time-uniform, nonparametric, nonasymptotic
              confidence sequences. Annals of Statistics 2021, Propositions 5 and 7
    quantiles Howard, Ramdas: Sequential estimation of quantiles. Bernoulli 2022, Theorem 2
    looks     Lan, DeMets: Discrete sequential boundaries for clinical trials. Biometrika 1983;
              O'Brien-Fleming spending, by the recursion of Armitage, McPherson and Rowe (1969)
"""

from __future__ import annotations

import functools
import math
from collections.abc import Callable, Sequence

from mlops_pipeline.errors import ParameterError
from mlops_pipeline.value.distributions import normal_quantile, normal_tail

STEPS = 100
"""Number of halvings in a search: more than a float has digits."""


def refuse_alpha(alpha: float) -> None:
    """Raise if alpha is no probability of a false alarm.

    Raises:
        ParameterError: it is not between 0 and 1.
    """
    if not 0 < alpha < 1:
        raise ParameterError(f"alpha is {alpha}", hint="give a number between 0 and 1, like 0.05")


# AsympCS: the mean of anything, from some dozens of units on.


def mixing_rate(alpha: float, tightest_at: float) -> float:
    """Return r, with which the interval is narrowest at this number of units."""
    refuse_alpha(alpha)
    if not (tightest_at > 0 and math.isfinite(tightest_at)):
        raise ParameterError(
            f"tightest_at is {tightest_at}", hint="give the number of units that you expect"
        )
    twice = -2 * math.log(alpha)
    return math.sqrt((twice + math.log(twice + 1)) / tightest_at)


def asymptotic_half_width(
    standard_error: float, n: int, *, alpha: float = 0.05, tightest_at: float = 5000
) -> float:
    """Return half the width of the interval of a mean, or of a difference of two.

    Args:
        standard_error: of the estimate, at this look.
        n: number of units so far, in both arms.
    """
    r2 = mixing_rate(alpha, tightest_at) ** 2
    if n < 1:
        return math.inf
    spread = n * r2 + 1
    # The paper's s^2 is n times the squared standard error.
    return standard_error * math.sqrt(2 * spread / (n * r2) * math.log(math.sqrt(spread) / alpha))


def mixture_e_value(estimate: float, standard_error: float, n: int, *, r: float) -> float:
    """Return the evidence against 0: the mixture SPRT with a normal prior of variance r^2 s^2.

    Johari, Koomen, Pekelis, Walsh: Peeking at A/B tests, KDD 2017.
    """
    if n < 1 or not standard_error > 0:
        return 1.0 if estimate == 0 or n < 1 or math.isnan(standard_error) else math.inf
    spread = n * r * r + 1
    power = (r * r * n) * (estimate / standard_error) ** 2 / (2 * spread)
    return math.exp(min(power, 700.0)) / math.sqrt(spread)


def asymptotic_p(
    estimate: float,
    standard_error: float,
    n: int,
    *,
    alpha: float = 0.05,
    tightest_at: float = 5000,
) -> float:
    """Return the p-value that holds at every look: one divided by the evidence."""
    r = mixing_rate(alpha, tightest_at)
    return min(1.0, 1 / mixture_e_value(estimate, standard_error, n, r=r))


# Mixtures of Howard et al.


def best_rho(v_opt: float, alpha: float) -> float:
    """Return the rho with which the two-sided normal mixture is narrowest at variance `v_opt`."""
    refuse_alpha(alpha)
    return v_opt / (2 * math.log(1 / alpha) + math.log(1 + 2 * math.log(1 / alpha)))


def normal_log_mixture(s: float, v: float, rho: float) -> float:
    """Return the logarithm of the normal mixture at the sum s and the variance v."""
    return math.log(rho / (v + rho)) / 2 + s * s / (2 * (v + rho))


def normal_mixture_bound(v: float, alpha: float, rho: float) -> float:
    """Return the sum that is crossed at any time with at most the probability alpha."""
    return math.sqrt((v + rho) * (math.log(1 + v / rho) - 2 * math.log(alpha)))


def _log_beta(a: float, b: float) -> float:
    return math.lgamma(a) + math.lgamma(b) - math.lgamma(a + b)


def rate_evidence(successes: float, n: int, p: float, rho: float) -> float:
    """Return the logarithm of the evidence against the rate p: a beta-binomial mixture."""
    r = max(rho - p * (1 - p), 1e-3 * p * (1 - p))
    a, b = r / (1 - p), r / p
    failures = n - successes
    start = _log_beta(a, b)
    plain = successes * math.log(p) + failures * math.log1p(-p)
    return _log_beta(a + successes, b + failures) - start - plain


def rate_interval(
    successes: float, n: int, *, alpha: float = 0.05, tightest_at: float = 1000
) -> tuple[float, float]:
    """Return the interval of a rate that holds at every look, however small the numbers."""
    refuse_alpha(alpha)
    if not 0 <= successes <= n:
        raise ParameterError(f"{successes} of {n} is no rate", hint="count each unit once")
    if n == 0:
        return 0.0, 1.0
    seen, limit = successes / n, math.log(1 / alpha)

    def rejected(p: float) -> bool:
        # The mixture of the published tables is made for alpha 0.05, whatever alpha is asked for.
        rho = best_rho(p * (1 - p) * tightest_at, 0.05)
        return rate_evidence(successes, n, p, rho) >= limit

    low = 0.0 if successes == 0 else _edge(rejected, 0.0, seen)
    high = 1.0 if successes == n else _edge(rejected, 1.0, seen)
    return low, high


def _edge(rejected: Callable[[float], bool], outside: float, inside: float) -> float:
    """Return the border between a rejected end and an accepted one."""
    for _ in range(STEPS):
        middle = (outside + inside) / 2
        if middle in (outside, inside):
            break
        if rejected(middle):
            outside = middle
        else:
            inside = middle
    return (outside + inside) / 2


# Quantiles: latency and scores.


def quantile_band(n: int, *, alpha: float = 0.05, n_min: int = 100, scale: float = 0.85) -> float:
    """Return how far, at every look, the share below any value may be from the true one.

    Args:
        n_min: the first look; before it nothing is known.
        scale: shape of the band; the paper's default.
    """
    refuse_alpha(alpha)
    if n < n_min:
        return math.inf
    return scale * math.sqrt((math.log(1 + math.log(n / n_min)) + _constant(alpha, scale)) / n)


def quantile_interval(
    ordered: Sequence[float], q: float, *, alpha: float = 0.05, n_min: int = 100
) -> tuple[float, float]:
    """Return the interval of a quantile of sorted values that holds at every look."""
    if not 0 < q < 1:
        raise ParameterError(f"the quantile is {q}", hint="give a number between 0 and 1")
    n = len(ordered)
    band = quantile_band(n, alpha=alpha, n_min=n_min)
    low, high = math.ceil(n * (q - band)) if band < q else 0, q + band
    above = math.floor(n * high) + 1 if high < 1 else n + 1
    return (
        ordered[low - 1] if low >= 1 else -math.inf,
        ordered[above - 1] if above <= n else math.inf,
    )


@functools.cache
def _constant(alpha: float, scale: float) -> float:
    """Return the C of Theorem 2 for which the error of the band is alpha."""
    low, high = 0.1, 5.0
    while _band_error(high, scale) > alpha:
        low, high = high, high * 2
    return _edge(lambda c: _band_error(c, scale) > alpha, low, high)


def _band_error(c: float, scale: float) -> float:
    """Return the smallest bound of the error over the free parameter eta."""

    def error(eta: float) -> float:
        gap = scale - math.sqrt(2 * (eta - 1) / c)
        gamma = 2 / eta * gap * gap
        if gap <= 0 or gamma <= 1:
            return math.inf
        return 4 * math.exp(-gamma * c) * (1 + 1 / ((gamma - 1) * math.log(eta)))

    # Above this eta there is no bound; below it the bound has one valley.
    top = _edge(lambda eta: error(eta) == math.inf, 2 * scale * scale, 1 + 1e-12)
    low, high, golden = 1 + 1e-12, top, (math.sqrt(5) - 1) / 2
    for _ in range(STEPS):
        left, right = high - golden * (high - low), low + golden * (high - low)
        if error(left) < error(right):
            high = right
        else:
            low = left
    return error((low + high) / 2)


# Looks that were planned.


def obrien_fleming_spent(share: float, alpha: float) -> float:
    """Return how much of alpha (one side) may be spent when this share of the data is in."""
    return 2 * normal_tail(normal_quantile(1 - alpha / 2) / math.sqrt(share))


def obrien_fleming_bounds(looks: Sequence[float], *, alpha: float = 0.05) -> list[float]:
    """Return, for each look, the z that a two-sided test must reach.

    Args:
        looks: shares of the planned sample that are in at each look, growing, the last at most 1.
    """
    refuse_alpha(alpha)
    if not looks or list(looks) != sorted(set(looks)) or not 0 < looks[0] <= looks[-1] <= 1:
        raise ParameterError(
            f"the looks are at {list(looks)}", hint="give growing shares, such as 0.25, 0.5, 1"
        )
    bounds: list[float] = []
    spent, before, state = 0.0, 0.0, [(0.0, 1.0)]
    for share in looks:
        target = obrien_fleming_spent(share, alpha / 2)
        step = math.sqrt(share - before)
        edge = _crossing(state, step, target - spent)
        bounds.append(edge / math.sqrt(share))
        state = _continuing(state, step, edge)
        spent, before = target, share
    return bounds


def _crossing(state: Sequence[tuple[float, float]], step: float, spend: float) -> float:
    """Return the edge that is crossed upwards at this look with this probability."""

    def crossed(edge: float) -> float:
        return math.fsum(weight * normal_tail((edge - at) / step) for at, weight in state)

    return _edge(lambda edge: crossed(edge) < spend, 40.0, 0.0)


def _continuing(
    state: Sequence[tuple[float, float]], step: float, edge: float
) -> list[tuple[float, float]]:
    """Return where the sum may be if it stayed inside, as points with weights (Simpson)."""
    count = 300
    width = 2 * edge / count
    factor = 1 / (step * math.sqrt(2 * math.pi))
    points = []
    for index in range(count + 1):
        at = -edge + index * width
        density = factor * math.fsum(
            weight * math.exp(-(((at - other) / step) ** 2) / 2) for other, weight in state
        )
        simpson = 1 if index in (0, count) else 4 if index % 2 else 2
        points.append((at, density * simpson * width / 3))
    return points
