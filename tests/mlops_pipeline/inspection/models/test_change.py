"""A model against the one before."""

from __future__ import annotations

from mlops_pipeline.inspection.models.change import (
    GAINS,
    GONE,
    LOSES,
    NEW,
    SAME,
    UNKNOWN,
    compare_evaluations,
)
from mlops_pipeline.inspection.models.evaluation_file import Evaluation, SliceMetrics


def evaluation(overall: float, count: float = 1000, **slices: tuple[float, float]) -> Evaluation:
    rows = tuple(
        SliceMetrics((("c", name),), {"example_count": n, "accuracy": value})
        for name, (n, value) in slices.items()
    )
    return Evaluation(1, SliceMetrics((), {"example_count": count, "accuracy": overall}), rows)


def test_the_average_gains_and_a_slice_loses() -> None:
    before = evaluation(0.8, DE=(100, 0.9), FR=(900, 0.79))
    after = evaluation(0.82, DE=(300, 0.7), FR=(700, 0.87))
    found = compare_evaluations(before, after, "accuracy")
    assert [(row.label, row.verdict) for row in found.rows] == [("c=DE", LOSES), ("c=FR", GAINS)]
    assert found.rows[0].shares == (0.1, 0.3)
    assert found.said == (
        "accuracy of all examples gains (within noise); 1 of 2 slices loses, 1 of them beyond noise"
    )


def test_a_small_loss_is_within_noise() -> None:
    found = compare_evaluations(
        evaluation(0.8, DE=(10, 0.9)), evaluation(0.8, DE=(10, 0.8)), "accuracy"
    )
    assert (found.overall.verdict, found.rows[0].is_noise) == (SAME, True)
    assert found.said.endswith("1 of 1 slices loses, 0 of them beyond noise")


def test_slices_come_and_go_and_lose_their_numbers() -> None:
    before = evaluation(0.8, A=(10, 0.9), B=(10, 0.9), C=(10, 0.9))
    after = evaluation(0.8, B=(0, 1.0), C=(10, 0.9), D=(10, 0.9))
    found = compare_evaluations(before, after, "accuracy")
    verdicts = {row.label: row.verdict for row in found.rows}
    assert verdicts == {"c=A": GONE, "c=B": UNKNOWN, "c=D": NEW, "c=C": SAME}


def test_no_slices_and_no_numbers_are_told() -> None:
    one = evaluation(0.8)
    assert compare_evaluations(one, one, "accuracy").said == "accuracy of all examples is the same"
    assert "no number" in compare_evaluations(one, Evaluation(), "accuracy").said
    zero = evaluation(1.0, count=0)
    assert "no number" in compare_evaluations(one, zero, "accuracy").said


def test_where_better_is_not_known_nothing_is_said_to_lose() -> None:
    rows = (SliceMetrics((("c", "x"),), {"calibration": 1.0}),)
    before = Evaluation(1, SliceMetrics((), {"calibration": 1.0}), rows)
    after = Evaluation(
        2,
        SliceMetrics((), {"calibration": 2.0}),
        (SliceMetrics((("c", "x"),), {"calibration": 3.0}),),
    )
    found = compare_evaluations(before, after, "calibration")
    assert found.said == "calibration changed in 1 of 1 slices; better is not known of it"
