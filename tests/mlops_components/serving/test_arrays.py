"""Tensors as NumPy's arrays, and back."""

from __future__ import annotations

from typing import Any

import pytest

from mlops_pipeline.serving import ModelFailure, of_lists, to_lists

pytestmark = [pytest.mark.ml, pytest.mark.filterwarnings("ignore")]


@pytest.mark.parametrize(
    ("values", "dtype"),
    [
        ([[1.5, 2.5]], "float32"),
        ([1], "int64"),
        ([True], "bool"),
        ([["a"], ["b"]], "string"),
        (1.0, "float64"),
        ([0.5], "float16"),
    ],
)
def test_a_tensor_becomes_an_array_and_a_tensor_again(values: Any, dtype: str) -> None:
    from mlops_components.serving import _arrays

    tensor = of_lists(values, dtype)
    array = _arrays.to_array(tensor)
    assert (array.shape, _arrays.of_array(array)) == (tensor.shape, tensor)


def test_arrays_of_any_layout_and_byte_order_keep_their_values() -> None:
    import numpy as np

    from mlops_components.serving import _arrays

    array = np.arange(6).reshape(2, 3)
    assert to_lists(_arrays.of_array(array.T)) == array.T.tolist()
    assert to_lists(_arrays.of_array(array.astype(">i4"))) == array.tolist()
    assert to_lists(_arrays.of_array(np.array(["a", "ü"]))) == [b"a", "ü".encode()]
    assert _arrays.of_array([1.0], "float32").dtype == "float32"


@pytest.mark.parametrize("value", [object(), [[1], [2, 3]], [1j], [{"a": 1}]])
def test_what_is_no_tensor_is_the_fault_of_the_model(value: Any) -> None:
    from mlops_components.serving import _arrays

    with pytest.raises(ModelFailure):
        _arrays.of_array(value)
