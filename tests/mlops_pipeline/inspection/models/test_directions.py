"""Which way a metric is better."""

from __future__ import annotations

import pytest

from mlops_pipeline.inspection.models.directions import direction_of


@pytest.mark.parametrize(
    ("name", "direction"),
    [
        ("auc", 1),
        ("auc_precision_recall", 1),
        ("sparse_categorical_accuracy", 1),
        ("fairness_indicators_metrics/recall@0.5", 1),
        ("output/F1 Score", 1),
        ("loss", -1),
        ("binary_crossentropy", -1),
        ("root_mean_squared_error", -1),
        ("fairness_indicators_metrics/false_positive_rate@0.5", -1),
        ("recall_loss", -1),
        ("calibration", 0),
        ("example_count", 0),
        ("glossary", 0),
        ("", 0),
        ("<b>\u202e", 0),
    ],
)
def test_names_tell_which_way_is_better(name: str, direction: int) -> None:
    assert direction_of(name) == direction
