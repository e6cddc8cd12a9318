"""Confidence intervals of metrics."""

from __future__ import annotations

import pytest

from mlops_pipeline.inspection.models.evaluation_file import SliceMetrics
from mlops_pipeline.inspection.models.intervals import (
    GIVEN,
    HANLEY,
    WILSON,
    hanley_mcneil,
    interval_of,
)


def row(**metrics: float) -> SliceMetrics:
    return SliceMetrics(metrics=metrics)


def test_the_area_under_the_curve_has_the_error_of_hanley_and_mcneil() -> None:
    # Their paper's example: A = 0.893 with 51 abnormal and 58 normal images has an error of 0.032.
    low, high = hanley_mcneil(0.893, 51, 58)
    assert (high - 0.893) / 1.959964 == pytest.approx(0.032, abs=6e-4)
    assert low < 0.893 < high


def test_a_rate_of_all_examples_has_wilsons_interval() -> None:
    found = interval_of(row(example_count=10, binary_accuracy=0.8), "binary_accuracy")
    assert (found.method, found.hits, found.cases) == (WILSON, 8, 10)
    assert found.low == pytest.approx(0.4902, abs=1e-4)
    assert found.error == pytest.approx((0.9433 - 0.4902) / 3.92, abs=1e-3)


def test_the_interval_of_the_evaluation_goes_first() -> None:
    given = SliceMetrics((), {"example_count": 10, "accuracy": 0.8}, {"accuracy": (0.7, 0.9)})
    found = interval_of(given, "accuracy")
    assert (found.low, found.high, found.method) == (0.7, 0.9, GIVEN)
    elsewhere = SliceMetrics((), {"example_count": 10, "accuracy": 0.8}, {"accuracy": (0.0, 0.0)})
    assert interval_of(elsewhere, "accuracy").method == WILSON


@pytest.mark.parametrize(
    ("metrics", "name", "cases"),
    [
        ({"recall": 0.5, "true_positives": 2, "false_negatives": 2}, "recall", 0),
        (
            {
                "recall": 0.5,
                "true_positives": 2,
                "false_negatives": 2,
                "true_negatives": 5,
                "false_positives": 1,
            },
            "recall",
            4,
        ),
        ({"recall": 0.5, "example_count": 10, "mean_label": 0.4}, "recall", 4),
        ({"f/recall@0.5": 0.5, "example_count": 10, "mean_label": 0.4}, "f/recall@0.5", 4),
        ({"recall@1": 0.5, "example_count": 10, "mean_label": 0.4}, "recall@1", 0),
        (
            {"f/precision@0.5": 0.5, "f/positive_rate@0.5": 0.2, "example_count": 10},
            "f/precision@0.5",
            2,
        ),
        ({"fpr": 0.5, "example_count": 10, "mean_label": 0.4}, "fpr", 6),
    ],
)
def test_the_cases_of_a_rate_come_from_counts(
    metrics: dict[str, float], name: str, cases: int
) -> None:
    assert interval_of(row(**metrics), name).cases == cases


def test_an_area_needs_the_number_of_both_classes() -> None:
    found = interval_of(row(auc=0.9, example_count=100, mean_label=0.25), "auc")
    assert found.method == HANLEY
    assert interval_of(row(auc=0.9, example_count=100), "auc").why.startswith("the numbers of both")
    assert interval_of(row(auc=1.0, example_count=100, mean_label=0.25), "auc").low is None


@pytest.mark.parametrize(
    ("metrics", "name", "why"),
    [
        ({"example_count": 0, "accuracy": 1.0}, "accuracy", "no examples"),
        ({"example_count": 10}, "accuracy", "no number"),
        ({"example_count": 10.5, "accuracy": 0.8}, "accuracy", "the examples are weighted"),
        ({"accuracy": 0.8}, "accuracy", "their number is unknown"),
        ({"example_count": 10, "accuracy": 0.83}, "accuracy", "no whole number of examples"),
        ({"example_count": 10, "accuracy": 1.5}, "accuracy", "no share of the examples"),
        ({"example_count": 10, "accuracy": -0.5}, "accuracy", "no share of the examples"),
        ({"example_count": 10, "loss": 0.8}, "loss", "no formula"),
        ({"example_count": 1e300, "accuracy": 0.8}, "accuracy", "weighted"),
    ],
)
def test_a_metric_without_an_interval_says_why(
    metrics: dict[str, float], name: str, why: str
) -> None:
    found = interval_of(row(**metrics), name)
    assert (found.low, found.error) == (None, None)
    assert why in found.why
