"""The command `mlops reuse`, on real runs of a project."""

from __future__ import annotations

import sys
from pathlib import Path

import pytest
from cli_project import Mlops
from compared_runs import PROJECT, write_project


@pytest.fixture
def runs(mlops: Mlops, tmp_path: Path) -> Mlops:
    """Three runs: as it is, the same once more, and with an edit of the training."""
    for text in (PROJECT, PROJECT, PROJECT.replace("size * steps", "size * steps + 1")):
        write_project(tmp_path, text)
        sys.modules.pop("pipeline", None)
        mlops("run", ".")
    return mlops


def test_an_edit_is_charged_with_all_that_ran_again(runs: Mlops) -> None:
    found = runs("reuse", "--json").data["ledger"]
    (edit,) = found["edits"]
    assert (edit["name"], edit["misses"], edit["runs"]) == ("code Train", 2, 1)
    file, _, line = edit["place"].rpartition(":")
    assert file.endswith("pipeline.py")
    lines = PROJECT.replace("size * steps", "size * steps + 1").splitlines()
    assert "size * steps + 1" in lines[int(line) - 1]
    evaluate = next(
        each for each in found["misses"] if each["node"] == "Evaluate" and each["through"]
    )
    assert evaluate["through"] == ["Train"]
    nodes = {each["node"]: (each["ran"], each["reused"]) for each in found["nodes"]}
    assert nodes == {"Gen": (1, 2), "Train": (2, 1), "Evaluate": (2, 1)}
    assert found["saved"] > 0


def test_it_is_text_for_people(runs: Mlops) -> None:
    result = runs("reuse", "scored")
    assert result.code == 0
    for said in ("saved", "the edits that cost most", "code Train", "what ran"):
        assert said in result.out


def test_days_that_are_none_are_a_mistake(runs: Mlops) -> None:
    result = runs("reuse", "--days", "-1")
    assert (result.code, result.out) == (2, "")
