"""The command `mlops impact`, on real runs of a project."""

from __future__ import annotations

import sys
from pathlib import Path

import pytest
from cli_project import Mlops
from compared_runs import PROJECT, write_project

CLEAN = """@component
def Clean(examples: Input[Examples], cleaned: Output[Examples]) -> None:
    rows = (examples.path / "data.csv").read_text().splitlines()
    (cleaned.path / "data.csv").write_text("\\n".join(sorted(set(rows))))

@pipeline"""
CUT_OFF = PROJECT.replace("@pipeline", CLEAN).replace(
    '    train = Train(examples=gen.outputs["examples"]',
    """    clean = Clean(examples=gen.outputs["examples"])
    train = Train(examples=clean.outputs["cleaned"]""",
)


@pytest.fixture
def runs(mlops: Mlops, tmp_path: Path) -> Mlops:
    """A run that cleans its rows: of how many there were, nothing is left."""
    write_project(tmp_path, CUT_OFF)
    sys.modules.pop("pipeline", None)
    mlops("run", ".")
    return mlops


def test_a_span_that_changed_no_bytes_reached_no_model(runs: Mlops) -> None:
    runs("run", ".", "-p", "rows=3")
    result = runs("impact", "last/Gen/examples")
    assert result.code == 0
    assert "reached 0 models, 0 pushes and 1 run" in result.out
    assert "touched, not affected" in result.out
    assert "only behind these: Model " in result.out


def test_the_span_that_a_model_was_made_of_reached_it(runs: Mlops) -> None:
    (model,) = runs("artifacts", "--type", "Model", "--json").data
    found = runs("impact", "last/Gen/examples", "--json").data
    assert [each["id"] for each in found["models"]] == [model["id"]]
    assert found["stopped"] == []
    assert "-> Train of " in runs("impact", "last/Gen/examples").out


def test_an_artifact_that_is_not_there_is_a_mistake(runs: Mlops) -> None:
    result = runs("impact", "999")
    assert (result.code, result.out) == (2, "")
    assert "there is no artifact '999'" in result.err
