"""Evaluations in memory against the same on Beam, and what the memory engine adds."""

from typing import Any

import pytest
from evaluated_trips import TIPS, Load, evaluate

from mlops_pipeline.artifacts import Examples

pytestmark = [pytest.mark.ml, pytest.mark.filterwarnings("ignore")]


def test_what_memory_does_not_offer_is_said_and_done(
    trips: Examples, load: Load, caplog: pytest.LogCaptureFixture
) -> None:
    ranking = {"class_name": "NDCG", "config": '{"gain_key": "fare", "top_k_list": [3]}'}
    config = {
        "model_specs": [{"label_key": "tip", "prediction_key": "said"}],
        "metrics_specs": [{"metrics": [ranking], "query_key": "payment"}],
    }
    with caplog.at_level("WARNING", "mlops_components.evaluation._tfma"):
        overall = load(evaluate(trips, config)["evaluation"]).overall
    assert "example by example: metrics_specs have a query_key" in caplog.text
    assert 0 < overall["ndcg@topK:3"] < 1


def test_config_object_of_tfma_is_taken_as_it_is() -> None:
    import tensorflow_model_analysis as tfma
    from google.protobuf import json_format

    from mlops_pipeline.interface import checked

    config = json_format.ParseDict(TIPS, tfma.EvalConfig())
    given = checked(config, dict[str, Any] | str | None)
    assert json_format.ParseDict(given, tfma.EvalConfig()) == config
