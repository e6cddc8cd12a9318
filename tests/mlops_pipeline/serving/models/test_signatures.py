"""Signatures: inputs and outputs are compared with them."""

import pytest

from mlops_pipeline.serving.models import BadInputFailure, ModelFailure
from mlops_pipeline.serving.models.signatures import (
    Signature,
    TensorSpec,
    check_inputs,
    check_outputs,
)
from mlops_pipeline.serving.models.tensors import of_lists

ROWS = Signature(
    {"x": TensorSpec("float32", (-1, 2)), "y": TensorSpec("int64", (-1,))},
    {"z": TensorSpec("float32", (-1,))},
)
GOOD = {"x": of_lists([[1, 2]], "float32"), "y": of_lists([1], "int64")}


def test_inputs_that_fit_pass() -> None:
    check_inputs(ROWS, GOOD)
    check_inputs(Signature(), {"anything": of_lists(["a"])})


@pytest.mark.parametrize(
    ("change", "message"),
    [
        ({"x": None}, "'x' is missing"),
        ({"w": of_lists([1])}, "no input 'w'"),
        ({"y": of_lists([1.0])}, "is float64"),
        ({"x": of_lists([[1]], "float32")}, "has the shape"),
        ({"y": of_lists(1)}, "has the shape"),
        ({"y": of_lists([1, 2])}, "number of rows"),
    ],
)
def test_inputs_that_do_not_fit_are_named(change: dict, message: str) -> None:  # type: ignore[type-arg]
    inputs = {name: each for name, each in {**GOOD, **change}.items() if each is not None}
    with pytest.raises(BadInputFailure, match=message):
        check_inputs(ROWS, inputs)


@pytest.mark.parametrize(
    ("outputs", "kind"),
    [
        ({}, "output"),
        ({"z": of_lists([1.0], "float64")}, "output"),
        ({"z": of_lists([1.0, 2.0], "float32")}, "output"),
        ({"z": of_lists([[1.0]], "float32")}, "output"),
        ({"z": of_lists([float("nan")], "float32")}, "not_finite"),
    ],
)
def test_outputs_that_break_the_promise_are_the_fault_of_the_model(outputs, kind) -> None:  # type: ignore[no-untyped-def]
    with pytest.raises(ModelFailure) as failure:
        check_outputs(ROWS, GOOD, outputs, finite=True)
    assert failure.value.kind == kind


def test_numbers_that_are_not_finite_pass_where_nobody_minds() -> None:
    check_outputs(ROWS, GOOD, {"z": of_lists([float("nan")], "float32")}, finite=False)


def test_a_model_without_rows_takes_no_batches() -> None:
    assert ROWS.is_batchable
    assert not Signature({"x": TensorSpec("float32", ())}).is_batchable
    assert not Signature({"x": TensorSpec("float32", (1, 2))}).is_batchable
