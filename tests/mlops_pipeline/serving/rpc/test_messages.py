"""Messages written by number, read by TensorFlow's own."""

from __future__ import annotations

import pytest

from mlops_pipeline.serving.rpc.messages import DTYPES, messages

pytestmark = [pytest.mark.ml, pytest.mark.filterwarnings("ignore")]


def test_messages_mean_the_same_to_tensorflow_serving() -> None:
    from tensorflow_serving.apis import get_model_status_pb2, predict_pb2

    ours = messages().PredictRequest()
    ours.model_spec.name, ours.model_spec.signature_name = "m", "s"
    ours.model_spec.version.value = 7
    ours.inputs["x"].dtype = 1
    ours.inputs["x"].float_val.extend([1.0, 2.0])
    ours.inputs["x"].tensor_shape.dim.add().size = 2
    theirs = predict_pb2.PredictRequest.FromString(ours.SerializeToString())
    assert (theirs.model_spec.name, theirs.model_spec.version.value) == ("m", 7)
    assert list(theirs.inputs["x"].float_val) == [1.0, 2.0]
    assert messages().PredictRequest.FromString(theirs.SerializeToString()) == ours
    status = get_model_status_pb2.GetModelStatusResponse()
    status.model_version_status.add(version=3, state=30).status.error_message = "e"
    read = messages().GetModelStatusResponse.FromString(status.SerializeToString())
    only = read.model_version_status[0]
    assert (only.version, only.state, only.status.error_message) == (3, 30, "e")


def test_types_have_tensorflows_numbers() -> None:
    import tensorflow as tf

    assert {tf.as_dtype(number).name: number for number in DTYPES.values()} == DTYPES
