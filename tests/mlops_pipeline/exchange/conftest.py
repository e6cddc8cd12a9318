from __future__ import annotations

from pathlib import Path

import pytest
from exchanged import Site

from mlops_pipeline.cli import call

PIPELINE = """
from mlops_pipeline import Input, Output, component, pipeline
from mlops_pipeline.artifacts import Model


@component
def Train(steps: int, *, model: Output[Model]) -> float:
    (model.path / "weights").write_text("w" * steps)
    (model.path / "deep").mkdir()
    (model.path / "deep" / "empty").write_text("")
    return float("inf")


@component
def Check(model: Input[Model], least: int) -> bool:
    return (model.path / "weights").stat().st_size >= least


@pipeline
def small(steps: int = 5, least: int = 3) -> None:
    train = Train(steps=steps)
    Check(model=train.outputs["model"], least=least)
"""


@pytest.fixture
def site(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Site:
    """A store with two runs, of which the second has a part from the cache."""
    folder = tmp_path / "here"
    folder.mkdir()
    (folder / "mlops.toml").write_text("")
    (folder / "pipeline.py").write_text(PIPELINE)
    monkeypatch.chdir(folder)
    found = Site(folder)
    flags = ["--store", found.url, "--root", found.root, "--in-process"]
    assert call(["run", ".", "--run-id", "one", *flags]) == 0
    assert call(["run", ".", "--run-id", "two", "-p", "least=2", *flags]) == 0
    return found
