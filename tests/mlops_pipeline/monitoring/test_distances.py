"""Published numbers: of the tests of strappy, Evidently and NannyML, and of Yurdakul 2018."""

import math
import random

import pytest

from mlops_pipeline.errors import ParameterError
from mlops_pipeline.monitoring import chi_square_p, hellinger, largest_gap, psi, wasserstein
from mlops_pipeline.monitoring.distances import _index

OLD, NEW = (16, 18, 16, 14, 12, 12), (16, 16, 16, 16, 16, 8)


def test_the_index_is_the_published_one() -> None:
    assert _index((6, 5), (5, 4)) == pytest.approx(0.00041, abs=5e-6)


@pytest.mark.ml
@pytest.mark.parametrize(
    ("before", "after", "limit"),
    [(100, 100, 0.338), (1000, 1000, 0.034), (100_000, 10_000, 0.0019)],
)
def test_the_limit_of_ten_bins_is_the_published_one(before: int, after: int, limit: float) -> None:
    found = psi([before / 10] * 10, [after / 10] * 10)
    assert found.limit == pytest.approx(limit, rel=0.025)
    assert not found.drifted


@pytest.mark.ml
def test_few_rows_of_one_distribution_seldom_drift_and_another_one_does() -> None:
    draw = random.Random(4)

    def counts(n: int, shift: int = 0) -> list[int]:
        found = [0] * 10
        for _ in range(n):
            found[min(9, int(draw.random() * 10) + shift * (draw.random() < 0.5))] += 1
        return found

    alarms = sum(psi(counts(500), counts(500)).drifted for _ in range(100))
    assert alarms <= 12
    assert psi(counts(500), counts(500, shift=2)).drifted


@pytest.mark.ml
def test_the_chi_square_test_is_the_published_one() -> None:
    assert chi_square_p(OLD, NEW) == pytest.approx(0.67309, abs=5e-6)


def test_hellinger_is_the_published_one() -> None:
    # The published digits are cut, not rounded.
    assert hellinger(OLD, NEW) == pytest.approx(0.06812, abs=1e-5)


def test_the_largest_difference_of_a_share_is_the_published_one() -> None:
    assert largest_gap((2, 2, 2, 0), (2, 2, 2, 1)) == pytest.approx(0.14, abs=5e-3)


def test_a_shift_by_one_is_a_distance_of_about_one() -> None:
    draw = random.Random(1)
    first = [draw.gauss(0, 1) for _ in range(5000)]
    second = [draw.gauss(1, 1) for _ in range(5000)]
    assert wasserstein(first, second) == pytest.approx(1, abs=0.06)
    assert wasserstein([1, 2, 3], [1, 2, 3]) == 0
    assert wasserstein([0], [3, 5]) == 4


@pytest.mark.ml
def test_what_was_impossible_is_found() -> None:
    assert chi_square_p((5, 0), (5, 1)) == 0
    assert chi_square_p((5,), (9,)) == 1
    assert math.isfinite(psi((50, 0), (50, 50)).value)


@pytest.mark.parametrize(
    ("before", "after"),
    [((), ()), ((1,), (1, 2)), ((0, 0), (1, 1)), ((-1, 2), (1, 1)), ((1, math.nan), (1, 1))],
)
def test_counts_that_cannot_be_compared_are_refused(
    before: tuple[float, ...], after: tuple[float, ...]
) -> None:
    for distance in (psi, chi_square_p, hellinger, largest_gap):
        with pytest.raises(ParameterError, match="cannot be compared"):
            distance(before, after)


@pytest.mark.parametrize("values", [[], [math.nan], [1.0, math.inf]])
def test_values_that_are_no_numbers_are_refused(values: list[float]) -> None:
    with pytest.raises(ParameterError):
        wasserstein(values, [1.0])
