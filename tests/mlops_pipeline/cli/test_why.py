"""The command `mlops`, in this process, over a store in memory that the commands share."""

from __future__ import annotations

import sys
from pathlib import Path

from cli_project import PIPELINE, Mlops


def test_why_shows_the_changed_lines(mlops: Mlops, tmp_path: Path) -> None:
    mlops("run", ".")
    (tmp_path / "pipeline.py").write_text(PIPELINE.replace("number * number", "number ** 2"))
    sys.modules.pop("pipeline")
    mlops("run", ".")
    result = mlops("why", "last", "Square[1]")
    assert "return number * number" in result.out
    assert "return number ** 2" in result.out
    assert mlops("why", "last", "Train").out.startswith("Train: cached")


def test_why_of_a_failed_node_begins_with_its_error(mlops: Mlops) -> None:
    mlops("run", ".", "-p", "steps=13")
    assert mlops("why", "last", "Check").out.startswith("Check: failed, ValueError: unlucky")


def test_why_names_the_lock_file_without_its_digest(mlops: Mlops, tmp_path: Path) -> None:
    for text in ("one==1\n", "one==2\n"):
        (tmp_path / "uv.lock").write_text(text)
        mlops("run", ".")
    assert "- the lock file changed\n" in mlops("why", "last", "Train").out


def test_why_of_a_second_attempt_tells_of_the_first(mlops: Mlops, tmp_path: Path) -> None:
    (tmp_path / "pipeline.py").write_text(PIPELINE.replace("size == 13", "not Path('go').exists()"))
    mlops("run", ".")
    (tmp_path / "go").touch()
    mlops("resume", "last")
    assert "nothing differs, but it had failed there: ValueError: unlucky" in (
        mlops("why", "last", "Check").out
    )
