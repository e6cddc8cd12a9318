"""Runs are killed at random moments, and a reader that uses none of our code looks after each."""

from __future__ import annotations

import shutil
import sqlite3
import subprocess
import sys
from collections.abc import Callable
from contextlib import closing
from pathlib import Path

import pytest

from mlops_metadata.by_file import open_sqlite
from mlops_pipeline.authoring import compile_pipeline
from mlops_pipeline.run_state import Workspace
from mlops_pipeline.runners import local

KILLING = Path(__file__).parent / "killing"


@pytest.mark.slow  # as many kills as half a minute takes; `kills.py --kills 10000` goes on
def test_after_each_kill_all_that_is_recorded_is_whole_and_resume_comes_to_the_right_answer(
    tmp_path: Path,
) -> None:
    command = [sys.executable, str(KILLING / "kills.py"), "--seconds", "30", "--kills", "100"]
    done = subprocess.run(
        [*command, "--folder", str(tmp_path)], capture_output=True, text=True, check=False
    )
    assert done.returncode == 0, done.stdout + done.stderr
    assert " 0 problems" in done.stdout


def change(folder: Path, statement: str) -> None:
    with closing(sqlite3.connect(folder / "metadata.db")) as database:
        database.execute(statement)
        database.commit()


def first(folder: Path, pattern: str) -> Path:
    return min((folder / "root").glob(pattern))


DAMAGES: dict[str, Callable[[Path], object]] = {
    "has no files": lambda f: shutil.rmtree(first(f, "chain/Start/numbers/*")),
    "is not what was recorded": lambda f: first(f, "chain/*/*/*/inner/copy1").write_text("other"),
    "nobody owns": lambda f: (f / "root" / "chain" / "Start" / "numbers" / "77").mkdir(),
    "has written": lambda f: change(f, "DELETE FROM Event WHERE type = 4 AND execution_id = 2"),
    "has results": lambda f: change(
        f, "UPDATE Association SET context_id = (SELECT id FROM Context WHERE name = 'chain.step1')"
        "WHERE context_id = (SELECT id FROM Context WHERE name = 'chain.step0')",
    ),
    "still running": lambda f: change(f, "UPDATE Execution SET last_known_state = 2 WHERE id = 3"),
    "comes to": lambda f: change(f, "UPDATE Artifact SET uri = '/etc/hostname' WHERE type_id = "
                                    "(SELECT max(type_id) FROM Artifact)"),
}  # fmt: skip


@pytest.mark.slow  # Makes a store and its files for each case.
@pytest.mark.parametrize("problem", [*DAMAGES, ""])
def test_the_reader_sees(tmp_path: Path, monkeypatch: pytest.MonkeyPatch, problem: str) -> None:
    monkeypatch.syspath_prepend(str(KILLING))
    import shapes
    from reader import Begun, Reader

    store = open_sqlite(f"sqlite:///{tmp_path / 'metadata.db'}")
    workspace = Workspace(store, str(tmp_path / "root"), KILLING, (str(KILLING),))
    compiled = compile_pipeline(shapes.chain, {}, KILLING)
    local.run(compiled, "r", workspace, options=local.RunOptions(in_process=True))
    store.close()
    (tmp_path / "tmp").mkdir()
    if problem:
        DAMAGES[problem](tmp_path)
    run = Begun("r", "chain", 1)
    found = [
        *Reader(tmp_path).check([run]),
        *Reader(tmp_path).check_end(run),
        *Reader(tmp_path).check_clean(),
    ]
    assert any(problem in each for each in found) if problem else found == []
