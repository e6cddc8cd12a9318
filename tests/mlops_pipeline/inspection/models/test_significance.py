"""Tests of chance."""

from __future__ import annotations

import random

import pytest

from mlops_pipeline.inspection.models.significance import (
    corrected,
    part_apart,
    rate_apart,
    rates_apart,
    samples_apart,
    two_sided,
)


def test_a_score_of_196_is_five_percent() -> None:
    assert two_sided(1.959964) == pytest.approx(0.05)
    assert two_sided(-1.959964) == pytest.approx(0.05)


def test_the_tea_of_fishers_lady_has_its_known_probability() -> None:
    # One tail is 17/70; a slice of 4 of 8 cups with 3 of 4 right.
    assert rate_apart(3, 4, 4, 8) == pytest.approx(2 * 17 / 70)
    assert rate_apart(4, 4, 4, 8) == pytest.approx(2 / 70)


def test_two_large_rates_have_the_pooled_score() -> None:
    # 45 of 100 against 30 of 100: z = 0.15 / sqrt(0.375 * 0.625 * 0.02) = 2.19089.
    assert rates_apart(45, 100, 30, 100) == pytest.approx(two_sided(2.19089), rel=1e-4)


def test_the_exact_test_and_the_score_meet_where_cells_are_large_enough() -> None:
    exact, score = rate_apart(4, 100, 90, 2000), rate_apart(5, 112, 90, 2000)
    assert exact
    assert score
    assert exact > 0.5
    assert score > 0.5


@pytest.mark.parametrize(
    "table", [(0, 0, 1, 2), (2, 2, 2, 2), (2, 4, 1, 8), (1, 3, 7, 8), (5, 9, 9, 8)]
)
def test_what_is_no_part_is_not_tested(table: tuple[int, int, int, int]) -> None:
    assert rate_apart(*table) is None


def test_many_cases_and_none_of_them_right_cost_no_time() -> None:
    assert rate_apart(0, 10**9, 10**9, 2 * 10**9) == 0.0
    assert rate_apart(10**6, 10**9, 10**9, 10**12) == pytest.approx(1.0, abs=0.01)


def test_slices_without_any_error_are_alike() -> None:
    assert rate_apart(10, 10, 100, 100) == 1.0


def test_a_part_is_held_against_the_whole_that_has_it() -> None:
    # Half of all: the variance of the difference is that of the whole.
    assert part_apart((1.0, 5.0), (0.0, 0.5), 0.5) == pytest.approx(two_sided(2.0))
    assert part_apart((1.0, 1.0), (0.0, 1.0), 1.0) is None
    assert samples_apart((0.0, 3.0), (5.0, 4.0)) == pytest.approx(two_sided(1.0))
    assert samples_apart((0.0, 0.0), (5.0, 0.0)) is None


def test_the_correction_is_that_of_benjamini_and_hochberg() -> None:
    # The example of their paper, section 3.2: four of 15 are found at a rate of 0.05.
    chances = [
        *(0.0001, 0.0004, 0.0019, 0.0095, 0.0201, 0.0278, 0.0298, 0.0344, 0.0459),
        *(0.3240, 0.4262, 0.5719, 0.6528, 0.7590, 1.0),
    ]
    mixed = chances[:]
    random.Random(3).shuffle(mixed)
    found = dict(zip(mixed, corrected(mixed), strict=True))
    assert [p for p in chances if found[p] <= 0.05] == chances[:4]
    assert found[0.0001] == pytest.approx(0.0015)
    assert corrected([]) == []
