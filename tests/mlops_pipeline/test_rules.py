from __future__ import annotations

import enum
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest

from mlops_pipeline import (
    Artifact,
    Examples,
    ExitHandler,
    ForEach,
    Importer,
    Input,
    Integer,
    Model,
    Output,
    Schema,
    Secret,
    check_pipeline,
    compile_pipeline,
    component,
    latest,
    pipeline,
    run_info,
)
from mlops_pipeline.errors import DefinitionError, PipelineError


class ImageExamples(Examples):
    """Examples that are images."""


class Clash(Artifact):
    TYPE_NAME = "Model"
    PROPERTIES = {"other": int}  # noqa: RUF012


class Mode(enum.Enum):
    FAST = "fast"


@dataclass
class Net:
    units: int = 1


@component
def Make(n: int = 1, *, examples: Output[Examples]) -> int: ...


@component
def Images(*, images: Output[ImageExamples]) -> None: ...


@component
def Train(examples: Input[Examples], *, model: Output[Model], rate: float = 0.1) -> None: ...


@component
def Compare(models: list[Input[Model]], base: Input[Model] | None = None) -> None: ...


@component
def Count(number: Input[Integer], anything: Input[Artifact] | None = None) -> None: ...


@component
def Odd(clash: Input[Clash] | None = None) -> None: ...


@component
def Set(
    steps: int = 1,
    mode: Mode = Mode.FAST,
    net: Net = Net(),  # noqa: B008
    names: list[str] | None = None,
    path: Path = Path("x"),
    token: Secret | None = None,
    text: str = "",
) -> None: ...


@component
def Notify(text: str, model: Input[Model] | None = None) -> str: ...


def error(write: Callable[..., Any]) -> str:
    """What compiling a pipeline function says, once it is known to name its file."""
    with pytest.raises(DefinitionError) as caught:
        compile_pipeline(pipeline(write))
    assert "test_rules.py:" in caught.value.where
    return str(caught.value)


def fine(write: Callable[..., Any]) -> bool:
    return bool(compile_pipeline(pipeline(write)).nodes)


def test_an_error_names_the_line_of_the_call() -> None:
    def p() -> None:
        Make()
        Train()

    line = p.__code__.co_firstlineno + 2
    assert error(p).startswith(f"tests/mlops_pipeline/test_rules.py:{line}: ")


@pytest.mark.parametrize("name", ["a.b", "../up", "a/b", "-flag", "_own", "a b", "", "x" * 101])
def test_ids_are_safe_as_names_of_folders(name: str) -> None:
    def p() -> None:
        Make.options(id=name)()

    if name:
        assert "cannot be the id of a node" in error(p)
        assert "letters, digits, _ and -" in error(p)
    else:
        assert fine(p)  # the component's own name


def test_an_id_is_a_plain_text() -> None:
    def p(n: int = 1) -> None:
        Make.options(id=f"make-{n}")()

    assert "cannot depend on a value that is not known" in error(p)


def test_an_id_is_taken_once() -> None:
    def p() -> None:
        Make()
        Make()

    assert "there is a node 'Make' already, from tests/mlops_pipeline/test_rules.py:" in error(p)
    assert ".options(id='...')" in error(p)


def test_unknown_arguments_are_refused() -> None:
    def p() -> None:
        Train(exmples=Make().outputs.examples)

    assert "Train has no input or parameter 'exmples'" in error(p)
    assert "did you mean 'examples'?" in error(p)


def test_outputs_are_not_passed_in() -> None:
    def p() -> None:
        Make(examples=3)

    assert "'examples' is an output of Make" in error(p)


def test_missing_inputs_and_parameters_are_refused() -> None:
    def no_input() -> None:
        Train()

    def no_parameter() -> None:
        Notify()

    assert "Train misses its input 'examples' of type Examples" in error(no_input)
    assert "Notify misses its parameter 'text'" in error(no_parameter)


def test_none_is_for_optional_inputs() -> None:
    def required() -> None:
        Train(examples=None)

    def optional() -> None:
        Compare(models=[], base=None)

    assert "cannot be None: it is not optional" in error(required)
    assert fine(optional)


def test_inputs_take_artifacts() -> None:
    def text() -> None:
        Train(examples="data/")

    def node() -> None:
        Train(examples=Make())

    def value() -> None:
        Count(number=Make().outputs.output.value)

    assert "bring outside files in with Importer" in error(text)
    assert "pass one of its outputs: Make.outputs['examples']" in error(node)
    assert "without .value" in error(value)


def test_a_list_is_for_list_inputs() -> None:
    def given() -> None:
        Train(examples=[Make().outputs.examples])

    def found() -> None:
        Train(examples=latest(Examples, count=2))

    def single() -> None:
        Compare(models=latest(Model))

    assert "takes one artifact, but a list is given" in error(given)
    assert "declare examples: list[Input[Examples]]" in error(found)
    assert fine(single)


def test_artifact_types_must_fit() -> None:
    def wrong() -> None:
        made = Make()
        schema = Importer("s", Schema)
        Train(examples=schema.outputs.result)
        del made

    def query() -> None:
        Train(examples=latest(Model))

    assert "takes Examples, but Importer.result is Schema" in error(wrong)
    assert "did you mean Make.examples?" in error(wrong)
    assert "takes Examples, but the query is Model" in error(query)


def test_subclasses_fit_and_artifact_takes_any() -> None:
    def p() -> None:
        Train(examples=Images().outputs.images)
        Count(number=Make().outputs.output, anything=Importer("s", Schema).outputs.result)

    assert fine(p)


def test_outputs_of_another_pipeline_are_refused() -> None:
    kept: list[Any] = []

    def other() -> None:
        kept.append(Make())

    compile_pipeline(pipeline(other))

    def wired() -> None:
        Make()
        Train(examples=kept[0].outputs.examples)

    def ordered() -> None:
        Make.options(after=[kept[0]])()

    assert "Make.examples, which belongs to another pipeline" in error(wired)
    assert "external(pipeline, node, output, type)" in error(wired)
    assert "belongs to another pipeline" in error(ordered)


def test_outputs_of_a_loop_are_single_only_inside_it() -> None:
    def outside() -> None:
        with ForEach([1, 2], id="numbers") as n:
            made = Make(n=n)
        Train(examples=made.outputs.examples)

    def inner() -> None:
        with ForEach([1, 2]) as n:
            made = Make(n=n)
            with ForEach([0.1, 0.2]) as rate:
                Train(examples=made.outputs.examples, rate=rate)

    assert "has one for each item of loop numbers" in error(outside)
    assert "declare examples: list[Input[...]]" in error(outside)
    assert fine(inner)


def test_outputs_of_an_unrelated_loop_are_refused() -> None:
    def p() -> None:
        with ForEach([1]) as n:
            model = Train(examples=Make(n=n).outputs.examples)
        with ForEach([2]):
            Compare(models=model.outputs.model)

    assert "is given Train.model of another loop" in error(p)
    assert "outside of both loops" in error(p)


def test_values_of_a_loop_are_used_inside_it() -> None:
    def item() -> None:
        with ForEach([1]) as n:
            Make(n=n)
        Set(steps=n)

    def output() -> None:
        with ForEach([1]) as n:
            made = Make(n=n)
        Set(text=f"{made.outputs.output.value}")

    assert "uses the item of loop loop-1 outside of it" in error(item)
    assert "uses one value of Make.output, but there is one for each item" in error(output)


def test_exit_handlers_give_nothing_to_others() -> None:
    def artifact() -> None:
        with ExitHandler():
            made = Make()
        Train(examples=made.outputs.examples)

    def value() -> None:
        with ExitHandler():
            made = Make()
        Set(steps=made.outputs.output.value)

    def order() -> None:
        with ExitHandler():
            Make()
        Set.options(after=["Make"])()

    assert "is given Make.examples of an exit handler" in error(artifact)
    assert "uses Make.output of an exit handler" in error(value)
    assert "which is an exit handler" in error(order)


def test_exit_handlers_do_without_what_may_not_be_there() -> None:
    def required() -> None:
        made = Make()
        with ExitHandler():
            Train(examples=made.outputs.examples)

    def value() -> None:
        made = Make()
        with ExitHandler():
            Notify(text=f"{made.outputs.output.value}")

    def optional() -> None:
        trained = Train(examples=Make().outputs.examples)
        with ExitHandler():
            said = Notify(text="done", model=trained.outputs.model)
            Set(text=said.outputs.output.value)

    assert "Make.examples may not be there when it runs" in error(required)
    assert "Input[Examples] | None = None" in error(required)
    assert "Make.output may not be there" in error(value)
    assert fine(optional)


def test_the_state_of_the_run_is_for_exit_handlers() -> None:
    def p() -> None:
        Set(text=f"{run_info.state}")

    assert "run_info.state, which is known at the end of the run only" in error(p)


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        ({"steps": "3"}, "'steps' of Set takes int, not '3': Expected `int`, got `str`"),
        ({"steps": True}, "takes int, not True"),
        ({"steps": 1.5}, "takes int, not 1.5"),
        ({"mode": "slow"}, "takes Mode, not 'slow': Invalid enum value 'slow'"),
        ({"net": {"units": "x"}}, "at `$.units`"),
        ({"net": {"units": 1, "unti": 2}}, "there is no field 'unti': did you mean 'units'?"),
        ({"names": "abc"}, ", not 'abc': Expected `array | null`"),
        ({"names": [1]}, "at `$[0]`"),
        ({"text": object()}, "has no JSON form"),
        ({"steps": float("nan")}, "takes int"),
        ({"token": "s3cr3t"}, "give Secret('NAME')"),
        ({"steps": Secret("A")}, "but a secret is a text"),
        ({"names": [Secret("A")]}, "has a secret inside"),
    ],
)
def test_literals_must_fit_their_parameter(arguments: Any, message: str) -> None:
    def p() -> None:
        Set(**arguments)

    assert message in error(p)


@component
def Anything(value: Any) -> None: ...


def test_not_finite_numbers_cannot_be_kept() -> None:
    def p() -> None:
        Anything(value=[float("inf")])

    assert "inf cannot be kept in JSON" in error(p)


@pytest.mark.parametrize(
    ("write", "message"),
    [
        (lambda n, s: {"steps": s}, "'steps' of Set takes an integer, not <s>, a string"),
        (lambda n, s: {"steps": f"{n}"}, "takes an integer, not text"),
        (lambda n, s: {"text": n}, "takes a string, not <n>, an integer"),
        (lambda n, s: {"names": [n]}, "takes a string, not <n>"),
        (lambda n, s: {"names": [s, 3]}, "does not fit: 3 is not a string"),
        (lambda n, s: {"net": {"unit": n}}, "has no field 'unit'"),
        (lambda n, s: {"net": {"units": s}}, "takes an integer, not <s>"),
        (lambda n, s: {"net": {s: n}}, "has a key that is not known yet"),
        (lambda n, s: {"steps": [n]}, "takes an integer, not a list"),
        (lambda n, s: {"text": {"a": n}}, "takes a string, not a dict"),
        (lambda n, s: {"token": s}, "takes a secret only"),
        (lambda n, s: {"steps": n > 3}, "not <n > 3>, true or false"),
    ],
)
def test_values_must_fit_their_parameter(write: Callable[..., Any], message: str) -> None:
    def p(n: int = 1, s: str = "x") -> None:
        Set(**write(n, s))

    assert message in error(p)


def test_whole_numbers_fit_where_numbers_are_taken() -> None:
    def p(n: int = 1) -> None:
        Train(examples=Make().outputs.examples, rate=n)
        Set(text=run_info.id, mode=f"{n}", path=f"data/{n}", net={"units": n})

    assert fine(p)


def test_every_item_of_a_loop_must_fit() -> None:
    def p() -> None:
        made = Make()
        with ForEach([0.1, "fast"]) as rate:
            Train(examples=made.outputs.examples, rate=rate)

    assert "parameter 'rate' of Train takes float, not 'fast'" in error(p)


def test_items_of_a_list_parameter_must_fit() -> None:
    def p(names: list[str] = ["a"]) -> None:  # noqa: B006
        with ForEach(names) as name:
            Set(steps=name)

    assert "takes an integer, not <loop-1>, a string" in error(p)


def test_a_pipeline_has_nodes() -> None:
    def p() -> None: ...

    assert "pipeline p has no nodes" in error(p)


def test_order_names_nodes_that_exist() -> None:
    def p() -> None:
        Make()
        Set.options(after=["Mkae"])()

    assert "Set comes after 'Mkae', which is no node" in error(p)
    assert "did you mean 'Make'?" in error(p)


def test_nodes_do_not_wait_for_each_other() -> None:
    def p() -> None:
        made = Make.options(after=["Count"])()
        Count(number=made.outputs.output)
        Set.options(after=["Make"])()

    assert "nodes wait for each other: Make after Count after Make" in error(p)

    def itself() -> None:
        Set.options(after=["Set"])()

    assert "Set after Set" in error(itself)


def _warnings(write: Callable[..., Any]) -> list[str]:
    made = pipeline(write)
    assert compile_pipeline(made)
    found = check_pipeline(made)
    assert all(problem.warning for problem in found)
    return [problem.message for problem in found]


def test_unused_run_parameters_are_warned_about() -> None:
    def p(used: int = 1, looped: list[int] = [1], unused: int = 2) -> None:  # noqa: B006
        with ForEach(looped):
            Make(n=used)

    assert _warnings(p) == ["run parameter 'unused' of pipeline p is not used"]


def test_ids_that_differ_in_case_are_warned_about() -> None:
    def p() -> None:
        Make()
        Make.options(id="make")()

    assert _warnings(p) == [
        "the id 'Make' differs from another in case only",
        "the id 'make' differs from another in case only",
    ]


def test_two_artifact_types_of_one_name_are_refused() -> None:
    def p() -> None:
        Train(examples=Make().outputs.examples)
        Odd()

    assert "two artifact types are called Model" in error(p)


@component
def RunFile(module_file: Path) -> None: ...


def test_python_files_are_read_before_anything_runs(tmp_path: Path) -> None:
    (tmp_path / "wrong.py").write_text("x = 1\ndef f(:\n")
    (tmp_path / "right.py").write_text("x = 1\n")
    (tmp_path / "notes.txt").write_text("def f(:\n")

    @pipeline
    def reads(file: str) -> None:
        RunFile(module_file=Path(tmp_path / "right.py"))
        RunFile.options(id="gone")(module_file=Path(tmp_path / "gone.py"))
        RunFile.options(id="text")(module_file=Path(tmp_path / "notes.txt"))

    @pipeline
    def wrong() -> None:
        RunFile(module_file=Path("wrong.py"))

    assert [p.message for p in check_pipeline(reads) if not p.warning] == []
    with pytest.raises(PipelineError, match=r"wrong.py:2: not valid Python: .*") as caught:
        compile_pipeline(wrong, base_dir=tmp_path)
    assert caught.value.hint == "correct the line; it is the module_file of RunFile"


def test_errors_are_the_users_and_exit_with_2() -> None:
    with pytest.raises(PipelineError) as caught:
        compile_pipeline(pipeline(lambda_free))
    assert caught.value.exit_code == 2


def lambda_free() -> None:
    Make(n="x")
