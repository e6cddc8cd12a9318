"""A project is moved or mounted elsewhere: its runs, artifacts and cache go with it."""

from __future__ import annotations

import shutil
import textwrap
from pathlib import Path

import pytest

from mlops_pipeline import PipelineRun, Where, open_run, resume, run
from mlops_pipeline.run_state import moved_path

PIPELINE = """
from pathlib import Path
from mlops_pipeline import Examples, Input, Output, component, pipeline

@component
def Make(data: Path, examples: Output[Examples]) -> int:
    (examples.path / "text").write_text(data.read_text())
    return 3

@component
def Copy(examples: Input[Examples], number: int, copy: Output[Examples]) -> str:
    text = (examples.path / "text").read_text()
    if text == "bad":
        raise ValueError("bad data")
    (copy.path / "text").write_text(text)
    return text

@pipeline
def moved(data: Path = Path("data.txt")) -> None:
    made = Make(data=data)
    Copy(examples=made.outputs["examples"], number=made.outputs["output"].value)
"""


@pytest.fixture
def project(tmp_path: Path) -> Path:
    folder = tmp_path / "old"
    folder.mkdir()
    (folder / "pipeline.py").write_text(textwrap.dedent(PIPELINE))
    (folder / "data.txt").write_text("a")
    return folder


def go(project: Path) -> PipelineRun:
    return run(project, where=where(project), check=False, in_process=True)


def where(project: Path) -> Where:
    return Where(f"memory://{project.parent}", str(project / "artifacts"))


def test_results_are_reused_and_read_where_they_are_now(project: Path) -> None:
    first = go(project)
    assert first.decisions == {"Make": "run", "Copy": "run"}
    now = project.rename(project.with_name("new"))
    second = go(now)
    assert second.decisions == {"Make": "cached", "Copy": "cached"}
    assert open_run(first.id, where=where(now))["Copy"].artifact("output").load() == "a"
    (path,) = {artifact.path for artifact in second.artifacts("Examples")[-1:]}
    assert path.is_relative_to(now)


def test_what_was_changed_on_the_way_is_made_anew(project: Path) -> None:
    go(project)
    now = project.rename(project.with_name("new"))
    for file in (now / "artifacts").rglob("text"):
        file.write_text("b")
    assert go(now).decisions == {"Make": "run", "Copy": "run"}


def test_a_failed_run_goes_on_in_the_new_folder(project: Path) -> None:
    (project / "data.txt").write_text("bad")
    failed = go(project)
    assert failed.decisions == {"Make": "run", "Copy": "failed"}
    now = project.rename(project.with_name("new"))
    text = (now / "pipeline.py").read_text().replace('"bad":', '"worse":')
    (now / "pipeline.py").write_text(text)
    again = resume(failed.id, where=where(now))
    assert again["Copy"].artifact("copy").path.is_relative_to(now)
    assert not project.exists()


def test_a_copy_goes_by_itself_when_the_first_is_gone(project: Path) -> None:
    go(project)
    copy = project.with_name("copy")
    shutil.copytree(project, copy)
    shutil.rmtree(project)
    assert go(copy).decisions == {"Make": "cached", "Copy": "cached"}


def test_paths_of_a_moved_project_follow_its_root(tmp_path: Path) -> None:
    old, new = "/a/old/.mlops/artifacts", "/b/new/.mlops/artifacts"
    assert moved_path("/a/old/pipelines/p", old, new) == "/b/new/pipelines/p"
    assert moved_path("/a/old", old, new) == "/b/new"
    assert moved_path("/a/other", old, new) == "/a/other"
    assert moved_path("/a/old/p", "/a/old/x", "/b/new/y") == "/a/old/p"
    assert moved_path(str(tmp_path), f"{tmp_path}/r", "/b/r") == str(tmp_path)
