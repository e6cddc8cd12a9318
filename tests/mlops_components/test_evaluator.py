"""Thresholds, baselines and slices: evaluations of the penguin model under other configs."""

from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from mlops_components import Evaluator, Pusher
from mlops_pipeline.artifacts import Artifact, Examples, Model
from mlops_pipeline.errors import DefinitionError, ExecutorError, NotFoundError, ParameterError
from mlops_pipeline.inspection import PipelineRun
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


def column(rows: list[dict[str, Any]]) -> Any:
    import pandas as pd

    from mlops_components import write_frames

    examples = artifact(Examples)
    write_frames(examples, {"eval": pd.DataFrame(rows)})
    return examples


@pytest.mark.parametrize(
    ("label", "said", "message"),
    [
        ([1.0, float("nan")], [0.2, 0.3], "label_key 'y': 1 of 2 examples have no label"),
        ([[1.0], [float("nan")]], [0.2, 0.3], "label_key 'y': 1 of 2 examples have the label NaN"),
        ([1.0, 3.0], [0.2, 0.3], "a label is 3: metrics of binary classification take labels"),
        ([1.0, 0.0], [[0.2], [float("nan")]], "the model predicts NaN"),
        (["yes", "no"], [0.2, 0.3], "metrics take numbers, and a label .* is the text '(yes|no)'"),
    ],
    ids=["missing", "NaN", "not binary", "prediction", "text"],
)
def test_value_that_cannot_be_measured_is_named(label: Any, said: Any, message: str) -> None:
    examples = column([{"y": y, "p": p} for y, p in zip(label, said, strict=True)])
    wanted = config({"class_name": "AUC"}, model={"label_key": "y", "prediction_key": "p"})
    with pytest.raises(ExecutorError, match=message) as caught:
        run_component(Evaluator, examples=examples, eval_config=wanted)
    assert caught.value.hint


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
    ("files", "code", "message"),
    [
        ({"model.bin": "x"}, "", "neither a SavedModel nor a Keras file: there is model.bin"),
        ({"saved_model.pb": "x"}, "", "Format-Serving cannot be loaded: OSError: Cannot parse"),
        ({"model.keras": "x"}, "", "cannot be loaded"),
        ({"m": ""}, "def predict_fn(path):\n    raise OSError('gone')", "cannot be loaded: OSErr"),
        (
            {"m": ""},
            "def predict_fn(path):\n    return lambda f: f['zz']",
            "predict_fn failed: Key",
        ),
        ({"m": ""}, "def predict_fn(path):\n    return lambda f: [1.0]", "gave 1 for 2 examples"),
        ({"m": ""}, "def predict_fn(path:\n", "asks.py:1: "),
    ],
)
def test_model_that_cannot_be_asked_is_named(
    files: dict[str, str], code: str, message: str, tmp_path: Path
) -> None:
    module = tmp_path / "asks.py"
    module.write_text(code)
    model = artifact(Model, {f"Format-Serving/{name}": text for name, text in files.items()})
    with pytest.raises(ExecutorError, match=message):
        run_component(
            Evaluator,
            examples=column([{"y": 1.0}, {"y": 0.0}]),
            model=model,
            module_file=module if code else None,
            eval_config=config({"class_name": "AUC"}, model={"label_key": "y"}),
        )


def test_model_validator_is_referred_to_the_evaluator() -> None:
    import mlops_components

    with pytest.raises(DefinitionError, match="no longer part of TFX") as caught:
        _ = mlops_components.ModelValidator
    assert "Evaluator" in caught.value.hint
