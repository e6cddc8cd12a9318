"""Tensors: from JSON to bytes and back, joined and split by rows."""

from __future__ import annotations

import math
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from mlops_pipeline.serving.models import BadInputFailure
from mlops_pipeline.serving.models.tensors import (
    CODES,
    Tensor,
    checked_tensor,
    is_finite,
    joined,
    of_lists,
    split,
    to_lists,
)


@pytest.mark.parametrize(
    ("value", "dtype", "shape"),
    [
        (1, "int64", ()),
        ([1.5, 2], "float64", (2,)),
        ([[True], [False]], "bool", (2, 1)),
        ([["a"], [{"b64": "/w=="}]], "string", (2, 1)),
        ([], "float64", (0,)),
        ([[], []], "float64", (2, 0)),
        ([[[1], [2]], [[3], [4]]], "int64", (2, 2, 1)),
    ],
)
def test_lists_become_a_tensor_and_lists_again(value: Any, dtype: str, shape: Any) -> None:
    tensor = of_lists(value)
    assert (tensor.dtype, tensor.shape) == (dtype, shape)
    back = to_lists(tensor)
    if dtype == "string":
        assert back == [[b"a"], [b"\xff"]]
    else:
        assert back == value


@pytest.mark.parametrize(
    ("value", "dtype"),
    [
        ([1, [2]], ""),
        ([[1], 2], ""),
        ([[1], [2, 3]], ""),
        ([[1], [[2]]], ""),
        ([[], [1]], ""),
        ([1, "a"], "float32"),
        ([True], "float32"),
        ([1], "bool"),
        ([1.5], "int32"),
        ([300], "uint8"),
        ([-1], "uint64"),
        ([2**70], "int64"),
        ([10**400], "float64"),
        ([1e39], "float32"),
        ([None], "float32"),
        ([1, "a"], ""),
        ([{"b64": "?"}], "string"),
        ([{"b64": 1}], "string"),
        ([{"b64": "YQ==", "x": 1}], "string"),
        (["\ud800"], "string"),
        ([1], "complex64"),
        ({"a": 1}, ""),
        (None, ""),
    ],
)
def test_what_is_no_tensor_is_refused(value: Any, dtype: str) -> None:
    with pytest.raises(BadInputFailure):
        of_lists(value, dtype)


def test_lists_of_hostile_depth_are_refused() -> None:
    deep: Any = 1
    for _ in range(500):
        deep = [deep]
    with pytest.raises(BadInputFailure, match="dimensions"):
        of_lists(deep)


@pytest.mark.parametrize("dtype", CODES)
def test_each_type_of_number_keeps_its_values(dtype: str) -> None:
    values: list[Any] = [True, False] if dtype == "bool" else [0, 1, 100]
    assert to_lists(of_lists(values, dtype)) == values


def test_numbers_that_are_none_stay_what_they_are() -> None:
    tensor = of_lists([math.nan, math.inf, 1.0], "float32")
    found = to_lists(tensor)
    assert math.isnan(found[0])
    assert found[1:] == [math.inf, 1.0]
    assert not is_finite(tensor)
    assert is_finite(of_lists([1.0]))
    assert is_finite(of_lists(["a"]))


@given(st.lists(st.lists(st.lists(st.binary(max_size=5), min_size=2, max_size=2), max_size=4)))
def test_strings_that_are_joined_are_split_the_same(parts: list[list[list[bytes]]]) -> None:
    from mlops_pipeline.serving.models.tensors import of_strings

    tensors = [
        Tensor("string", (len(part), 2), of_strings([each for row in part for each in row]))
        for part in parts
        if part
    ]
    if tensors:
        assert split(joined(tensors), [tensor.rows for tensor in tensors]) == tensors


@given(st.lists(st.integers(1, 5), min_size=1, max_size=6), st.integers(0, 3))
def test_numbers_that_are_joined_are_split_the_same(rows: list[int], width: int) -> None:
    tensors = [
        of_lists([[row * 10 + column for column in range(width)] for row in range(count)], "int32")
        if width
        else Tensor("int32", (count, 0), b"")
        for count in rows
    ]
    assert split(joined(tensors), rows) == tensors


@pytest.mark.parametrize(
    ("dtype", "shape", "data"),
    [
        ("float32", [2], b"1234"),
        ("float32", [-1], b""),
        ("string", [1], b""),
        ("string", [1], b"\x05\x00\x00\x00ab"),
        ("string", [1], b"\x05\x00"),
        ("string", [1], b"\xff\xff\xff\xff"),
        ("object", [1], b"1"),
        ("float32", [1] * 40, b"1234"),
    ],
)
def test_bytes_that_do_not_fit_a_shape_are_refused(
    dtype: str, shape: list[int], data: bytes
) -> None:
    with pytest.raises(BadInputFailure):
        checked_tensor(dtype, shape, data)
