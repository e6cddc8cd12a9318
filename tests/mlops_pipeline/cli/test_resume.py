"""The command `mlops`, in this process, over a store in memory that the commands share."""

from __future__ import annotations

import sys
from pathlib import Path

from cli_project import PIPELINE, Mlops


def test_resume_runs_only_what_is_left(mlops: Mlops, tmp_path: Path) -> None:
    mlops("run", ".", "-p", "steps=13", "--run-id", "r1")
    fixed = PIPELINE.replace("size == 13", "size == 99")
    (tmp_path / "pipeline.py").write_text(fixed)
    sys.modules.pop("pipeline")
    result = mlops("resume", "last")
    assert result.code == 0
    assert "Train" not in result.err
    assert "[1/3] Check" in result.err


def test_resuming_what_is_complete_changes_nothing(mlops: Mlops) -> None:
    mlops("run", ".", "--run-id", "r1")
    before = mlops("show", "r1", "--json").data
    result = mlops("resume", "r1")
    assert result.code == 0
    assert result.out == "run r1 is complete: nothing is left to do\n"
    assert {**mlops("resume", "r1", "--json").data, "tags": [], "notes": []} == before
