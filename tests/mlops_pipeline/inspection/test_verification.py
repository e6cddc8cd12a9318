from __future__ import annotations

from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest

from mlops_pipeline.inspection import Verified, verify
from mlops_pipeline.store import ArtifactRecord

PIPELINE = """
from mlops_pipeline import Input, Output, component, pipeline
from mlops_pipeline.artifacts import Examples, Model

@component
def Make(examples: Output[Examples]) -> None:
    examples.path.joinpath("f").write_text("data")

@component
def Train(examples: Input[Examples], model: Output[Model]) -> None:
    model.path.joinpath("m").write_text("model")

@pipeline
def p() -> None:
    Train(examples=Make().outputs["examples"])
"""


@pytest.fixture
def made(project: Any) -> Any:
    project.write("pipeline.py", PIPELINE)
    project.run("first", in_process=True)
    project.run("second", in_process=True)
    return project


def verified(project: Any, *runs: str) -> dict[str, Verified]:
    found = list(verify(project.workspace, runs or ("first", "second")))
    # What the second run took from the cache is read once.
    assert len(found) == len({each.artifact.id for each in found}) == 2
    return {each.artifact.type: each for each in found}


def record(project: Any, kind: str) -> ArtifactRecord:
    (found,) = project.store.artifacts_by_type(kind)
    return found


def test_what_is_as_published_has_no_problem(made: Any) -> None:
    assert {each.problem for each in verified(made).values()} == {""}
    assert {each.problem for each in verified(made, "second").values()} == {""}


def test_what_was_altered_or_is_gone_is_told_apart(made: Any) -> None:
    file = Path(record(made, "Examples").uri) / "f"
    file.write_text("altered")
    assert verified(made)["Examples"].problem == "its content was altered"
    file.unlink()
    assert verified(made)["Examples"].problem == "its content was altered"
    file.parent.rmdir()
    assert verified(made)["Examples"].problem == "it is gone"
    model = record(made, "Model")
    made.store._artifacts[model.id] = replace(model, properties={"x": 1})
    assert verified(made)["Model"].problem == "its record was altered"
