"""A model answers all examples: prediction logs as TFX writes them, or further columns."""

from collections.abc import Callable
from typing import Any

import pytest
from inferred_examples import PREDICTED, columns, inferred, written

from mlops_components import (
    ClassifyOutput,
    DataSpec,
    OutputColumnsSpec,
    RegressOutput,
)
from mlops_pipeline.artifacts import Artifact, Examples, Model
from mlops_pipeline.testing import artifact

Load = Callable[[Artifact], Any]


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


def test_answers_become_columns(examples: Examples, model: Model, load: Load) -> None:
    spec = columns(OutputColumnsSpec(predict_output=PREDICTED))
    empty, found = inferred(examples, model, **spec)
    assert list(empty.path.iterdir()) == []
    assert found.properties["span"] == 3
    frame = load(found)
    assert list(frame.loc["eval"]["x"]) == [7, 8]
    assert list(frame.loc["eval"]["twice"]) == [14, 16]
    assert frame.loc["train"]["names"].iloc[5] == ["a", "b"]
    assert len(frame.loc["train"]) == 1500


def test_classes_and_values_become_columns(model: Model, load: Load) -> None:
    classify = OutputColumnsSpec("classes", classify_output=ClassifyOutput("label", "score"))
    regress = OutputColumnsSpec("value", regress_output=RegressOutput("value"))
    few = written({"train": [1, 2], "eval": [3]})
    for specs, names in [
        ([classify, regress], ["classes", "value"]),
        ([classify], ["classes"]),
        ([regress], ["value"]),
    ]:
        chosen = {**columns(*specs, names=names), "data_spec": DataSpec(["train"])}
        frame = load(inferred(few, model, **chosen)[1])
        assert len(frame) == 2
        if "classes" in names:
            assert list(frame["label"]) == [["a", "b"]] * 2
            assert list(frame["score"]) == [[2, -2], [4, -4]]
        if "value" in names:
            assert list(frame["value"]) == [2, 4]
