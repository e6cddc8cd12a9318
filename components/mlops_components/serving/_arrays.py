"""Tensors as NumPy's arrays, and back. Imports NumPy when it is imported."""

from __future__ import annotations

from typing import Any

import numpy as np

from mlops_pipeline.serving import STRING, ModelFailure, Tensor, of_strings, values_of


def to_array(tensor: Tensor) -> Any:
    """Return a tensor as an array; strings as bytes objects."""
    if tensor.dtype == STRING:
        found = np.empty(tensor.count, object)
        found[:] = values_of(tensor)
        return found.reshape(tensor.shape)
    return np.frombuffer(tensor.data, np.dtype(tensor.dtype).newbyteorder("<")).reshape(
        tensor.shape
    )


def of_array(value: Any, dtype: str = "") -> Tensor:
    """Return an array, or what becomes one, as a tensor.

    Raises:
        ModelFailure: it holds neither numbers nor texts.
    """
    try:
        array = np.asarray(value)
    except ValueError as error:
        raise ModelFailure(f"the model's output is no tensor: {error}", "output") from None
    if array.dtype.kind in "OSU":
        texts = [_bytes(each) for each in array.ravel().tolist()]
        return Tensor(STRING, array.shape, of_strings(texts))
    if dtype and array.dtype.name != dtype and np.can_cast(array.dtype, dtype, "same_kind"):
        array = array.astype(dtype)
    if array.dtype.kind not in "biuf" or array.dtype.itemsize > 8:
        raise ModelFailure(f"the model's output is {array.dtype}, and no tensor", "output")
    array = array.astype(array.dtype.newbyteorder("<"), copy=False)
    return Tensor(array.dtype.name, array.shape, np.ascontiguousarray(array).tobytes())


def _bytes(value: Any) -> bytes:
    if isinstance(value, bytes):
        return value
    if isinstance(value, str):
        return value.encode()
    raise ModelFailure(f"the model's output holds {type(value).__name__}", "output")
