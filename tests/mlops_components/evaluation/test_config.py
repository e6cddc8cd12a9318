"""Thresholds, baselines and slices: evaluations of the penguin model under other configs."""

from typing import Any

import pytest
from evaluated_models import accuracy, column, config, evaluate

from mlops_components import Evaluator
from mlops_pipeline.errors import ParameterError
from mlops_pipeline.inspection import PipelineRun
from mlops_pipeline.testing import run_component

pytestmark = [pytest.mark.ml, pytest.mark.filterwarnings("ignore")]


def test_config_is_taken_as_text_and_as_json() -> None:
    from mlops_components.evaluation import _config

    text = 'model_specs { label_key: "y" } metrics_specs { metrics { class_name: "AUC" } }'
    json = (
        '{"modelSpecs": [{"labelKey": "y"}], "metricsSpecs": [{"metrics": [{"className": "AUC"}]}]}'
    )
    given = {
        "model_specs": [{"label_key": "y"}],
        "metrics_specs": [{"metrics": [{"class_name": "AUC"}]}],
    }
    assert _config.parse_config(text) == _config.parse_config(json) == _config.parse_config(given)


def test_raw_label_is_taken_where_the_model_predicts_it(penguin: PipelineRun) -> None:
    raw = {"label_key": "year", "prediction_key": "probabilities"}
    overall = evaluate(penguin, config({"class_name": "ExampleCount"}, model=raw))["evaluation"]
    assert overall.properties["metrics"] == {"example_count": 140}


@pytest.mark.parametrize(
    ("wrong", "message", "hint"),
    [
        (config({"class_name": "ExampelCount"}), "no metric 'ExampelCount'", "ExampleCount"),
        (config(accuracy(), slices=({"feature_keys": ["iland"]},)), "feature 'iland'", "'island'"),
        (config(accuracy(), model={"label_key": "specis"}), "no 'specis'", "'species'"),
        ({"metric_specs": []}, 'no field named "metric_specs"', "tfma.EvalConfig"),
    ],
    ids=["metric", "slice", "label", "field"],
)
def test_mistake_in_the_config_is_named(
    penguin: PipelineRun, wrong: Any, message: str, hint: str
) -> None:
    with pytest.raises(ParameterError) as caught:
        evaluate(penguin, wrong)
    assert message in caught.value.message
    assert hint in caught.value.hint


@pytest.mark.parametrize(
    ("change", "message"),
    [
        ({"label_key": "x"}, "label_key: the examples have no 'x'"),
        ({"prediction_key": "x"}, "prediction_key: the examples have no 'x'"),
        ({"example_weight_key": "x"}, "example_weight_key: the examples have no 'x'"),
        ({"prediction_key": ""}, "no model, and model_specs no prediction_key"),
        ({"slicing_specs": [{"feature_keys": ["x"]}]}, "slicing_specs: no example has the"),
        ({"slicing_specs": [{"slice_keys_sql": "SELECT z"}]}, "Unrecognized name: z"),
        (
            {"cross_slicing_specs": [{"baseline_spec": {"feature_keys": ["x"]}}]},
            "cross_slicing_specs: no example has the feature 'x'",
        ),
        ({"metrics_specs": [{"metrics": [{"class_name": "Prcision"}]}]}, "no metric 'Prcision'"),
        (
            {"metrics_specs": [{"metrics": [{"class_name": "AUC", "config": '{"x": 1}'}]}]},
            "metrics_specs: TypeError: .*'x'",
        ),
        (
            {"metrics_specs": [{"model_names": ["other"], "metrics": [{"class_name": "AUC"}]}],
             "model_specs": [{"name": "a"}, {"name": "b", "is_baseline": True}]},
            "no model",
        ),
        ({"feature_slicing_spec": {}}, "EvalSavedModels of TensorFlow 1"),
        ({"module_path": "a.b"}, "takes no module_path"),
        ({"eval_config": None}, "has no eval_config"),
    ],
)  # fmt: skip
def test_mistake_is_told_before_anything_is_computed(change: dict[str, Any], message: str) -> None:
    examples = column([{"y": 1.0, "p": 0.5}, {"y": 0.0, "p": 0.25}])
    keys = ("label_key", "prediction_key", "example_weight_key")
    model = {"label_key": "y", "prediction_key": "p"}
    model |= {key: value for key, value in change.items() if key in keys}
    given = config({"class_name": "AUC"}, model=model)
    arguments = {"eval_config": {**given, **{k: v for k, v in change.items() if k in given}}}
    arguments["eval_config"] |= {k: v for k, v in change.items() if k.endswith("slicing_specs")}
    others = ("feature_slicing_spec", "module_path", "eval_config")
    arguments |= {key: value for key, value in change.items() if key in others}
    with pytest.raises(ParameterError, match=message):
        run_component(Evaluator, examples=examples, **arguments)


@pytest.mark.parametrize(
    ("threshold", "message"),
    [
        ({"value_threshold": {}}, "neither lower_bound nor upper_bound: everything passes"),
        ({"change_threshold": {"direction": 2}}, "neither absolute nor relative"),
        ({"value_threshold": {"upper_bound": "NaN"}}, "upper_bound .* is NaN"),
    ],
)
def test_threshold_that_lets_everything_pass_is_refused(
    threshold: dict[str, Any], message: str
) -> None:
    from mlops_components.evaluation import _config

    auc = {"class_name": "AUC"}
    slices = [{"slicing_specs": [{}], "threshold": threshold}]
    whole = {"metrics": [auc], "thresholds": {"auc": threshold}}
    single = {"metrics": [{**auc, "threshold": threshold}]}
    sliced = {"metrics": [{**auc, "per_slice_thresholds": slices}]}
    for spec in (whole, single, sliced):
        with pytest.raises(ParameterError, match=message):
            _config.parse_config({"metrics_specs": [spec]})
