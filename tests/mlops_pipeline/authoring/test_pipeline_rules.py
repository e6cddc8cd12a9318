from __future__ import annotations

from collections.abc import Callable
from typing import Any

import pytest
from rule_pipelines import Count, Make, Notify, Set, Train, error, fine

from mlops_pipeline import (
    Artifact,
    ExitHandler,
    ForEach,
    Input,
    check_pipeline,
    compile_pipeline,
    component,
    pipeline,
    run_info,
)
from mlops_pipeline.errors import PipelineError


class Clash(Artifact):
    TYPE_NAME = "Model"
    PROPERTIES = {"other": int}  # noqa: RUF012


@component
def Odd(clash: Input[Clash] | None = None) -> None: ...


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


def test_every_item_of_a_loop_must_fit() -> None:
    def p() -> None:
        made = Make()
        with ForEach([0.1, "fast"]) as rate:
            Train(examples=made.outputs.examples, rate=rate)

    assert "parameter 'rate' of Train takes float, not 'fast'" in error(p)


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


def test_errors_are_the_users_and_exit_with_2() -> None:
    with pytest.raises(PipelineError) as caught:
        compile_pipeline(pipeline(lambda_free))
    assert caught.value.exit_code == 2


def lambda_free() -> None:
    Make(n="x")
