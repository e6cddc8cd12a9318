"""Loops whose lists are empty, or not what they should be, at some place."""

from __future__ import annotations

import textwrap
from typing import Any

import pytest

from mlops_pipeline.node import Start, launch, open_session
from mlops_pipeline.node.expressions import read_value
from mlops_pipeline.store import Execution, MemoryStore, State

HEAD = """
from mlops_pipeline import ForEach, Input, Output, When, component, pipeline
from mlops_pipeline.artifacts import Examples, Integer


@component
def Make(examples: Output[Examples], text: str) -> int:
    (examples.path / "text").write_text(text)
    return len(text)


@component
def Join(texts: list[Input[Examples]]) -> str:
    return "+".join((each.path / "text").read_text() for each in texts)


@component
def Add(numbers: list[Input[Integer]]) -> int:
    return sum(number.read() for number in numbers)


@component
def Summary(texts: list[Input[Examples]] | None = None) -> str:
    return "+".join((each.path / "text").read_text() for each in texts or []) or "nothing"


"""


NESTED = """
@pipeline
def p(groups: list[dict]):
    with ForEach(groups) as group:
        with ForEach(group["texts"]) as text:
            made = Make(text=text)
            Join.options(id="Alone")(texts=[made.outputs["examples"]])
        Join(texts=made.outputs["examples"])
    Join.options(id="All")(texts=made.outputs["examples"])
"""


def run(project: Any, body: str, **parameters: Any) -> dict[str, str]:
    """What became of each place; of a failed or skipped one, why."""
    project.folder.joinpath("pipeline.py").write_text(HEAD + textwrap.dedent(body))
    result = project.run(in_process=True, parameters=parameters)
    return {
        ".".join([o.node_id, *map(str, o.iteration)]): (
            "ran" if o.state.succeeded else (o.execution.error or o.execution.reason).split("\n")[0]
        )
        for o in result.outcomes
    }


def test_an_inner_loop_over_nothing_skips_that_part_alone(project: Any) -> None:
    groups = [{"texts": []}, {"texts": ["a", "b"]}]
    assert run(project, NESTED, groups=groups) == {
        "Make.0": "loop loop-2 runs over an empty list",
        "Make.1.0": "ran",
        "Make.1.1": "ran",
        "Alone.0": "loop loop-2 runs over an empty list",
        "Alone.1.0": "ran",
        "Alone.1.1": "ran",
        "Join.0": "Make was skipped",
        "Join.1": "ran",
        "All": "ran",
    }


def test_a_summary_with_an_optional_list_runs_over_a_loop_that_ran_zero_times(project: Any) -> None:
    body = """
    @pipeline
    def p(texts: list[str]):
        with ForEach(texts) as text:
            made = Make(text=text)
        summary = Summary(texts=made.outputs["examples"])
        with When(summary.outputs["output"].value == "nothing"):
            Make.options(id="Below")(text="b")
    """
    assert run(project, body, texts=[]) == {
        "Make": "loop loop-1 runs over an empty list",
        "Summary": "ran",
        "Below": "ran",
    }
    assert run(project, body, texts=["a"])["Summary"] == "ran"
    plans = {name: each.decision for name, each in project.plan(texts=[]).items()}
    assert plans == {"Make": "skipped", "Summary": "cached", "Below": "cached"}


def test_inner_loops_that_all_run_over_nothing_skip_what_needs_them(project: Any) -> None:
    decisions = run(project, NESTED, groups=[{"texts": []}, {"texts": []}])
    assert decisions["Join.0"] == decisions["Join.1"] == decisions["All"] == "Make was skipped"


def test_an_inner_loop_over_what_is_no_list_fails(project: Any) -> None:
    decisions = run(project, NESTED, groups=[{}])
    assert decisions == {"Make.0": "an item of loop loop-1 has no 'texts': {}"}
    decisions = run(project, NESTED, groups=[{"texts": "abc"}])
    assert decisions == {"Make.0": "loop loop-2 runs over 'abc', which is not a list"}


def test_the_list_that_a_node_made_is_read_once_for_all_iterations(project: Any) -> None:
    body = """
    @component
    def Names() -> list[str]:
        return ["a", "b", "c"]

    @component
    def Use(name: str, place: str) -> str:
        import pathlib

        pathlib.Path(place).unlink(missing_ok=True)
        return name

    @pipeline
    def p():
        names = Names().outputs["output"]
        with ForEach(names.value) as name:
            Use(name=name, place=names.uri)
    """
    assert run(project, body) == {"Names": "ran", "Use.0": "ran", "Use.1": "ran", "Use.2": "ran"}


def test_a_condition_on_the_item_of_a_loop_over_nothing_skips(project: Any) -> None:
    body = """
    @pipeline
    def p(texts: list[str]):
        with ForEach(texts) as text, When(text == "a"):
            Make(text=text)
    """
    assert run(project, body, texts=[]) == {"Make": "loop loop-1 runs over an empty list"}


@pytest.mark.parametrize("in_process", [True, False])
def test_each_iteration_waits_for_its_own_part_only(project: Any, in_process: bool) -> None:
    body = """
    @pipeline
    def p(texts: list[str]):
        with ForEach(texts) as text:
            made = Make(text=text)
            Add(numbers=[made.outputs["output"]])
    """
    project.folder.joinpath("pipeline.py").write_text(HEAD + textwrap.dedent(body))
    result = project.run(in_process=in_process, parameters={"texts": ["a", "bb", "ccc"]})
    sums = {o.iteration: o for o in result.outcomes if o.node_id == "Add"}
    assert [sums[(i,)].outputs["output"][0].type for i in range(3)] == ["Integer"] * 3
    assert not result.failed


class InterruptedStore(MemoryStore):
    """Ctrl-C comes when a run has this many records."""

    limit = 1_000

    def put_execution(self, execution: Execution, **links: Any) -> Any:
        if len(self.executions_of_run(execution.run_id)) == self.limit:
            raise KeyboardInterrupt
        return super().put_execution(execution, **links)


def test_a_take_over_that_was_interrupted_in_a_loop_is_completed(project: Any) -> None:
    body = """
    @pipeline
    def p(texts: list[str]):
        with ForEach(texts) as text:
            made = Make(text=text)
        Join(texts=made.outputs["examples"])
    """
    store = project.store = InterruptedStore()
    run(project, body, texts=["a", "b"])
    store.limit = 1
    with pytest.raises(KeyboardInterrupt):
        project.run("r", in_process=True, only=("Join",), parameters={"texts": ["a", "b"]})
    store.limit = 1_000
    resumed = project.run("r", in_process=True)
    assert [(o.node_id, o.iteration) for o in resumed.outcomes] == [("Make", (1,)), ("Join", ())]
    assert resumed.run.state is State.COMPLETE


LIST_IN_LOOP = """
@component
def Count(to: int) -> list[int]:
    return list(range(to))


@component
def Same(number: int) -> int:
    return number


@pipeline
def p(to: int):
    with ForEach(Count(to=to).outputs["output"].value) as outer:
        inner = Count.options(id="Inner")(to=outer)
        with ForEach(inner.outputs["output"].value) as number:
            same = Same(number=number)
        Add(numbers=same.outputs["output"])
    Add.options(id="All")(numbers=same.outputs["output"])
"""


@pytest.mark.parametrize("in_process", [True, False])
def test_an_inner_loop_over_what_a_node_of_the_outer_one_returned(
    project: Any, in_process: bool
) -> None:
    project.folder.joinpath("pipeline.py").write_text(HEAD + LIST_IN_LOOP)
    result = project.run(in_process=in_process, parameters={"to": 3})
    ran = {(o.node_id, o.iteration): o for o in result.outcomes if o.state.succeeded}
    assert {place for place in ran if place[0] in ("Same", "Add")} == {
        ("Same", (1, 0)),
        ("Same", (2, 0)),
        ("Same", (2, 1)),
        ("Add", (1,)),
        ("Add", (2,)),
    }
    total = read_value(ran["All", ()].outputs["output"][0])
    assert total == 1


def test_a_node_in_a_loop_is_not_run_without_its_iteration(project: Any) -> None:
    project.folder.joinpath("pipeline.py").write_text(HEAD + textwrap.dedent(NESTED))
    ir, workspace = project.compile(), project.workspace
    session = open_session(ir, "r", workspace, Start({"groups": [{"texts": ["a"]}]}))
    assert launch(session, "Make", (0, 0)).state is State.COMPLETE
    outcome = launch(open_session(ir, "r", workspace), "Make", (0,))
    assert outcome.state is State.FAILED
    assert "and no item of it is named" in outcome.execution.error
