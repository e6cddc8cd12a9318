"""Evaluations in memory against the same on Beam, and what the memory engine adds."""

from typing import Any

import pytest
from evaluated_trips import TIPS, Load, evaluate

from mlops_pipeline.artifacts import Examples

pytestmark = [pytest.mark.ml, pytest.mark.filterwarnings("ignore")]


@pytest.mark.parametrize("method", ["JACKKNIFE", "POISSON_BOOTSTRAP"])
def test_intervals_surround_the_value_and_are_the_same_again(
    trips: Examples, tips: dict[str, Any], load: Load, method: str
) -> None:
    high = {"value_threshold": {"lower_bound": 0.99}}
    config = {
        "model_specs": TIPS["model_specs"],
        "slicing_specs": [{}, {"feature_values": {"payment": "Card"}}],
        "options": {
            "compute_confidence_intervals": True,
            "confidence_intervals": {"method": method},
        },
        "metrics_specs": [{"metrics": [{"class_name": "BinaryAccuracy", "threshold": high}]}],
    }
    outputs = [evaluate(trips, config) for _ in range(2)]
    first, second = (load(each["evaluation"]) for each in outputs)
    accuracy = load(tips["evaluation"]).overall["binary_accuracy"]
    assert first.overall == {"binary_accuracy": pytest.approx(accuracy)}
    assert first.intervals == second.intervals
    assert [where for where, _ in first.intervals] == [{}, {"payment": "Card"}]
    for _, bounds in first.intervals:
        lower, upper = bounds["binary_accuracy"]
        assert lower < accuracy < upper < lower + 0.3
    reasons = outputs[0]["blessing"].properties["reasons"]
    assert reasons[0].startswith(f"binary_accuracy of all is {accuracy:.6g}, between 0.")
