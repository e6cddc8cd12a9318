"""Tensors as `TensorProto`: as TensorFlow writes and reads them."""

from __future__ import annotations

from typing import Any

import pytest

from mlops_pipeline.serving.models import BadInputFailure, of_lists, to_lists
from mlops_pipeline.serving.rpc.messages import messages
from mlops_pipeline.serving.rpc.tensor_messages import read_tensor, write_tensor

pytestmark = [pytest.mark.ml, pytest.mark.filterwarnings("ignore")]


@pytest.mark.parametrize(
    ("values", "dtype"),
    [
        ([[1.5, 2.5]], "float32"),
        ([1.0, 1.0, 1.0], "float64"),
        ([1, 2], "int64"),
        ([1, -2], "int16"),
        ([3], "uint8"),
        ([True, False], "bool"),
        (["a", "bc"], "string"),
        ([0.5, 2.0], "float16"),
        (7, "int32"),
        ([2**63], "uint64"),
        ([], "float32"),
    ],
)
def test_tensors_go_both_ways(values: Any, dtype: str) -> None:
    import tensorflow as tf

    kind = messages().TensorProto
    theirs = tf.make_tensor_proto(values, dtype=dtype)
    tensor = of_lists(values, dtype)
    assert read_tensor("x", kind.FromString(theirs.SerializeToString())) == tensor
    ours = kind()
    write_tensor(ours, tensor)
    read = tf.make_ndarray(type(theirs).FromString(ours.SerializeToString()))
    assert read.tolist() == to_lists(tensor)


@pytest.mark.parametrize(
    "fields",
    [
        {"dtype": 1, "sizes": [2], "tensor_content": b"123"},
        {"dtype": 99, "sizes": [1]},
        {"dtype": 1, "sizes": [-1]},
        {"dtype": 1, "sizes": [2**40, 2**40], "float_val": [1.0]},
        {"dtype": 1, "sizes": [2]},
        {"dtype": 7, "sizes": [1], "string_val": [b"a", b"b"]},
        {"dtype": 4, "sizes": [1], "int_val": [300]},
        {"dtype": 19, "sizes": [1], "half_val": [-5]},
    ],
)
def test_messages_that_hold_no_tensor_are_refused(fields: dict[str, Any]) -> None:
    message = messages().TensorProto(dtype=fields.pop("dtype"))
    for size in fields.pop("sizes"):
        message.tensor_shape.dim.add().size = size
    for name, value in fields.items():
        if isinstance(value, list):
            getattr(message, name).extend(value)
        else:
            setattr(message, name, value)
    with pytest.raises(BadInputFailure):
        read_tensor("x", message)
