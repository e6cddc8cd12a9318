"""Metadata in the words of TensorFlow."""

from mlops_pipeline.serving.models import Signature, TensorSpec
from mlops_pipeline.serving.web.tf_status import signature_def


def test_a_signature_is_shown_as_tensorflow_shows_it() -> None:
    signature = Signature({"x": TensorSpec("float32", (-1, 2), "x:0")}, {"y": TensorSpec("string")})
    assert signature_def(signature) == {
        "inputs": {
            "x": {
                "dtype": "DT_FLOAT",
                "tensor_shape": {
                    "dim": [{"size": "-1", "name": ""}, {"size": "2", "name": ""}],
                    "unknown_rank": False,
                },
                "name": "x:0",
            }
        },
        "outputs": {
            "y": {
                "dtype": "DT_STRING",
                "tensor_shape": {"dim": [], "unknown_rank": True},
                "name": "",
            }
        },
        "method_name": "tensorflow/serving/predict",
    }
