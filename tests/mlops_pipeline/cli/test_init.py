"""The command `mlops`, in this process, over a store in memory that the commands share."""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path

import pytest
from cli_project import PIPELINE, Mlops


def test_init_never_overwrites(mlops: Mlops, tmp_path: Path) -> None:
    result = mlops("init", ".")
    assert result.code == 2
    assert "already has a mlops.toml" in result.err
    assert (tmp_path / "pipeline.py").read_text() == PIPELINE


@pytest.mark.parametrize("name", ["class", "2024-x", "steps", "pipeline"])
def test_init_makes_a_name_that_python_takes(mlops: Mlops, name: str) -> None:
    assert mlops("init", name).code == 0
    assert mlops("plan", name).code == 0


def test_init_in_place_of_a_file_is_refused(mlops: Mlops, tmp_path: Path) -> None:
    (tmp_path / "taken").touch()
    result = mlops("init", "taken")
    assert result.code == 2
    assert "error: cannot write to taken: file exists" in result.err


def test_init_makes_a_pipeline_that_runs(mlops: Mlops, tmp_path: Path) -> None:
    assert mlops("init", "wild-flowers").code == 0
    (tmp_path / "wild-flowers" / "mlops.toml").unlink()
    result = mlops("run", "wild-flowers")
    assert result.code == 0
    assert "of wild_flowers: complete" in result.out
    assert "site=meadow" in result.out
    assert "model pushed to" in result.out
    assert "model blessed" in result.out


@pytest.mark.slow
@pytest.mark.mlmd  # starts pytest once more: too long for the light suite
def test_the_template_passes_its_own_tests(mlops: Mlops, tmp_path: Path) -> None:
    mlops("init", "flowers")
    done = subprocess.run(
        [sys.executable, "-m", "pytest", "-q", "-p", "no:cacheprovider", "."],
        cwd=tmp_path / "flowers",
        env={**os.environ, "PYTHONPATH": os.pathsep.join(sys.path)},
        capture_output=True,
        text=True,
        check=False,
    )
    assert done.returncode == 0, done.stdout
    assert "4 passed" in done.stdout
