"""Slices by a metric."""

from __future__ import annotations

import time

import pytest

from mlops_pipeline.inspection.models.evaluation_file import Evaluation, SliceMetrics
from mlops_pipeline.inspection.models.slices import (
    BETTER,
    LIKE_ALL,
    NO_EXAMPLES,
    NO_NUMBER,
    NOT_TESTED,
    OTHER,
    WORSE,
    rank_slices,
)


def sliced(count: float, accuracy: float, **where: str) -> SliceMetrics:
    metrics = {"example_count": count, "accuracy": accuracy}
    return SliceMetrics(tuple(sorted(where.items())), metrics)


def ranked(*slices: SliceMetrics, count: float = 1000, accuracy: float = 0.9) -> dict[str, str]:
    found = rank_slices(Evaluation(1, sliced(count, accuracy), slices), "accuracy")
    return {row.label: row.verdict for row in found.rows}


def test_what_stands_out_as_worse_comes_before_a_lower_number_of_few_examples() -> None:
    assert list(ranked(sliced(3, 2 / 3, c="XX"), sliced(200, 0.8, c="DE")).items()) == [
        ("c=DE", WORSE),
        ("c=XX", LIKE_ALL),
    ]


def test_a_slice_may_be_better_than_the_rest() -> None:
    assert ranked(sliced(500, 0.99, c="DE")) == {"c=DE": BETTER}


def test_many_slices_of_chance_do_not_stand_out() -> None:
    # One of a hundred at p = 0.03 is what chance gives; alone it would be a finding.
    odd = sliced(100, 0.83, c="odd")
    others = [sliced(100, 0.9, c=str(number)) for number in range(99)]
    assert ranked(odd, count=10_000)["c=odd"] == WORSE
    assert ranked(odd, *others, count=10_000)["c=odd"] == LIKE_ALL


def test_crossed_slices_of_the_same_examples_are_one_row() -> None:
    found = rank_slices(
        Evaluation(
            1,
            sliced(100, 0.9),
            (
                sliced(40, 0.8, country="DE", lang="de"),
                sliced(40, 0.8, country="DE"),
                sliced(40, 0.8, lang="de"),
                sliced(40, 0.8, sex="f"),
                sliced(10, 0.8, country="DE", sex="f"),
            ),
        ),
        "accuracy",
    )
    rows = {row.label: row.same_as for row in found.rows}
    assert rows["country=DE"] == ("country=DE, lang=de", "lang=de")
    assert rows["sex=f"] == ()
    assert (len(rows), found.folded, found.tested) == (3, 2, 3)


def test_slices_without_examples_or_numbers_are_never_said_to_be_fine() -> None:
    nothing = SliceMetrics((("c", "c"),), {"example_count": 5.0}, unknown=("accuracy",))
    found = ranked(sliced(0, 1.0, c="a"), sliced(5, 1.0, c="b"), nothing)
    assert (found["c=a"], found["c=c"]) == (NO_EXAMPLES, NO_NUMBER)
    assert next(iter(found)) == "c=b"


def test_an_evaluation_of_nothing_has_no_findings() -> None:
    empty = rank_slices(Evaluation(), "accuracy")
    assert (empty.overall.verdict, empty.rows) == (NO_NUMBER, ())
    zero = rank_slices(Evaluation(1, sliced(0, 1.0)), "accuracy")
    assert zero.overall.verdict == NO_EXAMPLES


def test_one_slice_that_is_everything_is_not_tested() -> None:
    assert ranked(sliced(1000, 0.9, c="DE")) == {"c=DE": NOT_TESTED}


def test_a_metric_with_given_intervals_is_held_against_all_examples() -> None:
    all_of_it = SliceMetrics((), {"example_count": 900, "loss": 0.3}, {"loss": (0.29, 0.31)})
    one = SliceMetrics((("c", "DE"),), {"example_count": 90, "loss": 0.6}, {"loss": (0.55, 0.65)})
    other = SliceMetrics(
        (("c", "FR"),), {"example_count": 90, "calibration": 0.6}, {"calibration": (0.5, 0.7)}
    )
    found = rank_slices(Evaluation(1, all_of_it, (one, other)), "loss")
    assert [(row.label, row.verdict) for row in found.rows] == [
        ("c=DE", WORSE),
        ("c=FR", NO_NUMBER),
    ]
    assert found.direction == -1


def test_a_metric_of_which_better_is_not_known_is_only_said_to_be_other() -> None:
    bounds = {"calibration": (0.9, 1.1)}
    far = {"calibration": (1.9, 2.1)}
    one = SliceMetrics((("c", "DE"),), {"example_count": 90, "calibration": 2.0}, far)
    whole = SliceMetrics((), {"example_count": 900, "calibration": 1.0}, bounds)
    (row,) = rank_slices(Evaluation(1, whole, (one,)), "calibration").rows
    assert row.verdict == OTHER


def test_a_tiny_probability_is_not_lost_in_many_slices() -> None:
    many = [sliced(100, 0.5 if n == 7 else 0.9, a=str(n), b=str(n % 50)) for n in range(5_000)]
    begin = time.process_time()
    found = rank_slices(Evaluation(1, sliced(500_000, 0.9), tuple(many)), "accuracy")
    assert found.rows[0].label == "a=7, b=7"
    assert found.rows[0].verdict == WORSE
    assert found.rows[0].chance == pytest.approx(0.0, abs=1e-10)
    assert time.process_time() - begin < 5
