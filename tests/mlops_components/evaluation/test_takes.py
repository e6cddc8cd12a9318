"""Shape and range of labels and predictions, against what each metric is defined for."""

import json
from typing import Any

import pytest
from evaluated_models import column, config

from mlops_components import Evaluator
from mlops_pipeline.errors import ExecutorError
from mlops_pipeline.testing import run_component

pytestmark = [pytest.mark.ml, pytest.mark.filterwarnings("ignore")]


def check(
    labels: Any, predictions: Any, name: str, spec: Any = None, module: str = "", **settings: Any
) -> None:
    """Check two rows or more against one metric."""
    import numpy as np
    import tensorflow_model_analysis as tfma
    from google.protobuf import json_format

    from mlops_components.evaluation._batches import Triples
    from mlops_components.evaluation._takes import wanted

    metric = {"class_name": name, "module": module, "config": json.dumps(settings)}
    given = {"model_specs": [{}], "metrics_specs": [{"metrics": [metric], **(spec or {})}]}
    parsed = json_format.ParseDict(given, tfma.EvalConfig())
    ((model, output, takes),) = wanted(parsed)
    assert (model, output) == ("", "")
    arrays = [np.asarray(v, np.float64) for v in (labels, predictions)]
    arrays = [v.reshape(len(v), -1) for v in arrays]
    takes.check(Triples(*arrays, np.ones((len(arrays[0]), 1))))


SOFTMAX = [[0.9, 0.1], [0.2, 0.8]]
THREE = [[0.7, 0.2, 0.1], [0.1, 0.1, 0.8]]
ONE_CLASS = {"binarize": {"class_ids": {"values": [1]}}}
MICRO = {"aggregate": {"micro_average": True}}


@pytest.mark.parametrize("name", ["AUC", "Recall", "BinaryAccuracy", "BinaryCrossentropy"])
def test_binary_metrics_take_one_probability(name: str) -> None:
    for predictions, width in ((SOFTMAX, 2), (THREE, 3)):
        with pytest.raises(ExecutorError, match=f"{name} is given {width} columns") as caught:
            check([0, 1], predictions, name)
        assert "[:, 1]" in str(caught.value.hint)
    with pytest.raises(ExecutorError, match="is given 2 columns"):
        check([[1, 0], [0, 1]], SOFTMAX, name)
    check([0, 1], [0.1, 0.8], name)
    check([0, 1], SOFTMAX, name, ONE_CLASS)
    check([0, 1], SOFTMAX, name, MICRO)
    # Two decisions that are independent of each other.
    check([[1, 1], [0, 1]], [[0.9, 0.8], [0.2, 0.9]], name)


def test_class_may_be_chosen_by_the_metric() -> None:
    check([0, 1], SOFTMAX, "Precision", class_id=1)
    check([0, 2], [[5.0, -1.0, 2.0], [0.0, 1.0, 7.0]], "Precision", top_k=1)


@pytest.mark.parametrize(
    "name", ["AUC", "Precision", "FairnessIndicators", "BinaryCrossentropy", "BinaryCrossEntropy"]
)
def test_scores_without_bounds_are_no_probabilities(name: str) -> None:
    with pytest.raises(ExecutorError, match=f"{name} is given predictions from -2 to 3") as caught:
        check([0, 1], [-2.0, 3.0], name)
    assert "sigmoid" in str(caught.value.hint)
    assert ("from_logits" in str(caught.value.hint)) == ("ross" in name)


def test_scores_may_have_a_threshold_or_a_loss_of_their_own() -> None:
    check([0, 1], [-2.0, 3.0], "Precision", thresholds=[0.0])
    check([0, 1], [-2.0, 3.0], "BinaryCrossentropy", from_logits=True)
    check([0, 1], [0.0, 1.0000001], "AUC")
    check([0, 2], [[3.0, 0.0, 1.0], [-1.0, 0.0, 2.0]], "SparseCategoricalAccuracy")
    with pytest.raises(ExecutorError, match="predictions from -2 to 3"):
        check([0, 1], [-2.0, 3.0], "Precision", thresholds=[0.5])
    with pytest.raises(ExecutorError, match="predictions from -1 to 3"):
        check([0, 2], [[3.0, 0.0, 1.0], [-1.0, 0.0, 2.0]], "SparseCategoricalCrossentropy")


@pytest.mark.parametrize("name", ["SparseCategoricalAccuracy", "MultiClassConfusionMatrixPlot"])
def test_metrics_of_classes_take_a_score_for_each(name: str) -> None:
    with pytest.raises(ExecutorError, match=f"{name} is given 1 column .* for each class") as error:
        check([0, 2], [0, 2], name)
    assert "the metric Accuracy compares numbers of classes" in str(error.value.hint)
    check([0, 2], THREE, name)


@pytest.mark.parametrize("labels", [[0, 3], [0, 1.5], [0, -2]])
def test_labels_of_classes_are_among_the_scores(labels: Any) -> None:
    for name, spec in (("SparseCategoricalAccuracy", {}), ("AUC", ONE_CLASS)):
        with pytest.raises(ExecutorError, match=r"a label is .* from 0 to 2"):
            check(labels, THREE, name, spec)


def test_dense_labels_are_as_wide_as_predictions() -> None:
    with pytest.raises(ExecutorError, match="1 column of labels and 3 columns of pred") as caught:
        check([0, 2], THREE, "CategoricalAccuracy")
    assert "use SparseCategoricalAccuracy" in str(caught.value.hint)
    check([[1, 0, 0], [0, 0, 1]], THREE, "CategoricalAccuracy")


def test_errors_compare_each_prediction_with_its_label() -> None:
    for name in ("MeanSquaredError", "MeanAbsoluteError", "Accuracy"):
        with pytest.raises(ExecutorError, match="1 column of labels and 2 columns of predictions"):
            check([0, 1], SOFTMAX, name)
        check([7.0, -1.0], [3.5, 40.0], name)


@pytest.mark.parametrize("label", [-1.0, 2.0])
def test_labels_of_binary_metrics_are_from_zero_to_one(label: float) -> None:
    with pytest.raises(ExecutorError, match=f"a label is {label:g}: AUC is a metric of binary"):
        check([0, label], [0.2, 0.3], "AUC")


@pytest.mark.parametrize("spec", [{}, MICRO])
def test_labels_of_two_signs_are_to_be_written_as_zero_and_one(spec: Any) -> None:
    with pytest.raises(ExecutorError, match="a label is -1: AUC is a metric of binary") as caught:
        check([1, -1], [0.2, 0.3], "AUC", spec)
    assert "write 0 where the label is -1" in str(caught.value.hint)
    assert "Hinge" in str(caught.value.hint)
    check([1, -1], [0.2, 0.3], "Hinge")


def test_labels_of_two_signs_are_no_numbers_of_classes() -> None:
    with pytest.raises(ExecutorError, match="Precision is given labels -1 and 1") as caught:
        check([1, -1], SOFTMAX, "Precision", ONE_CLASS)
    assert "write 0 where the label is -1" in str(caught.value.hint)
    with pytest.raises(ExecutorError, match="a label is -1: Precision"):
        check([[1, -1], [-1, 1]], SOFTMAX, "Precision", ONE_CLASS)
    # A text that a lookup does not know.
    check([1, -1, 0], [*SOFTMAX, [0.5, 0.5]], "Precision", ONE_CLASS)
    check([1, -1], THREE, "Precision", ONE_CLASS)


def test_metrics_of_the_user_take_anything() -> None:
    with pytest.raises(ExecutorError):
        check([0, 1], SOFTMAX, "Recall")
    check([0, 1], SOFTMAX, "Recall", module="my_metrics")


@pytest.mark.parametrize(
    "engine",
    ["memory", pytest.param("beam", marks=pytest.mark.slow)],  # Beam: ten seconds
)
def test_evaluation_is_refused_before_a_metric_is_computed(engine: str) -> None:
    examples = column([{"y": 0, "p": [0.9, 0.1]}, {"y": 1, "p": [0.2, 0.8]}])
    model = {"label_key": "y", "prediction_key": "p"}
    wanted = config({"class_name": "ExampleCount"}, {"class_name": "Recall"}, model=model)
    with pytest.raises(ExecutorError, match="Recall is given 2 columns of predictions"):
        run_component(Evaluator, examples=examples, eval_config=wanted, engine=engine)


@pytest.mark.parametrize("name", ["SparseTopKCategoricalAccuracy", "TopKCategoricalAccuracy"])
def test_top_classes_are_fewer_than_all(name: str) -> None:
    labels = [0, 1] if name.startswith("Sparse") else [[1, 0, 0], [0, 1, 0]]
    check(labels, THREE, name, k=2)
    for settings in ({}, {"k": 3}):
        with pytest.raises(ExecutorError, match=r"takes more than k, which is [35]"):
            check(labels, THREE, name, **settings)


def test_label_for_each_class_is_not_the_number_of_one() -> None:
    with pytest.raises(
        ExecutorError, match="is given 2 columns of labels, and takes one"
    ) as caught:
        check([[1, 0], [0, 1]], SOFTMAX, "SparseCategoricalAccuracy")
    assert "use CategoricalAccuracy" in caught.value.hint
