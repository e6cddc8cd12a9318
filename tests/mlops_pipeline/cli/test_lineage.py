"""The command `mlops`, in this process, over a store in memory that the commands share."""

from __future__ import annotations

import pytest
from cli_project import Mlops


@pytest.mark.parametrize("what", ["last/Check", "Model", "{id}", "{uri}", "last/Train/model", ""])
def test_lineage_takes_artifacts_by_any_name(mlops: Mlops, what: str) -> None:
    mlops("run", ".", "--run-id", "r1")
    (model,) = mlops("artifacts", "--type", "Model", "--json").data
    name = what.format(id=model["id"], uri=model["uri"])
    result = mlops("lineage", *([name] if name else []))
    assert result.code == 0
    assert "Train · run r1" in result.out


def test_lineage_down_shows_what_came_of_an_artifact(mlops: Mlops) -> None:
    mlops("run", ".", "--run-id", "r1")
    assert "Check · run r1" in mlops("lineage", "Model", "--down").out
    assert mlops("lineage", "Model", "--format", "dot").out.startswith("digraph")
    assert mlops("lineage", "Model", "--format", "mermaid").out.startswith("flowchart")


def test_lineage_of_nothing_known_says_so(mlops: Mlops) -> None:
    result = mlops("lineage", "Modle")
    assert result.code == 2
    assert "there is no artifact 'Modle'" in result.err
