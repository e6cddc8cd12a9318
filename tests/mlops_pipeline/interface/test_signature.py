from __future__ import annotations

import enum
from dataclasses import dataclass
from typing import Any, NamedTuple, TypedDict

import pytest

from mlops_pipeline import (
    Artifact,
    BeamPipeline,
    Boolean,
    Examples,
    Float,
    Input,
    Integer,
    JsonValue,
    Model,
    Output,
    Schema,
    String,
    Unkeyed,
)
from mlops_pipeline.errors import DefinitionError
from mlops_pipeline.interface import read_interface


class Color(enum.Enum):
    RED = "red"


@dataclass
class Config:
    rate: float
    color: Color = Color.RED


class Two(NamedTuple):
    count: int
    name: str


class Both(TypedDict):
    count: int
    fine: bool


def test_markers_tell_inputs_outputs_and_parameters_apart() -> None:
    def f(examples: Input[Examples], steps: int, *, model: Output[Model], rate: float = 0.1): ...

    interface = read_interface(f)
    assert interface.inputs["examples"].type is Examples
    assert interface.outputs["model"].type is Model
    assert interface.parameters["steps"].required
    assert interface.parameters["rate"].default == 0.1


def test_inputs_may_be_optional_or_many() -> None:
    def f(
        one: Input[Model],
        some: list[Input[Model]],
        maybe: Input[Schema] | None = None,
        any_number: list[Input[Artifact]] | None = None,
    ): ...

    inputs = read_interface(f).inputs
    assert [(i.many, i.optional) for i in inputs.values()] == [
        (False, False),
        (True, False),
        (False, True),
        (True, True),
    ]


def test_a_simple_return_value_becomes_an_output() -> None:
    def f() -> float: ...

    output = read_interface(f).outputs["output"]
    assert (output.type, output.value, output.schema) == (Float, True, {"type": "number"})


@pytest.mark.parametrize(
    ("hint", "types"),
    [
        (Two, {"count": Integer, "name": String}),
        (Both, {"count": Integer, "fine": Boolean}),
        (Config, {"rate": Float, "color": JsonValue}),
        (list[int], {"output": JsonValue}),
        (dict[str, float], {"output": JsonValue}),
        (None, {}),
    ],
)
def test_each_field_of_a_returned_record_becomes_an_output(
    hint: Any, types: dict[str, type[Artifact]]
) -> None:
    def f(): ...

    f.__annotations__["return"] = hint
    assert {name: o.type for name, o in read_interface(f).outputs.items()} == types


async def later() -> int:
    return 1


def one_by_one():  # type: ignore[no-untyped-def]
    yield 1


@pytest.mark.parametrize(
    ("function", "message"), [(later, "an async function"), (one_by_one, "a generator")]
)
def test_a_function_that_does_nothing_when_called_is_refused(function: Any, message: str) -> None:
    with pytest.raises(DefinitionError, match=message):
        read_interface(function)


def test_parameters_that_never_change_the_result_are_marked() -> None:
    def f(workers: Unkeyed[int] = 1, args: Unkeyed[list[str]] | None = None): ...

    parameters = read_interface(f).parameters
    assert not parameters["workers"].affects_result
    assert not parameters["args"].affects_result


def test_the_beam_pipeline_is_no_parameter() -> None:
    def f(pipeline: BeamPipeline, n: int): ...

    interface = read_interface(f)
    assert interface.beam == "pipeline"
    assert list(interface.parameters) == ["n"]


def _refused(function: Any) -> str:
    with pytest.raises(DefinitionError) as caught:
        read_interface(function)
    assert f"test_signature.py:{function.__code__.co_firstlineno}" in caught.value.where
    return str(caught.value)


def test_a_parameter_without_a_type_is_refused() -> None:
    def f(x): ...

    assert "f has no type for 'x'" in _refused(f)


def test_star_arguments_are_refused() -> None:
    def f(*rest: int): ...
    def g(**rest: int): ...

    assert "takes *rest" in _refused(f)
    assert "takes *rest" in _refused(g)


def test_an_artifact_without_a_marker_is_refused() -> None:
    def f(examples: Examples): ...
    def g(examples: list[Examples]): ...

    assert "write examples: Input[Examples]" in _refused(f)
    assert "write examples: list[Input[Examples]]" in _refused(g)


def test_a_list_inside_the_marker_is_refused() -> None:
    def f(examples: Input[list[Examples]]): ...

    assert "write list[Input[Examples]]" in _refused(f)


def test_an_input_of_something_else_than_an_artifact_is_refused() -> None:
    def f(examples: Input[int]): ...

    assert "write examples: int for a parameter" in _refused(f)


def test_an_input_with_a_default_other_than_none_is_refused() -> None:
    def f(examples: Input[Examples] = 3): ...  # type: ignore[assignment]

    assert "Input[Examples] | None = None to make it optional" in _refused(f)


def test_an_optional_output_is_refused() -> None:
    def f(model: Output[Model] | None = None): ...

    assert "has an optional output 'model'" in _refused(f)


def test_a_parameter_that_json_cannot_hold_is_refused() -> None:
    def f(x: object): ...

    assert "type object, which has no JSON form" in _refused(f)


def test_a_default_of_the_wrong_type_is_refused() -> None:
    def f(steps: int = "many"): ...  # type: ignore[assignment]

    assert "has the default 'many' for 'steps': Expected `int`, got `str`" in _refused(f)


def test_a_returned_artifact_is_refused() -> None:
    def f() -> Model: ...

    assert "take it as Output[Model]" in _refused(f)


def test_a_returned_value_and_an_output_of_one_name_are_refused() -> None:
    def f(output: Output[Model]) -> int: ...

    assert "returns 'output', which is an Output already" in _refused(f)


def test_an_annotation_that_does_not_exist_is_refused() -> None:
    def f(x: NotThere): ...  # type: ignore[name-defined]  # noqa: F821

    assert "has an annotation that cannot be read" in _refused(f)


def test_a_misspelt_annotation_gives_the_near_miss() -> None:
    def f(x: Input[Modle]): ...  # type: ignore[name-defined]  # noqa: F821

    with pytest.raises(DefinitionError) as caught:
        read_interface(f)
    assert caught.value.hint == "did you mean 'Model'?"
