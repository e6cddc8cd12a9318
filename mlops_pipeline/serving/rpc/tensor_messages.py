"""Tensors as TensorFlow's `TensorProto`, and back."""

from __future__ import annotations

import math
import struct
from typing import Any

from mlops_pipeline.serving.models import (
    STRING,
    BadInputFailure,
    Tensor,
    TensorSpec,
    checked_tensor,
    of_lists,
    of_strings,
    values_of,
)
from mlops_pipeline.serving.rpc.messages import DTYPES, NAMES

_FIELDS = {
    "float32": "float_val",
    "float64": "double_val",
    "int32": "int_val",
    "uint8": "int_val",
    "int16": "int_val",
    "int8": "int_val",
    "uint16": "int_val",
    "int64": "int64_val",
    "bool": "bool_val",
    "uint32": "uint32_val",
    "uint64": "uint64_val",
}
_MOST_VALUES = 2**28


def read_tensor(name: str, message: Any) -> Tensor:
    """Return the tensor of a message.

    Raises:
        BadInputFailure: type, shape and values do not fit each other.
    """
    dtype = NAMES.get(message.dtype, "")
    shape = [dim.size for dim in message.tensor_shape.dim]
    if not dtype or message.tensor_shape.unknown_rank or any(size < 0 for size in shape):
        raise BadInputFailure(f"input {name!r} has no type or shape that is known")
    count = math.prod(shape)
    if count > _MOST_VALUES:
        raise BadInputFailure(f"input {name!r} is too large")
    if dtype == STRING:
        return checked_tensor(dtype, shape, of_strings(_filled(list(message.string_val), count)))
    if message.tensor_content:
        return checked_tensor(dtype, shape, message.tensor_content)
    if dtype == "float16":
        halves = _filled(list(message.half_val), count)
        try:
            return checked_tensor(dtype, shape, struct.pack(f"<{len(halves)}H", *halves))
        except struct.error:
            raise BadInputFailure(f"input {name!r} holds what is no half") from None
    values = _filled(list(getattr(message, _FIELDS[dtype])), count)
    return checked_tensor(dtype, shape, of_lists(values, dtype).data)


def _filled(values: list[Any], count: int) -> list[Any]:
    """Return as many values as the shape has: the last one stands for those that are left out."""
    if values and len(values) < count:
        values += [values[-1]] * (count - len(values))
    return values


def write_tensor(message: Any, tensor: Tensor) -> None:
    """Write a tensor into a message."""
    message.dtype = DTYPES[tensor.dtype]
    for size in tensor.shape:
        message.tensor_shape.dim.add().size = size
    if tensor.dtype == STRING:
        message.string_val.extend(values_of(tensor))
    else:
        message.tensor_content = tensor.data


def write_spec(message: Any, spec: TensorSpec) -> None:
    """Write the type and shape of a signature's tensor into a message."""
    message.name = spec.internal
    message.dtype = DTYPES.get(spec.dtype, 0)
    message.tensor_shape.unknown_rank = spec.shape is None
    for size in spec.shape or ():
        message.tensor_shape.dim.add().size = size
