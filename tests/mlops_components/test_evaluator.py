"""Thresholds, baselines and slices: evaluations of the penguin model under other configs."""

from collections.abc import Callable
from typing import Any

import pytest
from evaluated_models import accuracy, column, config, evaluate

from mlops_components import Evaluator, Pusher
from mlops_pipeline.artifacts import Artifact, Examples
from mlops_pipeline.errors import DefinitionError, ExecutorError, NotFoundError
from mlops_pipeline.inspection import PipelineRun
from mlops_pipeline.testing import run_component

Load = Callable[[Artifact], Any]


pytestmark = [pytest.mark.ml, pytest.mark.filterwarnings("ignore")]


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


def test_slice_without_examples_is_no_mistake(penguin: PipelineRun) -> None:
    nowhere = {"feature_values": {"island": "Atlantis"}}
    outputs = evaluate(penguin, config(accuracy(), slices=({}, nowhere)))
    assert "sparse_categorical_accuracy" in outputs["evaluation"].properties["metrics"]


def test_split_that_is_not_there_is_named(penguin: PipelineRun) -> None:
    with pytest.raises(NotFoundError, match="there is no split 'evl'"):
        evaluate(penguin, config(accuracy()), example_splits=["evl"])


@pytest.mark.parametrize(
    ("label", "said", "message"),
    [
        ([1.0, float("nan")], [0.2, 0.3], "label_key 'y': 1 of 2 examples have no label"),
        ([[1.0], [float("nan")]], [0.2, 0.3], "label_key 'y': 1 of 2 examples have the label NaN"),
        ([1.0, 3.0], [0.2, 0.3], "a label is 3: AUC is a metric of binary classification"),
        (
            [1.0, 0.0],
            [[0.2], [float("nan")]],
            "prediction_key 'p': 1 of 2 examples have the prediction NaN",
        ),
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


def test_model_validator_is_referred_to_the_evaluator() -> None:
    import mlops_components

    with pytest.raises(DefinitionError, match="no longer part of TFX") as caught:
        _ = mlops_components.ModelValidator
    assert "Evaluator" in caught.value.hint


@pytest.mark.parametrize("engine", ["memory", "beam"])
def test_rows_that_were_not_read_are_missed(penguin: PipelineRun, engine: str) -> None:
    examples = penguin["CsvExampleGen"].artifact()
    rows = {split: number + 1 for split, number in examples.properties["num_examples"].items()}  # type: ignore[union-attr]
    less = Examples(examples.uri, properties={**examples.properties, "num_examples": rows})
    model = penguin["Trainer"].artifact("model")
    with pytest.raises(ExecutorError, match=r"split 'eval' .* rows were read from"):
        run_component(
            Evaluator,
            examples=less,
            model=model,
            schema=penguin["SchemaGen"].artifact(),
            eval_config=config(accuracy()),
            engine=engine,
        )
