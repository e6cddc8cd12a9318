"""Thresholds, baselines and slices: evaluations of the penguin model under other configs."""

from collections.abc import Callable
from typing import Any

import pytest

from mlops_components import Evaluator, Pusher
from mlops_pipeline.artifacts import Artifact, Model
from mlops_pipeline.errors import ExecutorError, NotFoundError, ParameterError
from mlops_pipeline.results import PipelineRun
from mlops_pipeline.testing import artifact, run_component

Load = Callable[[Artifact], Any]

pytestmark = [pytest.mark.ml, pytest.mark.filterwarnings("ignore")]

MODEL = {
    "label_key": "species_xf",
    "preprocessing_function_names": ["transform_features"],
}


def config(*metrics: Any, slices: tuple[Any, ...] = ({},), model: Any = MODEL) -> dict[str, Any]:
    return {
        "model_specs": [model],
        "slicing_specs": list(slices),
        "metrics_specs": [{"metrics": list(metrics)}],
    }


def accuracy(**threshold: Any) -> dict[str, Any]:
    metric: dict[str, Any] = {"class_name": "SparseCategoricalAccuracy"}
    return {**metric, "threshold": threshold} if threshold else metric


def evaluate(run: PipelineRun, eval_config: Any, **others: Any) -> Any:
    return run_component(
        Evaluator,
        examples=run["CsvExampleGen"].artifact(),
        model=others.pop("model", run["Trainer"].artifact("model")),
        schema=run["SchemaGen"].artifact(),
        eval_config=eval_config,
        **others,
    ).outputs


def test_missed_threshold_withholds_the_blessing_and_says_why(penguin: PipelineRun) -> None:
    wanted = accuracy(value_threshold={"lower_bound": 1.5})
    blessing = evaluate(penguin, config(wanted))["blessing"]
    assert [path.name for path in blessing.path.iterdir()] == ["NOT_BLESSED"]
    assert blessing.properties["blessed"] == 0
    assert "sparse_categorical_accuracy of all is" in blessing.properties["reasons"][0]

    model = penguin["Trainer"].artifact("model")
    pushed = run_component(Pusher, model=model, model_blessing=blessing, push_destination="unused")
    assert pushed.outputs["pushed_model"].properties == {"pushed": 0}


def test_without_a_threshold_nothing_is_said(penguin: PipelineRun) -> None:
    outputs = evaluate(penguin, config(accuracy()))
    assert "blessed" not in outputs["blessing"].properties
    assert outputs["evaluation"].properties["metrics"]["sparse_categorical_accuracy"] > 0.9


def test_baseline_is_compared_with(penguin: PipelineRun, load: Load) -> None:
    model = penguin["Trainer"].artifact("model")
    better = accuracy(change_threshold={"direction": "HIGHER_IS_BETTER", "absolute": 0.01})
    outputs = evaluate(penguin, config(better), baseline_model=model)
    assert load(outputs["evaluation"]).overall["sparse_categorical_accuracy_diff"] == 0
    assert outputs["blessing"].properties["blessed"] == 0
    assert outputs["blessing"].properties["baseline_model"] == model.uri


def test_config_is_taken_as_text_and_as_json() -> None:
    from mlops_components import _eval_config

    text = 'model_specs { label_key: "y" } metrics_specs { metrics { class_name: "AUC" } }'
    json = (
        '{"modelSpecs": [{"labelKey": "y"}], "metricsSpecs": [{"metrics": [{"className": "AUC"}]}]}'
    )
    given = {
        "model_specs": [{"label_key": "y"}],
        "metrics_specs": [{"metrics": [{"class_name": "AUC"}]}],
    }
    assert (
        _eval_config.parse_config(text)
        == _eval_config.parse_config(json)
        == _eval_config.parse_config(given)
    )


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


def test_slice_without_examples_is_no_mistake(penguin: PipelineRun) -> None:
    nowhere = {"feature_values": {"island": "Atlantis"}}
    outputs = evaluate(penguin, config(accuracy(), slices=({}, nowhere)))
    assert "sparse_categorical_accuracy" in outputs["evaluation"].properties["metrics"]


def test_model_that_is_not_there_is_named(penguin: PipelineRun) -> None:
    with pytest.raises(ExecutorError, match="there is no model at"):
        evaluate(penguin, config(accuracy()), model=artifact(Model, {}))


def test_split_that_is_not_there_is_named(penguin: PipelineRun) -> None:
    with pytest.raises(NotFoundError, match="there is no split 'evl'"):
        evaluate(penguin, config(accuracy()), example_splits=["evl"])
