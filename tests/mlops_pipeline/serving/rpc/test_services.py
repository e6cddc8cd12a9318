"""A SavedModel asked over gRPC and REST by TensorFlow Serving's own messages and clients."""

from __future__ import annotations

import socket
import time
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from serving_process import TOY, Served

from mlops_pipeline.serving.models import of_lists, to_lists
from mlops_pipeline.serving.rpc.messages import messages
from mlops_pipeline.serving.rpc.tensor_messages import read_tensor, write_tensor

pytestmark = [pytest.mark.ml, pytest.mark.filterwarnings("ignore")]


def free_port() -> int:
    with socket.socket() as sock:
        sock.bind(("127.0.0.1", 0))
        return int(sock.getsockname()[1])


def save_half_plus_two(folder: Path) -> None:
    import tensorflow as tf

    module = tf.Module()
    module.a, module.b = tf.Variable(0.5), tf.Variable(2.0)

    @tf.function(input_signature=[tf.TensorSpec([None], tf.float32, name="x")])
    def predict(x):  # type: ignore[no-untyped-def]
        return {"y": module.a * x + module.b}

    tf.saved_model.save(module, str(folder), {"serving_default": predict})


@pytest.fixture(scope="module")
def toy(tmp_path_factory: pytest.TempPathFactory) -> Iterator[tuple[Served, Any]]:
    """A server of a function that doubles, and a channel to it."""
    import grpc

    folder = tmp_path_factory.mktemp("toy")
    (folder / "toy_models.py").write_text(TOY)
    (folder / "toy" / "1").mkdir(parents=True)
    (folder / "toy" / "1" / "factor.txt").write_text("2")
    port = free_port()
    arguments = ["toy", "--predict", "toy_models:make", "--grpc-port", str(port)]
    served = Served([*arguments, "--token-file", "token"], folder)
    served.wait()
    token = (folder / "token").read_text().strip()
    with grpc.insecure_channel(f"127.0.0.1:{port}") as channel:

        def call(method: str, request: Any, given: str = token, seconds: float = 30) -> bytes:
            path = f"/tensorflow.serving.{method}"
            metadata = [("authorization", f"Bearer {given}")]
            ask = channel.unary_unary(path, lambda message: message.SerializeToString())
            return bytes(ask(request, seconds, metadata=metadata))

        yield served, call
    assert served.end() == 0


def doubled(*values: float) -> Any:
    """A request to the toy."""
    request = messages().PredictRequest()
    request.model_spec.name = "toy"
    write_tensor(request.inputs["x"], of_lists(list(values), "float64"))
    return request


def test_tensors_are_answered_by_tensors(toy: tuple[Served, Any]) -> None:
    data = toy[1]("PredictionService/Predict", doubled(1.0, 2.0))
    found = messages().PredictResponse.FromString(data)
    assert to_lists(read_tensor("outputs", found.outputs["outputs"])) == [2.0, 4.0]
    assert found.model_spec.version.value == 1


def test_a_call_without_the_token_or_with_nonsense_is_refused(toy: tuple[Served, Any]) -> None:
    import grpc

    def code(*call: Any, **more: Any) -> str:
        with pytest.raises(grpc.RpcError) as error:
            toy[1](*call, **more)
        return str(error.value.code().name)

    predict = "PredictionService/Predict"
    assert code(predict, doubled(1.0), given="wrong") == "UNAUTHENTICATED"
    assert code("PredictionService/Explain", doubled(1.0)) == "UNIMPLEMENTED"
    assert code(predict, messages().PredictRequest()) == "NOT_FOUND"
    assert code(predict, doubled(-3.0)) == "INTERNAL"
    assert code(predict, doubled(-7.0), seconds=0.1) == "DEADLINE_EXCEEDED"
    wrong = doubled(1.0)
    wrong.inputs["x"].tensor_content = b"123"
    assert code(predict, wrong) == "INVALID_ARGUMENT"
    wrong = doubled(1.0)
    wrong.output_filter.append("nobody")
    assert code(predict, wrong) == "INVALID_ARGUMENT"


def test_states_are_shown(toy: tuple[Served, Any]) -> None:
    request = messages().GetModelStatusRequest()
    request.model_spec.name = "toy"
    data = toy[1]("ModelService/GetModelStatus", request)
    found = messages().GetModelStatusResponse.FromString(data).model_version_status
    assert [(each.version, each.state) for each in found] == [(1, 30)]


@pytest.fixture(scope="module")
def half(tmp_path_factory: pytest.TempPathFactory) -> Iterator[tuple[Served, Any]]:
    """A server of x/2 + 2, and a channel to it."""
    import grpc

    folder = tmp_path_factory.mktemp("half")
    save_half_plus_two(folder / "half_plus_two" / "123")
    port = free_port()
    served = Served(["half_plus_two", "--grpc-port", str(port)], folder)
    served.wait()
    with grpc.insecure_channel(f"127.0.0.1:{port}") as channel:
        yield served, channel
    assert served.end() == 0


def test_a_saved_model_answers_tensorflows_client(half: tuple[Served, Any]) -> None:
    import tensorflow as tf
    from tensorflow_serving.apis import predict_pb2, prediction_service_pb2_grpc

    request = predict_pb2.PredictRequest()
    request.model_spec.name = "half_plus_two"
    request.inputs["x"].CopyFrom(tf.make_tensor_proto([1.0, 2.0, 5.0]))
    stub = prediction_service_pb2_grpc.PredictionServiceStub(half[1])
    found = stub.Predict(request, 30)
    assert tf.make_ndarray(found.outputs["y"]).tolist() == [2.5, 3.0, 4.5]
    assert found.model_spec.version.value == 123


def test_states_and_signatures_are_shown_to_tensorflows_client(half: tuple[Served, Any]) -> None:
    from tensorflow_serving.apis import (
        get_model_metadata_pb2,
        get_model_status_pb2,
        model_service_pb2_grpc,
        prediction_service_pb2_grpc,
    )

    status = get_model_status_pb2.GetModelStatusRequest()
    status.model_spec.name = "half_plus_two"
    found = model_service_pb2_grpc.ModelServiceStub(half[1]).GetModelStatus(status, 30)
    assert [(s.version, s.state) for s in found.model_version_status] == [(123, 30)]
    request = get_model_metadata_pb2.GetModelMetadataRequest(metadata_field=["signature_def"])
    request.model_spec.name = "half_plus_two"
    stub = prediction_service_pb2_grpc.PredictionServiceStub(half[1])
    signatures = get_model_metadata_pb2.SignatureDefMap()
    assert stub.GetModelMetadata(request, 30).metadata["signature_def"].Unpack(signatures)
    only = signatures.signature_def["serving_default"]
    assert (only.inputs["x"].dtype, only.outputs["y"].dtype) == (1, 1)


def test_what_is_wrong_has_tensorflow_servings_codes(half: tuple[Served, Any]) -> None:
    import grpc
    import tensorflow as tf
    from tensorflow_serving.apis import (
        classification_pb2,
        predict_pb2,
        prediction_service_pb2_grpc,
    )

    stub = prediction_service_pb2_grpc.PredictionServiceStub(half[1])

    def code(name: str, **inputs: Any) -> Any:
        request = predict_pb2.PredictRequest()
        request.model_spec.name = name
        for key, value in inputs.items():
            request.inputs[key].CopyFrom(tf.make_tensor_proto(value))
        with pytest.raises(grpc.RpcError) as error:
            stub.Predict(request, 30)
        return error.value.code().name

    assert code("nobody", x=[1.0]) == "NOT_FOUND"
    assert code("half_plus_two") == "INVALID_ARGUMENT"
    assert code("half_plus_two", x=["a"]) == "INVALID_ARGUMENT"
    assert code("half_plus_two", x=[[1.0]]) == "INVALID_ARGUMENT"
    request = classification_pb2.ClassificationRequest()
    request.model_spec.name = "half_plus_two"
    request.input.example_list.examples.add()
    with pytest.raises(grpc.RpcError, match="tensorflow/serving/classify"):
        stub.Classify(request, 30)


def test_the_documented_example_is_answered_over_rest_and_no_tensorflow_is_in_the_server(
    half: tuple[Served, Any],
) -> None:
    served = half[0]
    path = "/v1/models/half_plus_two:predict"
    assert served.ask(path, {"instances": [1.0, 2.0, 5.0]})[2] == {"predictions": [2.5, 3.0, 4.5]}
    maps = Path(f"/proc/{served.process.pid}/maps").read_text()
    assert "tensorflow" not in maps
    started = time.monotonic()
    for _ in range(50):
        assert served.ask(path, {"instances": [1.0]})[0] == 200
    assert time.monotonic() - started < 20
