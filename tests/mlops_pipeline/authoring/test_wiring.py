from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from rule_pipelines import Compare, Make, Set, Train, error, fine

from mlops_pipeline import (
    ForEach,
    Secret,
    check_pipeline,
    compile_pipeline,
    component,
    pipeline,
    run_info,
)
from mlops_pipeline.errors import PipelineError


@component
def Pair(pair: tuple[str, int]) -> int:
    return pair[1]


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


def test_items_of_a_list_parameter_must_fit() -> None:
    def p(names: list[str] = ["a"]) -> None:  # noqa: B006
        with ForEach(names) as name:
            Set(steps=name)

    assert "takes an integer, not <loop-1>, a string" in error(p)


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


def test_a_tuple_of_values_is_checked_item_by_item() -> None:
    def right() -> None:
        Pair(pair=("a", Make().outputs.output.value))

    def swapped() -> None:
        Pair(pair=(Make().outputs.output.value, 1))

    def longer() -> None:
        Pair(pair=("a", Make().outputs.output.value, 3))

    compile_pipeline(pipeline(right))
    assert "takes a string, not <Make.output>" in error(swapped)
    assert "it has 3 items, not 2 items" in error(longer)
