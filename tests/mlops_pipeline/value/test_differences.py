"""Published numbers: of GrowthBook's tests of gbstats."""

import math
import random

import pytest

from mlops_pipeline.errors import ParameterError
from mlops_pipeline.value import (
    Adjusted,
    AdjustedRatio,
    Crossed,
    RatioSample,
    Sample,
    always_valid,
    fixed_horizon,
    planned_look,
    sample_of,
    shares,
)

BASELINE = Sample(3000, 1396.87, 52377.9767)
CANDIDATE = Sample(3461, 2422.7, 134698.29)


def near(*numbers: float, digits: int = 5) -> object:
    return pytest.approx(numbers if len(numbers) > 1 else numbers[0], abs=1.01 * 10**-digits)


@pytest.mark.ml
def test_welch_is_the_published_one() -> None:
    a, b = Sample(3407, 1396.87, 52377.9767), CANDIDATE
    found = fixed_horizon(a, b)
    assert (found.estimate, found.low, found.high) == near(0.70732, -0.03526, 1.44989)
    assert (found.standard_error, found.p) == near(0.37879, 0.06191)
    found = fixed_horizon(a, b, relative=False)
    assert (found.estimate, found.low, found.high) == near(0.29, 0.04538, 0.53462)
    assert (found.standard_error, found.p) == near(0.12478, 0.02016)


@pytest.mark.ml
def test_welch_of_shares_is_the_published_one() -> None:
    found = fixed_horizon(shares(14, 28), shares(16, 30))
    assert (found.estimate, found.low, found.high) == near(0.06667, -0.47767, 0.61101)
    assert (found.standard_error, found.p) == near(0.2717, 0.80707)


def test_the_always_valid_interval_of_a_mean_is_the_published_one() -> None:
    found = always_valid(BASELINE, CANDIDATE, tightest_at=1000)
    assert (found.estimate, found.low, found.high) == near(0.50336, -0.55844, 1.56516)
    assert (found.standard_error, found.p) == near(0.33341, 1)


def test_the_always_valid_interval_of_a_rate_is_the_published_one() -> None:
    found = always_valid(shares(1396, 3000), shares(2422, 3461))
    assert (found.estimate, found.low, found.high) == near(0.50386, 0.40098, 0.60675)
    assert (found.standard_error, found.p) == near(0.03386, 0)


def test_the_always_valid_interval_with_a_covariate_is_the_published_one() -> None:
    a = Adjusted(BASELINE, Sample(3000, 16.87, 527.9767), 1)
    b = Adjusted(CANDIDATE, Sample(3461, 22.7, 1348.29), 1)
    found = always_valid(a, b)
    assert (found.estimate, found.standard_error) == near(0.50338, 0.33341)
    # We count that the adjusted mean and what it is divided by vary together; they did not.
    assert (found.low, found.high) == pytest.approx((-0.50969, 1.51646), abs=2e-5)


def adjusted_ratios() -> tuple[AdjustedRatio, AdjustedRatio]:
    def ratio(above: Sample, below: Sample, products: float) -> RatioSample:
        return RatioSample(above, below, products)

    n = 100
    a = AdjustedRatio(
        ratio(
            Sample(n, 485.112236689623, 2715.484666118136),
            Sample(n, 679.9093275844917, 4939.424001640236),
            3602.146836776702,
        ),
        ratio(
            Sample(n, 192.59138069991536, 460.076026390857),
            Sample(n, 290.1398399750233, 920.9461385038898),
            634.239482353647,
        ),
        Crossed(1113.6215759318352, 1559.2878434944676, 1460.3181079276983, 2130.9404074446747),
    )
    b = AdjustedRatio(
        ratio(
            Sample(n, 514.7757826608777, 2994.897482705013),
            Sample(n, 705.4090874383759, 5291.36604146392),
            3918.1561431600717,
        ),
        ratio(
            Sample(n, 206.94157227402536, 514.2903702246757),
            Sample(n, 302.54389139107326, 994.4506208125663),
            698.4173425817908,
        ),
        Crossed(1237.0953021125997, 1701.0287270040265, 1604.0759503266522, 2292.081739775257),
    )
    return a, b


@pytest.mark.ml
def test_a_ratio_with_a_covariate_is_the_published_one() -> None:
    found = fixed_horizon(*adjusted_ratios())
    assert (found.estimate, found.low, found.high) == near(-0.0007, -0.00841, 0.00700)
    assert (found.standard_error, found.p) == near(0.00391, 0.85771)


def test_the_always_valid_interval_of_a_ratio_with_a_covariate_is_the_published_one() -> None:
    found = always_valid(*adjusted_ratios())
    assert (found.estimate, found.low, found.high) == near(-0.0007, -0.02063, 0.01923)


def test_a_covariate_narrows_the_interval_and_leaves_the_estimate_about_where_it_is() -> None:
    draw = random.Random(3)

    def arm(lift: float) -> tuple[Sample, Adjusted]:
        before = [draw.gauss(10, 3) for _ in range(4000)]
        after = [x + draw.gauss(lift, 1) for x in before]
        products = math.fsum(x * y for x, y in zip(before, after, strict=True))
        return sample_of(after), Adjusted(sample_of(after), sample_of(before), products)

    (plain_a, a), (plain_b, b) = arm(0), arm(0.2)
    plain, found = always_valid(plain_a, plain_b), always_valid(a, b)
    assert found.high - found.low < (plain.high - plain.low) / 2
    assert found.low < 0.02 < found.high
    assert found.low > 0


def test_the_relative_error_of_a_negative_baseline_is_positive() -> None:
    a, b = sample_of([-2.0, -3.0, -4.0] * 50), sample_of([-1.0, -2.0, -3.0] * 50)
    found = always_valid(a, b)
    assert found.standard_error > 0
    assert found.low < found.estimate < found.high


def test_planned_looks_end_earlier_than_a_test_for_every_look() -> None:
    a, b = shares(1000, 10_000), shares(1060, 10_000)
    assert planned_look(a, b, (0.5, 1.0)).low > always_valid(a, b).low


@pytest.mark.parametrize(
    ("baseline", "candidate", "said"),
    [
        (Sample(0, 0, 0), CANDIDATE, "the baseline has 0 units"),
        (BASELINE, Sample(1, 5, 25), "the candidate has 1 units"),
        (Sample(2, 1396.87, 52377.9767), CANDIDATE, "the sums of the baseline have no variance"),
        (Sample(9, 0, 4), CANDIDATE, "the mean of the baseline is 0"),
        (Sample(9, 9, 9), Sample(9, 9, 9), "nothing varies"),
    ],
)
def test_sums_of_which_nothing_follows_say_why(
    baseline: Sample, candidate: Sample, said: str
) -> None:
    found = always_valid(baseline, candidate)
    assert found.problem.startswith(said)
    assert (found.low, found.high, found.p) == (-math.inf, math.inf, 1)


def test_a_baseline_near_0_is_warned_of() -> None:
    found = always_valid(Sample(100, 10, 100), Sample(100, 20, 100))
    assert found.problem == "the mean of the baseline is within 5 standard errors of 0"
    assert math.isfinite(found.low)


def test_planned_looks_need_one() -> None:
    with pytest.raises(ParameterError, match="no look is planned"):
        planned_look(BASELINE, CANDIDATE, ())
