"""The command `mlops card`, on real runs of a project."""

from __future__ import annotations

import subprocess
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


def test_a_card_says_the_commit_and_nothing_of_the_machines_folders(
    mlops: Mlops, tmp_path: Path
) -> None:
    write_project(tmp_path)
    who = ("-c", "user.name=a", "-c", "user.email=a@b")
    for words in (("init", "-q"), ("add", "."), (*who, "commit", "-qm", "first")):
        subprocess.run(["git", *words], cwd=tmp_path, check=True)
    mlops("run", ".")
    said = ["git", "rev-parse", "HEAD"]
    commit = subprocess.run(said, cwd=tmp_path, check=True, capture_output=True, text=True).stdout
    about_code = mlops("card").out.partition("## Code and environment")[2].replace("\\", "")
    assert commit.strip() in about_code
    assert str(tmp_path) not in about_code
