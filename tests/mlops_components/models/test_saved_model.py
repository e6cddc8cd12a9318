"""Whether a model can be served: found out in a process that the model may break."""

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


def test_variables_of_keras_that_servers_do_not_find_are_explained(examples: Examples) -> None:
    import keras
    import tensorflow as tf

    layer = keras.layers.Dense(1)
    layer.build((None, 1))
    for kept, event in (layer, "refused"), ([w.value for w in layer.weights], "done"):
        module = tf.Module()
        module.kept = kept
        serve = tf.function(
            lambda records: {"y": layer(parsed(records))},
            input_signature=[tf.TensorSpec([None], tf.string)],
            autograph=False,
        )
        model = artifact(Model)
        tf.saved_model.save(module, str(model.path / "Format-Serving"), {"serving_default": serve})
        report = checked(model, examples)
        assert report["event"] == event
        assert ("weight.value for weight in" in report.get("reason", "")) == (event == "refused")
