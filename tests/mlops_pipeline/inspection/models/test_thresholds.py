"""Thresholds, passed and failed."""

from __future__ import annotations

import json
from typing import Any

import pytest

from mlops_pipeline.inspection.models.evaluation_file import Evaluation, SliceMetrics
from mlops_pipeline.inspection.models.thresholds import read_thresholds
from mlops_pipeline.store import ArtifactRecord

RECORD = ArtifactRecord("ModelEvaluation", "/x", 1)


def checked(spec: dict[str, Any], **metrics: float) -> list[tuple[str, str, bool]]:
    config = {"evalConfig": {"metricsSpecs": [spec]}}
    evaluation = Evaluation(1, SliceMetrics((), metrics))
    found, said = read_thresholds(RECORD, evaluation, lambda r, p: json.dumps(config).encode())
    assert said == ""
    return [(each.metric, each.limit, each.passed) for each in found]


def bounds(**given: float) -> dict[str, Any]:
    return {"thresholds": {"auc": {"valueThreshold": given}}}


@pytest.mark.parametrize(("value", "passed"), [(0.8, True), (0.7999, False)])
def test_a_bound_belongs_to_what_passes(value: float, passed: bool) -> None:
    assert checked(bounds(lowerBound=0.8), auc=value) == [("auc", "at least 0.8", passed)]
    assert checked(bounds(upperBound=0.8), auc=1.6 - value) == [("auc", "at most 0.8", passed)]


def test_a_metric_without_a_number_fails() -> None:
    assert checked(bounds(lowerBound=0.8)) == [("auc", "at least 0.8", False)]


def test_no_example_fails_whatever_the_number_is() -> None:
    assert checked(bounds(lowerBound=0.8), auc=1.0, example_count=0)[0][2] is False


def test_a_change_is_held_against_its_direction() -> None:
    less = {"absolute": 0.1, "direction": "LOWER_IS_BETTER"}
    spec = {"thresholds": {"loss": {"changeThreshold": less}}}
    assert checked(spec, loss=1.0, loss_diff=0.05) == [("loss", "a change of at most 0.1", True)]
    assert checked(spec, loss=1.0, loss_diff=0.15)[0][2] is False
    # Without a baseline there is no change, and the threshold is dropped.
    assert checked(spec, loss=1.0) == []


def test_a_class_has_its_name_as_keras_spells_it() -> None:
    limit = {"valueThreshold": {"lowerBound": 0.5}}
    names = {
        "AUC": "auc",
        "AUCPrecisionRecall": "auc_precision_recall",
        "SparseCategoricalAccuracy": "sparse_categorical_accuracy",
        "MeanSquaredError": "mean_squared_error",
        "F1Score": "f1_score",
    }
    for given, name in names.items():
        spec = {"metrics": [{"className": given, "threshold": limit}]}
        assert checked(spec, **{name: 0.7}) == [(name, "at least 0.5", True)]


@pytest.mark.parametrize("text", ["", "[]", "{", '{"evalConfig": 3}', '{"evalConfig": {}}'])
def test_a_config_that_is_none_has_no_thresholds(text: str) -> None:
    assert read_thresholds(RECORD, Evaluation(), lambda r, p: text.encode())[0] == ()
