"""A plan as a picture for a pull request."""

from __future__ import annotations

import re
from pathlib import Path

import pytest

from mlops_pipeline.ir import PipelineIR
from mlops_pipeline.runners.dry_run import NodePlan, plan
from mlops_pipeline.runners.plan_files import (
    PlannedNode,
    plan_html,
    plan_markdown,
    plan_summary,
    planned_nodes,
)

PIPELINE = """
from mlops_pipeline import component, pipeline

@component
def First(rows: int) -> int:
    return rows

@component
def Second(number: int) -> int:
    return number + 1

@component
def Third(a: int, b: int) -> int:
    return a + b

@pipeline
def p(rows: int = 3):
    first = First(rows=rows).outputs.output.value
    second = Second(number=first).outputs.output.value
    Third(a=first, b=second)
"""


def picture(project, **parameters: int) -> list[PlannedNode]:
    ir: PipelineIR = project.compile()
    plans: list[NodePlan] = plan(ir, project.workspace, parameters)
    return planned_nodes(ir, plans, project.store)


@pytest.fixture
def ran(project):
    project.write("pipeline.py", PIPELINE)
    project.run(in_process=True)
    return project


def test_nodes_say_what_they_will_do_and_how_long_that_takes(ran) -> None:
    first, second, third = picture(ran, rows=4)
    assert (first.decision, second.decision, third.decision) == ("run", "maybe", "maybe")
    assert "rows" in first.reason
    assert first.seconds is not None
    assert second.after == ("First",)
    # What it waits for through another node is not drawn twice.
    assert third.after == ("Second",)
    assert [node.step for node in (first, second, third)] == [1, 2, 3]


def test_what_is_cached_costs_nothing(ran) -> None:
    nodes = picture(ran)
    assert {node.decision for node in nodes} == {"cached"}
    assert [node.expected for node in nodes] == [0.0, 0.0, 0.0]
    assert plan_summary(nodes).startswith("3 cached; about 0")


def test_what_never_ran_is_counted(project) -> None:
    project.write("pipeline.py", PIPELINE)
    nodes = picture(project)
    assert "3 nodes that never ran" in plan_summary(nodes)


def test_markdown_draws_the_graph(ran) -> None:
    text = plan_markdown("p", picture(ran, rows=4))
    assert "flowchart LR" in text
    assert "  n0 --> n1" in text
    assert "  n1 --> n2" in text
    assert "  n0 --> n2" not in text
    assert '  n0["First<br/>run' in text
    assert text.count("```") == 2
    assert "| Third | maybe |" in text


def test_html_draws_the_steps(ran) -> None:
    text = plan_html("p", picture(ran, rows=4))
    assert text.count("<li") == 3
    assert "after Second" in text
    assert "default-src" in text


HOSTILE = '</li><script>x</script>`|"]:::run\n%%{init}%%\u202eBODYTITLE'


def test_hostile_names_become_no_markup(tmp_path: Path) -> None:
    nodes = [PlannedNode(HOSTILE, {"run": 1}, HOSTILE, 1.0, (), 1)]
    page, text = plan_html(HOSTILE, nodes), plan_markdown(HOSTILE, nodes)
    assert "<script" not in page
    assert page.count("<li") == page.count("</li>") == 1
    assert not re.search(r"(?<!\\)<", text.split("```")[0] + text.split("```")[2])
    assert "\u202e" not in page + text
    drawing = text.split("```")[1]
    assert drawing.count('"') == 2
    assert "%%{" not in drawing


def test_a_pipeline_without_nodes_to_decide_about_has_a_picture() -> None:
    assert "nothing to do" in plan_markdown("p", [])
    assert "nothing to do" in plan_html("p", [])
