"""Results that were edited between being published and being read in the same or a partial run."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest

from mlops_pipeline.errors import ResolutionError
from mlops_pipeline.settings import Verify

FAILS_ONCE = """
from pathlib import Path
from mlops_pipeline import Input, Output, component, pipeline
from mlops_pipeline.artifacts import Examples

@component
def Make(examples: Output[Examples]) -> None:
    examples.path.joinpath("f").write_text("data")
    examples.properties["span"] = 3

@component
def Train(examples: Input[Examples], *, mark: str) -> str:
    if not Path(mark).exists():
        Path(mark).touch()
        raise ValueError("not yet")
    return "trained"

@pipeline
def p(mark: str) -> None:
    Train(examples=Make().outputs["examples"], mark=mark)
"""


@pytest.fixture
def go(project: Any) -> Callable[..., Any]:
    """Run a pipeline whose second node fails the first time."""
    project.write("pipeline.py", FAILS_ONCE)
    mark = str(project.folder / "mark")

    def run(run_id: str, **options: Any) -> Any:
        return project.run(run_id, in_process=True, parameters={"mark": mark}, **options)

    return run


def edit_row(project: Any, **changes: Any) -> None:
    artifacts = project.store._artifacts
    (number,) = (n for n, each in artifacts.items() if each.type == "Examples")
    artifacts[number] = replace(artifacts[number], **changes)


def error(result: Any) -> str:
    (failed,) = result.failed
    return str(failed.execution.error)


@pytest.mark.parametrize("verify", ["stamp", "sampled"])
@pytest.mark.parametrize("is_cached", [False, True], ids=["made", "from the cache"])
def test_an_edited_result_stops_a_run_that_is_resumed(
    project: Any, go: Callable[..., Any], verify: Verify, is_cached: bool
) -> None:
    project.verify = verify
    if is_cached:
        go("before")
        (project.folder / "mark").unlink()
    assert "not yet" in error(go("r"))
    edit_row(project, properties={"span": 9})
    said = error(go("r"))
    assert "the result of Make" in said
    assert "its record was altered" in said
    edit_row(project, properties={"span": 3})
    assert not go("r").failed


@pytest.mark.parametrize("verify", ["stamp", "always"])
def test_an_edited_result_of_a_base_run_is_not_taken_over(
    project: Any, go: Callable[..., Any], verify: Verify
) -> None:
    project.verify = verify
    go("base")
    edit_row(project, properties={"span": 9})
    with pytest.raises(ResolutionError, match="its record was altered"):
        go("half", only=("Train",))


def test_files_that_were_altered_or_are_gone_are_told_apart(
    project: Any, go: Callable[..., Any]
) -> None:
    result = go("r")
    file = Path(project.output(result, "Make", "examples")) / "f"
    file.write_text("other data")
    assert "input examples of Train was altered after it was published" in error(go("r"))
    file.unlink()
    file.parent.rmdir()
    assert "input examples of Train is gone" in error(go("r"))
