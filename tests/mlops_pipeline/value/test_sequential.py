"""Published numbers: of confseq's tests (made in R), GrowthBook's, and ldbounds' documentation."""

import math
import random

import pytest

from mlops_pipeline.errors import ParameterError
from mlops_pipeline.value import (
    asymptotic_half_width,
    asymptotic_p,
    obrien_fleming_bounds,
    quantile_band,
    quantile_interval,
    rate_interval,
)
from mlops_pipeline.value.sequential import best_rho, normal_log_mixture, normal_mixture_bound


def near(*numbers: float, digits: int = 5) -> object:
    return pytest.approx(numbers if len(numbers) > 1 else numbers[0], abs=1.01 * 10**-digits)


def test_the_normal_mixture_is_the_published_one() -> None:
    rho = best_rho(100, 0.05)
    assert rho == near(12.60056)
    assert normal_log_mixture(10, 100, rho) == near(-0.6510052, digits=6)
    assert normal_mixture_bound(100, 0.05, rho) == near(30.35209)


@pytest.mark.parametrize(
    ("successes", "n", "tightest_at", "low", "high"),
    [
        (700, 1000, 100, 0.651629, 0.745949),
        (15, 50, 50, 0.129556, 0.511896),
        (1, 50, 50, 0.0, 0.134890),
    ],
)
def test_the_interval_of_a_rate_is_the_published_one(
    successes: int, n: int, tightest_at: int, low: float, high: float
) -> None:
    assert rate_interval(successes, n, tightest_at=tightest_at) == near(low, high)


def test_the_interval_of_a_rate_reaches_the_end_that_was_seen() -> None:
    assert rate_interval(0, 40)[0] == 0
    assert rate_interval(40, 40)[1] == 1
    assert rate_interval(0, 0) == (0, 1)


def test_the_band_of_quantiles_is_the_published_one() -> None:
    assert quantile_band(1000, alpha=0.05, n_min=100, scale=0.85) == near(0.08204769, digits=6)


def test_a_quantile_has_no_interval_before_the_first_look() -> None:
    assert quantile_interval([1.0] * 99, 0.5) == (-math.inf, math.inf)


def test_the_interval_of_a_quantile_holds_it_and_narrows() -> None:
    draw = random.Random(5)
    values = [draw.expovariate(1) for _ in range(20_000)]
    few, many = quantile_interval(sorted(values[:500]), 0.9), quantile_interval(sorted(values), 0.9)
    true = math.log(10)
    assert few[0] < many[0] < true < many[1] < few[1]
    assert many[1] - many[0] < 0.5


def test_the_bounds_of_planned_looks_are_the_published_ones() -> None:
    found = obrien_fleming_bounds([0.2, 0.4, 0.6, 0.8, 1.0])
    assert found == near(4.877, 3.357, 2.680, 2.290, 2.031, digits=3)


def test_one_look_at_the_end_is_the_usual_test() -> None:
    assert obrien_fleming_bounds([1.0]) == [near(1.959964)]


@pytest.mark.parametrize("looks", [[], [0.5, 0.5], [0.5, 0.2], [0.0, 1.0], [0.5, 1.1]])
def test_looks_that_do_not_grow_are_refused(looks: list[float]) -> None:
    with pytest.raises(ParameterError, match="the looks are at"):
        obrien_fleming_bounds(looks)


def test_the_p_value_and_the_interval_agree_about_0() -> None:
    for estimate in (0.1, 0.2, 0.3, 0.4, 0.5):
        width = asymptotic_half_width(0.1, 800, tightest_at=1000)
        p = asymptotic_p(estimate, 0.1, 800, tightest_at=1000)
        assert (p < 0.05) == (estimate > width)


def test_the_interval_is_narrowest_where_it_was_asked_to_be() -> None:
    widths = {at: asymptotic_half_width(1, 1000, tightest_at=at) for at in (50, 1000, 20_000)}
    assert min(widths, key=lambda at: widths[at]) == 1000


def test_nothing_is_known_without_units() -> None:
    assert asymptotic_half_width(0.1, 0) == math.inf
    assert asymptotic_p(0.3, 0.1, 0) == 1


def test_evidence_far_beyond_a_float_is_no_error() -> None:
    assert asymptotic_p(1e6, 1e-6, 10_000) < 1e-200


@pytest.mark.parametrize("alpha", [0, 1, -0.1, 5, math.nan])
def test_an_alpha_that_is_no_probability_is_refused(alpha: float) -> None:
    with pytest.raises(ParameterError, match="alpha is"):
        asymptotic_half_width(1, 10, alpha=alpha)


def false_alarms(always_valid: bool, looks: int = 30, runs: int = 400) -> float:
    """Return the share of experiments without a difference in which a look finds one."""
    draw, wrong = random.Random(11), 0
    for _ in range(runs):
        total = 0.0
        for look in range(1, looks + 1):
            # The sum of 100 standard normal values.
            total += draw.gauss(0, 10)
            n = 100 * look
            estimate, error = total / n, 1 / math.sqrt(n)
            if always_valid:
                found = asymptotic_p(estimate, error, n, tightest_at=1500) < 0.05
            else:
                found = abs(estimate / error) > 1.96
            if found:
                wrong += 1
                break
    return wrong / runs


def test_thirty_looks_raise_few_false_alarms_where_a_z_test_raises_many() -> None:
    assert false_alarms(always_valid=True) <= 0.05
    assert false_alarms(always_valid=False) > 0.2
