"""The command `mlops`, in this process, over a store in memory that the commands share."""

from __future__ import annotations

from cli_project import Mlops, decisions


def test_only_some_nodes_run_on_a_base_run(mlops: Mlops) -> None:
    mlops("run", ".", "--run-id", "base")
    result = mlops("run", ".", "--only", "Check", "--base-run", "base", "--force", "--json")
    assert result.data["base_run"] == "base"
    assert decisions(result)["Check"] == "run"
    assert decisions(result)["Train"] == "cached"
