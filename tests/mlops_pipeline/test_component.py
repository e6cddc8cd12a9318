from __future__ import annotations

import sys
from typing import Any

import pytest

from mlops_pipeline import (
    Beam,
    BeamPipeline,
    Cache,
    Container,
    Examples,
    Input,
    Model,
    Output,
    Resources,
    compile_pipeline,
    component,
    ir,
    pipeline,
)
from mlops_pipeline.authoring import Component
from mlops_pipeline.errors import DefinitionError
from mlops_pipeline.user_code import target_of

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


def test_options_change_the_node_and_leave_the_component() -> None:
    tuned = Make.options(
        id="again",
        retries=2,
        retry_wait=0.5,
        timeout=60,
        cache=Cache(max_age=10, salt="x"),
        labels={"team": "a"},
        resources=Resources(cpu=2, memory="1.5Gi", accelerator="t4"),
    )
    node = only_node(tuned.options(retry_factor=3))
    assert node.id == "again"
    assert node.retry == ir.RetryIR(attempts=3, wait=0.5, factor=3)
    assert node.timeout == 60
    assert node.cache == ir.CacheIR(max_age=10, salt="x")
    assert node.labels == {"team": "a"}
    assert node.resources == ir.ResourcesIR(2, 1610612736, "t4", 1)
    assert only_node(Make).id == "Make"


def test_the_cache_can_be_switched_off() -> None:
    assert not only_node(Make.options(cache=False)).cache.enabled


@pytest.mark.parametrize(
    ("memory", "wanted"), [("4Gi", 4 * 1024**3), ("500M", 500_000_000), ("2KB", 2000), (7, 7)]
)
def test_memory_is_given_in_bytes_or_as_a_size(memory: Any, wanted: int) -> None:
    assert Resources(memory=memory).to_ir().memory == wanted


def test_a_memory_that_is_no_size_is_refused() -> None:
    with pytest.raises(DefinitionError, match="memory 'much' is not a size"):
        Resources(memory="much").to_ir()


@pytest.mark.parametrize(
    ("options", "message", "hint"),
    [
        ({"retrys": 2}, "Make: retrys is not an option", "did you mean 'retries'?"),
        ({"retries": -1}, "Make: retries cannot be -1", "give a whole number"),
        ({"retries": True}, "Make: retries cannot be True", "give a whole number"),
        ({"timeout": 0}, "Make: timeout cannot be 0", "give seconds"),
        ({"cache": "no"}, "Make: cache cannot be 'no'", "give True, False or Cache"),
        ({"labels": {"a": 1}}, "Make: labels cannot be", "give a dict of texts"),
        ({"resources": "big"}, "Make: resources cannot be 'big'", "give Resources("),
        ({"after": Make}, "Make: after cannot be", "give a list of nodes"),
        ({"id": 3}, "Make: id cannot be 3", "give a text"),
    ],
)
def test_wrong_options_are_refused(options: Any, message: str, hint: str) -> None:
    with pytest.raises(DefinitionError) as caught:
        Make.options(**options)
    assert caught.value.message.startswith(message)
    assert hint in caught.value.hint
    assert "test_component.py:" in caught.value.where


def test_a_call_outside_a_pipeline_says_where_it_belongs() -> None:
    with pytest.raises(DefinitionError, match="Make is used outside a pipeline") as caught:
        Make()
    assert "mlops_pipeline.testing" in caught.value.hint
    line = sys._getframe().f_lineno
    assert caught.value.where.endswith(f"test_component.py:{line - 2}")


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


def test_a_component_of_a_notebook_is_refused(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(notebook_cell, "__module__", "__main__")
    monkeypatch.delattr(sys.modules["__main__"], "__file__", raising=False)
    monkeypatch.setattr(sys.modules["__main__"], "__spec__", None, raising=False)
    with pytest.raises(DefinitionError, match="defined in a notebook") as caught:
        component(notebook_cell)
    assert ".py file" in caught.value.hint


def test_a_component_of_a_script_is_named_by_its_file(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(notebook_cell, "__module__", "__main__")
    monkeypatch.setattr(sys.modules["__main__"], "__spec__", None, raising=False)
    monkeypatch.setattr(sys.modules["__main__"], "__file__", "/project/train.py", raising=False)
    made = component(notebook_cell)
    assert made.identity == "train.notebook_cell"
    assert made.definition.executor == ir.FunctionExecutor("train:notebook_cell")


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


def test_targets_lead_to_the_function_of_a_component() -> None:
    assert target_of(Make, "component") == f"{HERE}:Make"


def test_a_component_read_from_standard_input_has_no_module(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr(notebook_cell, "__module__", "__main__")
    monkeypatch.setattr(sys.modules["__main__"], "__spec__", None, raising=False)
    monkeypatch.setattr(sys.modules["__main__"], "__file__", "<stdin>", raising=False)
    with pytest.raises(DefinitionError, match="defined in a notebook or an interpreter"):
        component(notebook_cell)
