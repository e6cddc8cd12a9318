"""SavedModels: signatures, answers, warm-up requests, and what is none."""

from __future__ import annotations

from pathlib import Path

import pytest

from mlops_pipeline.errors import ExecutorError, NotFoundError
from mlops_pipeline.serving import ModelFailure, of_lists, to_lists

pytestmark = [pytest.mark.ml, pytest.mark.filterwarnings("ignore")]


@pytest.fixture(scope="module")
def half_plus_two(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """x/2 + 2, and another signature that takes texts."""
    import tensorflow as tf

    folder = tmp_path_factory.mktemp("half") / "1"
    module = tf.Module()
    module.a, module.b = tf.Variable(0.5), tf.Variable(2.0)

    @tf.function(input_signature=[tf.TensorSpec([None], tf.float32, name="x")])
    def predict(x):  # type: ignore[no-untyped-def]
        return {"y": module.a * x + module.b}

    @tf.function(input_signature=[tf.TensorSpec([None], tf.string, name="text")])
    def lengths(text):  # type: ignore[no-untyped-def]
        return {"length": tf.strings.length(text), "same": text}

    signatures = {"serving_default": predict, "lengths": lengths}
    tf.saved_model.save(module, str(folder), signatures)
    return folder


def test_a_saved_model_answers_by_its_signatures(half_plus_two: Path) -> None:
    from mlops_components.serving import load_saved_model

    model = load_saved_model(str(half_plus_two), {})
    found = model.predict("serving_default", {"x": of_lists([1.0, 2.0, 5.0], "float32")})
    assert to_lists(found["y"]) == [2.5, 3.0, 4.5]
    spec = model.signatures["serving_default"]
    assert (spec.inputs["x"].dtype, spec.inputs["x"].shape, spec.method) == (
        "float32",
        (-1,),
        "predict",
    )
    texts = model.predict("lengths", {"text": of_lists(["ab", {"b64": "/w=="}])})
    assert (to_lists(texts["length"]), to_lists(texts["same"])) == ([2, 1], [b"ab", b"\xff"])


def test_a_graph_that_fails_says_why_in_one_line(half_plus_two: Path) -> None:
    from mlops_components.serving import load_saved_model

    model = load_saved_model(str(half_plus_two), {})
    with pytest.raises(ModelFailure) as failure:
        model.predict("serving_default", {"x": of_lists(["a"])})
    assert "\n" not in failure.value.message


def test_requests_that_came_with_a_model_are_found(half_plus_two: Path, tmp_path: Path) -> None:
    import shutil

    import tensorflow as tf
    from tensorflow_serving.apis import prediction_log_pb2

    from mlops_components.serving import load_saved_model

    folder = tmp_path / "1"
    shutil.copytree(half_plus_two, folder)
    (folder / "assets.extra").mkdir()
    log = prediction_log_pb2.PredictionLog()
    log.predict_log.request.inputs["x"].CopyFrom(tf.make_tensor_proto([1.0, 2.0]))
    file = folder / "assets.extra" / "tf_serving_warmup_requests"
    with tf.io.TFRecordWriter(str(file)) as writer:
        writer.write(log.SerializeToString())
    ((name, inputs),) = load_saved_model(str(folder), {}).warmup
    assert (name, to_lists(inputs["x"])) == ("serving_default", [1.0, 2.0])


def test_what_is_no_saved_model_is_refused(tmp_path: Path) -> None:
    from mlops_components.serving import load_saved_model

    with pytest.raises(NotFoundError):
        load_saved_model(str(tmp_path), {})
    (tmp_path / "saved_model.pb").write_bytes(b"garbage")
    with pytest.raises(ExecutorError, match="cannot be loaded"):
        load_saved_model(str(tmp_path), {})
