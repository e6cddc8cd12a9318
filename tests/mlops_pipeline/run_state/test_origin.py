from __future__ import annotations

import subprocess
import sys
from dataclasses import replace
from pathlib import Path

import pytest

from mlops_pipeline.errors import PipelineError
from mlops_pipeline.run_state.origin import ORIGIN, is_of_user, origin, refuse_foreign
from mlops_pipeline.store import Run

FOLDERS = {"base_dir": "/a", "import_paths": ["/a", "/b"], "root": "/r"}


def run_of(**properties: object) -> Run:
    return Run(id="r", pipeline="p", ir="", started=1.0, properties={**FOLDERS, **properties})


def own_run() -> Run:
    return run_of(**{ORIGIN: origin("r", FOLDERS)})


@pytest.mark.parametrize(
    "edit",
    [{"base_dir": "/evil"}, {"import_paths": ["/evil", "/a"]}, {"root": "/evil"}, {ORIGIN: ""}],
    ids=str,
)
def test_a_record_that_was_edited_is_nobodys(edit: dict[str, object]) -> None:
    run = own_run()
    assert is_of_user(run)
    assert not is_of_user(replace(run, properties={**run.properties, **edit}))
    assert not is_of_user(replace(run, id="other"))


def test_folders_of_others_are_refused_unless_they_are_in_the_project(tmp_path: Path) -> None:
    project, elsewhere = tmp_path / "project", tmp_path / "elsewhere"
    for folder in (project / "code", elsewhere):
        folder.mkdir(parents=True)
    (project / "link").symlink_to(elsewhere)
    refuse_foreign(run_of(), [project / "code", tmp_path / "gone"], [project])
    refuse_foreign(own_run(), [elsewhere], [project])
    for folder in (elsewhere, project / "link", project / ".." / "elsewhere"):
        with pytest.raises(PipelineError, match="is not in this project"):
            refuse_foreign(run_of(), [folder], [project])


PIPELINE = """
from pathlib import Path
from mlops_pipeline import component, pipeline

@component
def Mark() -> int:
    Path({mark!r}).write_text("ran")
    if not Path({good!r}).exists():
        raise ValueError("not yet")
    return 1

@pipeline
def evil():
    Mark()
"""


@pytest.mark.mlmd
def test_resume_and_replay_of_somebody_elses_run_run_no_code_of_other_folders(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    theirs, mine, mark = tmp_path / "theirs", tmp_path / "mine", tmp_path / "mark"
    theirs.mkdir()
    mine.mkdir()
    text = PIPELINE.format(mark=str(mark), good=str(tmp_path / "good"))
    (theirs / "pipeline.py").write_text(text)
    mlops = [sys.executable, "-m", "mlops_pipeline.cli"]
    store = ("--store", str(tmp_path / "m.db"), "--root", str(theirs / "root"))
    monkeypatch.setenv("MLOPS_KEY_FILE", str(tmp_path / "their-key"))
    first = subprocess.run([*mlops, "run", "pipeline.py", *store], cwd=theirs, text=True)
    assert first.returncode == 1
    mark.unlink()
    monkeypatch.setenv("MLOPS_KEY_FILE", str(tmp_path / "my-key"))
    for command in (["resume", "last"], ["replay", "last", "Mark"]):
        done = subprocess.run([*mlops, *command, *store], cwd=mine, text=True, capture_output=True)
        assert done.returncode == 2
        assert "is not in this project" in done.stderr
        assert not mark.exists()
    (tmp_path / "good").touch()
    named = [*mlops, "resume", "last", *store, "--project", str(theirs)]
    assert subprocess.run(named, cwd=mine).returncode == 0
    assert mark.exists()
