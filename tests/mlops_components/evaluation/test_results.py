"""Evaluations in memory against the same on Beam, and what the memory engine adds."""

from typing import Any

import pytest
from evaluated_models import column
from evaluated_trips import Load, evaluate

pytestmark = [pytest.mark.ml, pytest.mark.filterwarnings("ignore")]


def test_reasons_tell_slices_cross_slices_and_what_is_missing(
    tips: dict[str, Any], load: Load
) -> None:
    reasons = tips["blessing"].properties["reasons"]
    assert tips["blessing"].properties["blessed"] == 0
    assert any(line.startswith("mean_prediction of all is 0.4") for line in reasons)
    assert any(line.startswith("mean_prediction of all minus payment=") for line in reasons)
    assert any("no example is in the slice" in line and "Gold" in line for line in reasons)
    result = load(tips["evaluation"])
    assert result.reasons == reasons
    assert result.blessed is False
    assert [each.slice["payment"] for each in result.cross_slices] == ["Card", "Cash", "Prepaid"]
    assert list(result.plots[0][1]) == ["calibrationHistogramBuckets"]
    assert tips["evaluation"].properties["engine"] == "memory"


@pytest.mark.parametrize(
    ("threshold", "reasons"),
    [
        ({"upper_bound": 1.0}, ["mean_squared_error of all is 12 (threshold: at most 1)"]),
        (
            {"lower_bound": 0.125, "upper_bound": 1.0},
            ["mean_squared_error of all is 12 (threshold: at least 0.125 and at most 1)"],
        ),
        ({}, ["eval_config has no threshold"]),
    ],
)
def test_reasons_have_the_limits_in_words(threshold: dict[str, Any], reasons: list[str]) -> None:
    metric: dict[str, Any] = {"class_name": "MeanSquaredError"}
    if threshold:
        metric["threshold"] = {"value_threshold": threshold}
    config = {
        "model_specs": [{"label_key": "label", "prediction_key": "said"}],
        "metrics_specs": [{"metrics": [metric]}],
    }
    rows = [{"label": 1.0, "said": 1.0}, {"label": 2.0, "said": 2.0}, {"label": 3.0, "said": 9.0}]
    blessing = evaluate([column(rows)], config)["blessing"]
    assert blessing.properties["reasons"] == reasons
    assert blessing.properties.get("blessed", 0) == 0
