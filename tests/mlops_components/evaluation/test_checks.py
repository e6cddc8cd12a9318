"""Labels, weights and predictions that no metric can be computed from, in both engines."""

import re
from pathlib import Path
from typing import Any

import pytest
from evaluated_models import column, config

from mlops_components import Evaluator
from mlops_pipeline.artifacts import Model
from mlops_pipeline.errors import ExecutorError
from mlops_pipeline.testing import artifact, run_component

pytestmark = [pytest.mark.ml, pytest.mark.filterwarnings("ignore")]

LIMIT = {"value_threshold": {"upper_bound": 1.0}}
ERROR = {"class_name": "MeanSquaredError", "threshold": LIMIT}
NAN, INF = float("nan"), float("inf")


def refused(rows: list[dict[str, Any]], spec: dict[str, Any], *metrics: Any, **more: Any) -> str:
    given = config(*(metrics or (ERROR,)), model={"label_key": "y", **spec})
    with pytest.raises(ExecutorError) as caught:
        run_component(Evaluator, examples=column(rows), eval_config=given, **more)
    assert caught.value.hint
    return str(caught.value)


def predicted(*values: Any) -> list[dict[str, Any]]:
    return [{"y": 10.0 * n, "p": value} for n, value in enumerate(values)]


@pytest.mark.parametrize(
    ("rows", "message"),
    [
        (predicted([0.0], [NAN], [20.0]), "'p': 1 of 3 examples have the prediction NaN; the "),
        (predicted(0.0, None, None), "'p': 2 of 3 examples have no prediction (empty or NaN)"),
        (predicted(0.0, [1.0, NAN], 2.0), "'p': 1 of 3 examples have the prediction NaN"),
        (predicted(0.0, INF, -INF), "'p': 2 of 3 examples have an infinite prediction"),
        (predicted(0.0, [1.0, INF], 2.0), "'p': 1 of 3 examples have an infinite prediction"),
    ],
    ids=["NaN", "missing", "one of several", "infinite", "one of several infinite"],
)
def test_predictions_of_a_column_are_numbers(rows: Any, message: str) -> None:
    text = refused(rows, {"prediction_key": "p"})
    assert f"prediction_key {message}" in text
    assert "y=10.0" in text


def test_label_is_finite() -> None:
    rows = [{"y": INF, "p": 1.0}, {"y": 1.0, "p": 1.0}]
    text = refused(rows, {"prediction_key": "p"})
    assert "label_key 'y': 1 of 2 examples have an infinite label" in text


def test_score_of_a_class_that_is_masked_out_may_be_minus_infinity() -> None:
    rows = [{"y": 0, "p": [2.5, -INF]}, {"y": 1, "p": [0.5, 1.5]}]
    given = config({"class_name": "SparseCategoricalAccuracy"}, model={**SPEC, "label_key": "y"})
    found = run_component(Evaluator, examples=column(rows), eval_config=given)
    metrics = found.outputs["evaluation"].properties["metrics"]
    assert metrics == {"sparse_categorical_accuracy": 1.0}


@pytest.mark.parametrize(
    ("metric", "p"),
    [
        ("SparseCategoricalAccuracy", [0.4, 0.6]),
        ("MultiClassConfusionMatrixPlot", [0.4, 0.6]),
        ("Accuracy", 0.4),
        ("MeanSquaredError", 0.4),
    ],
)
def test_label_that_is_a_text_is_named(metric: str, p: Any) -> None:
    rows = [{"y": name, "p": p} for name in ("cat", "dog")]
    text = refused(rows, SPEC, {"class_name": metric})
    assert "the metrics take numbers, and a label (label_key 'y') is the text 'cat'" in text
    assert "give a label_key that holds numbers, such as the number of the class" in text


SPEC = {"prediction_key": "p"}

PREDICT = """
import numpy as np

def predict_fn(path):
    def predict(frame):
        answers = frame['y'].to_numpy('f8').copy()
        answers[answers == 10] = np.VALUE
        return ANSWER
    return predict
"""


@pytest.mark.parametrize(
    "engine",
    ["memory", pytest.param("beam", marks=pytest.mark.slow)],  # Beam: ten seconds
)
@pytest.mark.parametrize(
    ("answer", "value"),
    [("answers", "nan"), ("answers", "inf"), ("{'a': frame['y'], 'b': answers}", "nan")],
)
def test_predictions_of_a_model_are_numbers(
    engine: str, answer: str, value: str, tmp_path: Path
) -> None:
    module = tmp_path / "asks.py"
    module.write_text(PREDICT.replace("ANSWER", answer).replace("VALUE", value))
    spec = {"label_keys": {"a": "y", "b": "y"}, "label_key": ""} if "'b'" in answer else {}
    given = config(ERROR, model={"label_key": "y", **spec})
    if spec:
        given["metrics_specs"][0]["output_names"] = ["b"]
    model = artifact(Model, {"Format-Serving/m.json": "{}"})
    more = {"model": model, "module_file": module, "engine": engine}
    with pytest.raises(ExecutorError) as caught:
        run_component(Evaluator, examples=column(predicted(1, 2, 3)), eval_config=given, **more)
    of = " of the output 'b'" if spec else ""
    kind = {"nan": "NaN", "inf": "infinite"}[value]
    # Beam decides how many rows a batch has.
    assert re.search(
        f"1 of [123] examples of a batch have the prediction {kind}{of}; the first: ",
        str(caught.value),
    )
    assert "y=10.0" in str(caught.value)


@pytest.mark.parametrize(
    ("weights", "what"),
    [
        ([1.0, 1.0, -1.0], "have a negative weight"),
        ([[1.0], [NAN], [1.0]], "have the weight NaN"),
        ([1.0, None, 1.0], "have no weight (empty or NaN)"),
        ([1, 1, -2], "have a negative weight"),
        ([1.0, float("inf"), 1.0], "have an infinite weight"),
    ],
    ids=["negative", "NaN", "missing", "negative integer", "infinite"],
)
def test_weights_are_numbers_from_zero(weights: list[Any], what: str) -> None:
    rows = [{**row, "w": w} for row, w in zip(predicted(0.1, 0.2, 0.3), weights, strict=True)]
    text = refused(rows, {"prediction_key": "p", "example_weight_key": "w"})
    assert f"example_weight_key 'w': 1 of 3 examples {what}" in text


def test_texts_are_no_weights() -> None:
    rows = [{**row, "w": "2"} for row in predicted(0.1, 0.2)]
    text = refused(rows, {"prediction_key": "p", "example_weight_key": "w"})
    assert "example_weight_key 'w': 2 of 2 examples have a text as weight" in text


@pytest.mark.slow  # Beam takes ten seconds.
def test_beam_refuses_the_same_columns() -> None:
    rows = [{**row, "w": w} for row, w in zip(predicted(0.1, 0.2), [1.0, -1.0], strict=True)]
    spec = {"prediction_key": "p", "example_weight_key": "w"}
    texts = {engine: refused(rows, spec, engine=engine) for engine in ("memory", "beam")}
    same = r"example_weight_key 'w': 1 of [12] examples have a negative weight; the first: w=-1.0, "
    assert all(re.match(same, text) for text in texts.values())


def test_batch_without_any_weight_is_refused() -> None:
    import pyarrow as pa

    from mlops_components.evaluation._checks import InputColumn, check_columns

    batch = pa.RecordBatch.from_pydict({"y": pa.array([[1.0], [0.0]])})
    weight = InputColumn("example_weight_key", "w", "weight", required=True)
    with pytest.raises(ExecutorError, match="'w': 2 of 2 examples have no weight"):
        check_columns(batch, [weight])
    made = InputColumn("example_weight_key", "w", "weight", required=False)
    assert check_columns(batch, [made]) is batch


def test_weights_that_a_signature_makes_are_checked() -> None:
    import numpy as np
    import tensorflow_model_analysis as tfma

    from mlops_components.evaluation._checks import check_extracts

    extracts = {
        "labels": np.zeros((2, 1)),
        "predictions": np.zeros((2, 1)),
        "example_weights": {"a": np.array([[1.0], [-3.0]])},
    }
    with pytest.raises(ExecutorError, match=r"1 of 2 examples have an example weight .*: -3"):
        check_extracts(extracts, tfma.EvalConfig())
