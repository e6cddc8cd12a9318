from __future__ import annotations

from typing import Any

import pytest

from mlops_pipeline import (
    Beam,
    BeamPipeline,
    Container,
    Examples,
    Input,
    Model,
    Output,
    compile_pipeline,
    component,
    ir,
    pipeline,
)
from mlops_pipeline.authoring import Component
from mlops_pipeline.errors import DefinitionError

HERE = __name__


class Exe:
    """An executor."""

    def execute(self, task: Any) -> None: ...


def my_driver(request: Any) -> Any: ...


@component
def Make(n: int = 1, *, examples: Output[Examples]) -> None:
    """Make examples.

    In two paragraphs.
    """


@component(executor=Exe, execution_type="my.Train", base_type="Train", driver=my_driver)
def Train(examples: Input[Examples], *, model: Output[Model]) -> None: ...


@component(executor="elsewhere.executors:Fast", publisher="elsewhere:publish")
def Fast(n: int = 1) -> None: ...


@component(executor=Beam(["--runner=DirectRunner"]))
def OnBeam(pipeline: BeamPipeline, n: int = 1) -> None: ...


@component(executor=Container("image:1", ["run", "{{parameters.n}}"], {"OUT": "{{outputs.m.uri}}"}))
def InContainer(n: int = 1, *, m: Output[Model]) -> None: ...


def only_node(made: Component, **arguments: Any) -> ir.NodeIR:
    @pipeline
    def p() -> None:
        made(**arguments)

    return compile_pipeline(p).nodes[0]


def test_a_function_component_is_named_by_module_and_name() -> None:
    node = only_node(Make)
    assert node.component == f"{HERE}.Make"
    assert node.executor == ir.FunctionExecutor(f"{HERE}:Make")
    assert node.doc == "Make examples."
    assert [o.name for o in node.outputs] == ["examples"]


def test_a_component_is_still_its_function_to_readers() -> None:
    assert Make.name == "Make"
    assert Make.__doc__ is not None
    assert Make.function(n=1, examples=Examples("x")) is None
    assert repr(Make) == f"<component {HERE}.Make>"


def test_executor_driver_identity_and_base_type_can_be_chosen() -> None:
    definition = Train.definition
    assert definition.identity == "my.Train"
    assert definition.base_type == "Train"
    assert definition.driver == f"{HERE}:my_driver"


def test_a_class_executor_is_found_through_its_component() -> None:
    assert Train.definition.executor == ir.ClassExecutor(f"{HERE}:Train")
    assert Train.executor is Exe


def test_executors_and_publishers_can_be_named_by_text() -> None:
    node = only_node(Fast)
    assert node.executor == ir.ClassExecutor("elsewhere.executors:Fast")
    assert node.publisher == "elsewhere:publish"


def test_a_beam_executor_keeps_its_arguments() -> None:
    assert only_node(OnBeam).executor == ir.BeamExecutor(
        f"{HERE}:OnBeam", ("--runner=DirectRunner",)
    )


def test_a_container_executor_keeps_its_command() -> None:
    assert only_node(InContainer).executor == ir.ContainerExecutor(
        "image:1", ("run", "{{parameters.n}}"), {"OUT": "{{outputs.m.uri}}"}, f"{HERE}:InContainer"
    )


def test_arguments_by_position_are_refused() -> None:
    with pytest.raises(DefinitionError, match="called with 3 by position") as caught:
        only_node(lambda: Make(3))  # type: ignore[arg-type]
    assert caught.value.hint == "name what you pass: n=..."


def test_a_component_inside_a_function_is_refused() -> None:
    with pytest.raises(DefinitionError, match="'inner' is defined inside a function") as caught:

        @component
        def inner() -> None: ...

    assert "top level" in caught.value.hint


def test_a_lambda_is_refused() -> None:
    with pytest.raises(DefinitionError, match="is a lambda"):
        component(lambda: None)


def test_what_is_no_function_is_refused() -> None:
    with pytest.raises(DefinitionError, match="not a function") as caught:
        component(Exe)
    assert "executor=TheClass" in caught.value.hint


def notebook_cell() -> None: ...


@component
def Twice() -> None: ...


First = Twice


@component  # type: ignore[no-redef]
def Twice(n: int) -> None: ...


def test_a_component_hidden_by_another_of_its_name_is_refused() -> None:
    with pytest.raises(DefinitionError, match="not what its module has as 'Twice'"):
        only_node(First)
    assert only_node(Twice, n=1).id == "Twice"  # type: ignore[arg-type]


@pytest.mark.parametrize(
    ("settings", "message"),
    [
        ({"exectuor": Exe}, "no setting 'exectuor'"),
        ({"executor": 3}, "executor of .* is 3"),
        ({"executor": object}, "executor of .* is <class 'object'>"),
        ({"executor": "nowhere"}, "is not written as 'module:name'"),
        ({"driver": lambda request: None}, "is a lambda"),
        ({"base_type": "Training"}, "base type 'Training'"),
        ({"executor": Beam()}, "no parameter that takes the pipeline"),
        ({"executor": Container("i", ["{{inputs.x.uri}}"])}, "placeholder {{inputs.x.uri}}"),
    ],
)
def test_wrong_settings_of_a_component_are_refused(settings: Any, message: str) -> None:
    with pytest.raises(DefinitionError, match=message):
        component(**settings)(notebook_cell)


def takes_beam(pipeline: BeamPipeline) -> None: ...


def test_a_beam_parameter_needs_a_beam_executor() -> None:
    with pytest.raises(DefinitionError, match="takes a Beam pipeline") as caught:
        component(takes_beam)
    assert "Beam()" in caught.value.hint
