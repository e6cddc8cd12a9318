"""Evaluations in memory against the same on Beam, and what the memory engine adds."""

import pytest
from evaluated_trips import TIPS, Load, evaluate, rows

from mlops_pipeline.artifacts import Examples

pytestmark = [pytest.mark.ml, pytest.mark.filterwarnings("ignore")]


def test_fairness_thresholds_add_the_rates(trips: Examples, load: Load) -> None:
    config = {**TIPS, "metrics_specs": [], "cross_slicing_specs": []}
    outputs = evaluate(trips, config, fairness_indicator_thresholds=[0.25, 0.5])
    overall = load(outputs["evaluation"]).overall
    said = [row["said"] >= 0.5 for row in rows() if row["tip"]]
    weights = [row["fare"] for row in rows() if row["tip"]]
    right = sum(weight for weight, is_right in zip(weights, said, strict=True) if is_right)
    name = "fairness_indicators_metrics/true_positive_rate@0.50"
    assert overall[name] == pytest.approx(right / sum(weights), rel=1e-4)
    assert len(overall) == 20
