"""The command `mlops card`, on real runs of a project."""

from __future__ import annotations

from pathlib import Path

import pytest
from cli_project import Mlops
from compared_runs import write_project


@pytest.fixture
def runs(mlops: Mlops, tmp_path: Path) -> Mlops:
    write_project(tmp_path)
    mlops("run", ".")
    return mlops


def test_the_card_of_the_last_model_is_markdown(runs: Mlops, tmp_path: Path) -> None:
    printed = runs("card")
    assert printed.code == 0
    assert "## Training" in printed.out
    assert "## Slices by" in printed.out
    assert runs("card", "last", "-o", str(tmp_path / "x.md")).code == 0
    assert (tmp_path / "x.md").read_text() == printed.out


def test_the_card_of_a_model_is_json_too(runs: Mlops) -> None:
    (model,) = runs("artifacts", "--type", "Model", "--json").data
    found = runs("card", str(model["id"]), "--json").data
    assert (found["id"], found["made"]["node"]) == (model["id"], "Train")


def test_what_is_no_model_is_a_mistake(runs: Mlops, tmp_path: Path) -> None:
    result = runs("card", "last/Gen/examples")
    assert (result.code, result.out) == (2, "")
    assert "is no model, but Examples" in result.err
    assert runs("card", "-o", str(tmp_path / "no" / "x.md")).code == 2
