"""Loops whose lists are empty, or not what they should be, at some place."""

from __future__ import annotations

import textwrap
from typing import Any

from mlops_pipeline.runners import plan

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


def test_the_plan_names_every_iteration(project: Any) -> None:
    body = """
    @pipeline
    def p(texts: list[str]):
        with ForEach(texts) as text:
            made = Make(text=text)
            Join(texts=[made.outputs["examples"]])
    """
    run(project, body, texts=["a"])
    planned = plan(project.compile(), project.workspace, {"texts": ["a", "b"]})
    assert {(each.node_id, each.iteration): each.decision for each in planned} == {
        ("Make", (0,)): "cached",
        ("Make", (1,)): "run",
        ("Join", (0,)): "cached",
        ("Join", (1,)): "maybe",
    }
