"""Whether a model can be served: found out in a process that the model may break."""

from pathlib import Path
from typing import Any

import pytest
from validated_models import checked, parsed, twice, validated

from mlops_components import (
    RequestSpec,
    ServingSpec,
    TensorFlowServing,
    TensorFlowServingRequestSpec,
    ValidationSpec,
)
from mlops_components.records import SplitWriter
from mlops_pipeline.artifacts import Examples, Model
from mlops_pipeline.errors import NotFoundError, ParameterError
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


@pytest.fixture(scope="module")
def good(saved: Any) -> Model:
    model = saved(twice)
    assert isinstance(model, Model)
    return model


def test_good_model_is_blessed_and_stamped_with_its_requests(
    good: Model, examples: Examples, monkeypatch: pytest.MonkeyPatch
) -> None:
    import tensorflow as tf
    from tensorflow_serving.apis import prediction_log_pb2

    names = TensorFlowServingRequestSpec(signature_names=["serving_default", "by_name"])
    request = RequestSpec(names, num_examples=2, make_warmup=True)
    monkeypatch.setenv("PATH", "")
    serving = ServingSpec(tensorflow_serving=TensorFlowServing(tags=["latest"]))
    blessing = validated(good, examples, request, serving_spec=serving).outputs["blessing"]
    assert blessing.properties["served"] == 0
    assert (blessing.path / "INFRA_BLESSED").exists()
    assert blessing.properties["blessed"] == blessing.properties["has_model"] == 1
    latency: Any = blessing.properties["latency"]
    assert set(latency) == {"serving_default", "by_name"}
    assert 0 < latency["by_name"]["p50_ms"] <= latency["by_name"]["p99_ms"]
    stamped = blessing.path / "stamped_model"
    assert (stamped / "saved_model.pb").exists()
    warmup = stamped / "assets.extra/tf_serving_warmup_requests"
    logs = [
        prediction_log_pb2.PredictionLog.FromString(record.numpy())
        for record in tf.data.TFRecordDataset(str(warmup))
    ]
    requests = [log.predict_log.request for log in logs]
    assert [r.model_spec.signature_name for r in requests] == ["serving_default"] * 2 + [
        "by_name"
    ] * 2
    assert parsed(requests[1].inputs["examples"].string_val).numpy().tolist() == [[1.0]]
    assert tf.make_ndarray(requests[3].inputs["x"]).tolist() == [[1.0]]


def test_examples_that_cannot_be_read_are_not_the_models_fault(
    good: Model, examples: Examples, tmp_path: Path
) -> None:
    damaged = tmp_path / "data.gz"
    damaged.write_bytes(b"not a record")
    report = checked(good, examples, files=[str(damaged)])
    assert report["event"] == "unusable"
    assert "is not a readable TFRecord file" in report["message"]
    empty = [str(path) for path in examples.split("eval").glob("*")]
    assert "holds no examples" in checked(good, examples, files=empty)["message"]


def test_mistakes_are_named(good: Model, examples: Examples) -> None:
    with pytest.raises(NotFoundError, match="did you mean 'train'"):
        validated(good, examples, RequestSpec(split_name="trai"))
    with pytest.raises(ParameterError, match="num_tries is -1"):
        validated(good, examples, validation_spec=ValidationSpec(num_tries=-1))
    with pytest.raises(ParameterError, match="Kubernetes"):
        validated(good, examples, serving_spec=ServingSpec(kubernetes={}))
    with pytest.raises(NotFoundError, match="there is no model at"):
        validated(artifact(Model, {"other/x": ""}), examples)
