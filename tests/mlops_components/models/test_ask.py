"""Whether a model can be served: found out in a process that the model may break."""

import re
from typing import Any

import pytest
from validated_models import checked, parsed

from mlops_components.records import SplitWriter
from mlops_pipeline.artifacts import Examples, Model
from mlops_pipeline.testing import artifact

pytestmark = [pytest.mark.ml, pytest.mark.filterwarnings("ignore")]


@pytest.fixture(scope="module")
def examples() -> Examples:
    import tensorflow as tf

    made = artifact(Examples)
    with SplitWriter(made, ["train", "eval"]) as writer:
        for row in range(3):
            value = tf.train.Feature(float_list=tf.train.FloatList(value=[row]))
            features = tf.train.Features(feature={"x": value})
            writer.write("train", tf.train.Example(features=features).SerializeToString())
    return made


def without_rows(x: Any) -> Any:
    import tensorflow as tf

    return {"y": tf.reduce_sum(x, axis=0, keepdims=True)}


def not_a_number(x: Any) -> Any:
    return {"y": x / 0.0}


def failing(x: Any) -> Any:
    import tensorflow as tf

    with tf.control_dependencies([tf.debugging.Assert(False, ["no such day"])]):
        return {"y": tf.identity(x)}


@pytest.fixture(scope="module")
def saved() -> Any:
    """Saves a function of the feature `x` as a model; `by_name` takes the feature itself."""
    import tensorflow as tf

    def save(function: Any) -> Model:
        made = artifact(Model)
        module = tf.Module()
        module.weight = tf.Variable(1.0)

        @tf.function(input_signature=[tf.TensorSpec([None], tf.string, name="examples")])
        def serve(examples: Any) -> Any:
            return function(module.weight * parsed(examples))

        @tf.function(input_signature=[tf.TensorSpec([None, 1], tf.float32, name="x")])
        def by_name(x: Any) -> Any:
            return function(module.weight * x)

        signatures = {"serving_default": serve, "by_name": by_name}
        tf.saved_model.save(module, str(made.path / "Format-Serving"), signatures)
        return made

    return save


@pytest.mark.parametrize(
    ("function", "reason"),
    [
        (without_rows, r"output 'y' of signature 'serving_default' .* for a batch of 4"),
        (failing, "'serving_default' fails on an example: InvalidArgumentError: .*no such day"),
        (not_a_number, "output 'y' of signature 'serving_default' has values that are not finite"),
    ],
)
def test_wrong_answers_refuse_a_model(
    saved: Any, examples: Examples, function: Any, reason: str
) -> None:
    report = checked(saved(function), examples, finite=True)
    assert report["event"] == "refused"
    assert re.search(reason, report["reason"])


def test_answers_need_not_be_finite_unless_asked_for(saved: Any, examples: Examples) -> None:
    assert checked(saved(not_a_number), examples)["event"] == "done"
