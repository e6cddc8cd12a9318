"""Versions of datasets, the models that were trained on them, and distances of distributions."""

from __future__ import annotations

import pytest

from mlops_pipeline.inspection.feature_statistics import (
    Ranges,
    jensen_shannon,
    l_infinity,
    on_one_scale,
)


def test_distances_are_0_for_equal_and_1_for_disjoint_distributions() -> None:
    one, same, other = {"a": 1, "b": 3}, {"a": 10, "b": 30}, {"c": 5}
    assert l_infinity(one, same) == jensen_shannon(one, same) == 0
    assert jensen_shannon(one, other) == pytest.approx(1)
    assert l_infinity(one, other) == 1
    assert l_infinity(one, {"a": 3, "b": 1}) == 0.5
    assert l_infinity({}, {}) == jensen_shannon({}, {}) == 0


def test_numbers_are_compared_on_one_scale() -> None:
    wide = Ranges(((0.0, 10.0, 100.0),))
    narrow = Ranges(((0.0, 5.0, 50.0), (5.0, 10.0, 50.0)))
    assert jensen_shannon(*on_one_scale(wide, narrow)) == 0
    apart = Ranges(((20.0, 30.0, 7.0),))
    assert jensen_shannon(*on_one_scale(wide, apart)) == pytest.approx(1)
    constant = Ranges(((4.0, 4.0, 9.0),))
    assert jensen_shannon(*on_one_scale(constant, constant)) == 0
