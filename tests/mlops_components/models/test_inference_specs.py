"""A model answers all examples: prediction logs as TFX writes them, or further columns."""

from pathlib import Path
from typing import Any

import pytest
from inferred_examples import PREDICTED, columns, inferred, written

from mlops_components import (
    DataSpec,
    ModelSpec,
    OutputColumnsSpec,
    PredictOutput,
    PredictOutputCol,
    RegressOutput,
)
from mlops_pipeline.artifacts import Examples, Model
from mlops_pipeline.errors import ExecutorError, NotFoundError, ParameterError
from mlops_pipeline.testing import artifact

pytestmark = [pytest.mark.ml, pytest.mark.filterwarnings("ignore")]


@pytest.fixture(scope="module")
def examples() -> Examples:
    return written({"train": list(range(1500)), "eval": [7, 8]}, span=3)


@pytest.fixture(scope="module")
def model() -> Model:
    """A model with the signatures `serving_default`, `classes` and `value`, and a bad one."""
    import tensorflow as tf

    made = artifact(Model)
    v1 = tf.compat.v1
    signature = v1.saved_model.signature_def_utils
    with tf.Graph().as_default(), v1.Session() as session:
        records = v1.placeholder(tf.string, [None])
        x = tf.io.parse_example(records, {"x": tf.io.FixedLenFeature([1], tf.float32)})["x"]
        y = v1.get_variable("w", initializer=2.0) * x
        labels = tf.repeat([["a", "b"]], tf.shape(x)[0], axis=0)
        predict = signature.predict_signature_def({"examples": records}, {"y": y, "labels": labels})
        signatures = {
            "serving_default": predict,
            "classes": signature.classification_signature_def(
                records, labels, tf.concat([y, -y], axis=1)
            ),
            "value": signature.regression_signature_def(records, y),
            "one": signature.predict_signature_def(
                {"examples": records}, {"one": tf.reduce_sum(y, keepdims=True)}
            ),
            "numbers": signature.predict_signature_def({"x": x}, {"y": y}),
        }
        session.run(v1.global_variables_initializer())
        builder = v1.saved_model.Builder(str(made.path / "Format-Serving"))
        builder.add_meta_graph_and_variables(session, ["serve"], signatures)
        builder.save()
    return made


def test_mistakes_are_named(examples: Examples, model: Model, tmp_path: Path) -> None:
    output = OutputColumnsSpec(predict_output=PREDICTED)
    wrong = PredictOutput([PredictOutputCol("z", "z")])
    taken = PredictOutput([PredictOutputCol("y", "x")])
    regress = OutputColumnsSpec(regress_output=RegressOutput("value"))
    few = written({"train": [1]})
    sequences = written({"train": [1]}, payload_format="FORMAT_TF_SEQUENCE_EXAMPLE")
    mistakes: list[tuple[type[Exception], str, Any, Model | None, dict[str, Any]]] = [
        (ParameterError, "has no model", few, None, {}),
        (NotFoundError, "there is no SavedModel at", few, artifact(Model), {}),
        (NotFoundError, "no signature 'clases'", few, model, {"model_spec": ModelSpec(["clases"])}),
        (NotFoundError, "no graph tagged gpu", few, model, {"model_spec": ModelSpec(tag=["gpu"])}),
        (NotFoundError, "no split 'trai'", few, model, {"data_spec": DataSpec(["trai"])}),
        (ExecutorError, "cannot be asked", few, model, {"model_spec": ModelSpec(["numbers"])}),
        (ExecutorError, "'one'|one to have", examples, model, {"model_spec": ModelSpec(["one"])}),
        (
            ParameterError,
            "asked is value, classes",
            few,
            model,
            columns(output, names=["value", "classes"]),
        ),
        (ParameterError, "has regress_output for signature", few, model, columns(regress)),
        (
            ParameterError,
            "has no output 'z'",
            few,
            model,
            columns(OutputColumnsSpec(predict_output=wrong)),
        ),
        (
            ExecutorError,
            "the column 'x', which the examples have",
            few,
            model,
            columns(OutputColumnsSpec(predict_output=taken)),
        ),
        (ParameterError, "FORMAT_TF_SEQUENCE_EXAMPLE", sequences, model, columns(output)),
    ]
    for kind, message, data, asked, more in mistakes:
        with pytest.raises(kind, match=message):
            inferred(data, asked, **more)
