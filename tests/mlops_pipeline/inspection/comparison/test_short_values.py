"""Values that are cut to stand side by side."""

from __future__ import annotations

import math

from mlops_pipeline.inspection.comparison.short_values import side_by_side


def test_short_values_stay_what_they_are() -> None:
    assert side_by_side([1, 2.5, "x", None, [1]], differs=True) == (1, 2.5, "x", None, [1])


def test_numbers_that_json_has_no_word_for_become_texts() -> None:
    assert side_by_side([math.nan, {"a": math.inf}], differs=True) == ("nan", {"a": "inf"})


def test_long_texts_are_cut_to_where_they_begin_to_differ() -> None:
    one, other, none = side_by_side(["a" * 5_000 + "b", "a" * 5_000 + "c", None], differs=True)
    assert (one[0], one.endswith("b (5,001 characters)")) == ("…", True)
    assert (other.endswith("c (5,001 characters)"), none) == (True, None)


def test_a_long_text_that_is_the_same_shows_its_beginning() -> None:
    one, other = side_by_side(["a" * 5_000] * 2, differs=False)
    assert one == other == "a" * 500 + "… (5,000 characters)"


def test_long_lists_are_cut_as_text() -> None:
    one, _ = side_by_side([list(range(1_000)), []], differs=False)
    assert one.startswith("[0, 1, 2")


def test_a_long_text_that_only_one_has_shows_its_beginning() -> None:
    one, none = side_by_side(["a" * 5_000, None], differs=True)
    assert (one[:3], none) == ("aaa", None)
