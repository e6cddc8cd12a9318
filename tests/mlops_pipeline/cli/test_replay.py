"""The command `mlops`, in this process, over a store in memory that the commands share."""

from __future__ import annotations

from pathlib import Path

from cli_project import Mlops


def test_replay_runs_a_node_again_and_records_nothing(mlops: Mlops, tmp_path: Path) -> None:
    mlops("run", ".", "--run-id", "r1")
    result = mlops("replay", "r1", "Train", "--keep", "kept")
    assert result.code == 0
    assert (tmp_path / "kept" / "model" / "weights").read_text() == "wwwww"
    assert len(mlops("runs", "--json").data) == 1


def test_replay_of_a_failing_node_fails(mlops: Mlops) -> None:
    mlops("run", ".", "-p", "steps=13", "--run-id", "r1")
    result = mlops("replay", "r1", "Check")
    assert result.code == 1
    assert "error: Check: ValueError: unlucky" in result.err
