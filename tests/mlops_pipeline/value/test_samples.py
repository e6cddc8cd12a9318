import math
from statistics import variance

import pytest

from mlops_pipeline.errors import ParameterError
from mlops_pipeline.value import Adjusted, RatioSample, Sample, sample_of, shares


def test_sums_give_mean_and_variance() -> None:
    values = [1.5, 2.0, 4.0, 8.5]
    found = sample_of(values)
    assert found.mean == 4
    assert found.variance == pytest.approx(variance(values))


def test_sums_of_parts_add_up() -> None:
    assert sample_of([1, 2]) + sample_of([3]) == sample_of([1, 2, 3])


def test_a_share_has_the_variance_of_its_rate() -> None:
    assert shares(3, 12).variance == pytest.approx(0.25 * 0.75)


@pytest.mark.parametrize(("successes", "n"), [(5, 4), (-1, 4)])
def test_more_successes_than_units_are_refused(successes: int, n: int) -> None:
    with pytest.raises(ParameterError, match="is no share"):
        shares(successes, n)


@pytest.mark.parametrize("wrong", [math.nan, math.inf])
def test_sums_that_are_no_numbers_are_refused(wrong: float) -> None:
    with pytest.raises(ParameterError, match="leave out values"):
        sample_of([1.0, wrong])


def test_nothing_has_no_mean() -> None:
    assert math.isnan(Sample(0, 0, 0).mean)
    assert math.isnan(RatioSample(Sample(3, 1, 1), Sample(3, 0, 0), 0).variance)


def test_parts_of_an_adjusted_metric_add_up() -> None:
    one = Adjusted(sample_of([1, 2]), sample_of([3, 5]), 13)
    both = one + Adjusted(sample_of([4]), sample_of([6]), 24)
    assert both == Adjusted(sample_of([1, 2, 4]), sample_of([3, 5, 6]), 37)


def test_a_ratio_counts_that_its_parts_vary_together() -> None:
    # Every unit has the same ratio, so that nothing is left to vary.
    above, below = [2.0, 4.0, 6.0], [1.0, 2.0, 3.0]
    products = math.fsum(x * y for x, y in zip(above, below, strict=True))
    found = RatioSample(sample_of(above), sample_of(below), products)
    assert found.mean == 2
    assert found.variance == pytest.approx(0, abs=1e-12)
