"""Worker processes that outlive a run: warm where nothing has changed, else fresh ones."""

from __future__ import annotations

import os
import textwrap
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest
from idle_workers import CODE, gone, settle

from mlops_pipeline.executors import ArtifactRef, Task
from mlops_pipeline.ir import FunctionExecutor
from mlops_pipeline.runners.workers import Spares, WorkerPool

pytestmark = pytest.mark.slow  # processes are started for each


@pytest.fixture
def code(tmp_path: Path) -> Path:
    folder = tmp_path / "code"
    (folder / "package").mkdir(parents=True)
    (folder / "package" / "__init__.py").touch()
    (folder / "package" / "part.py").write_text("VALUE = 1\n")
    (folder / "inner").mkdir()
    (folder / "inner" / "inner_code.py").write_text("import other\n")
    (folder / "other.py").touch()
    (folder / "spares_code.py").write_text(textwrap.dedent(CODE))
    settle(folder)
    return folder


@pytest.fixture
def spares(request: pytest.FixtureRequest) -> Iterator[Spares]:
    kept = Spares(getattr(request, "param", 30.0))
    yield kept
    kept.close()


@pytest.fixture
def look(code: Path, tmp_path: Path, spares: Spares) -> Callable[[], list[str]]:
    """Run a task in a pool of its own; gives process id, module values, variable and folder."""

    def run() -> list[str]:
        ref = ArtifactRef("String", str(tmp_path / "out" / "value"))
        task = Task(
            "run/node",
            FunctionExecutor("spares_code:look"),
            outputs={"output": ref},
            values=("output",),
            import_paths=(str(code),),
        )
        pool = WorkerPool(1, spares=spares, import_paths=task.import_paths)
        assert pool.execute(task).error == ""
        pool.keep_warm()
        return Path(ref.uri).read_text().split(" ")

    return run


@pytest.mark.parametrize(
    ("edit", "seen"),
    [
        (lambda f: (f / "package" / "part.py").write_text("VALUE = 2\n"), ["2", "none"]),
        (lambda f: (f / "optional.py").write_text("TEXT = 'new'\n"), ["1", "new"]),
        (lambda f: (f / "package.py").write_text("1 / 0\n"), ["1", "none"]),
        (lambda f: (f / "package" / "more.py").touch(), ["1", "none"]),
        (lambda f: (f / "inner" / "other.py").touch(), ["1", "none"]),
    ],
    ids=["changed", "no longer missing", "may hide another", "in a package", "off the path"],
)
def test_changed_code_gets_a_fresh_process(look: Any, code: Path, edit: Any, seen: Any) -> None:
    first, *_ = look()
    edit(code)
    second, *found = look()
    assert found[:2] == seen
    assert second != first
    gone(first)


def test_what_is_no_code_may_change(look: Any, code: Path) -> None:
    first, *_ = look()
    (code / "notebook.ipynb").touch()
    (code / "package" / "table.csv").touch()
    (code / "__pycache__").mkdir(exist_ok=True)
    assert look()[0] == first


def test_edit_that_keeps_size_and_time_is_seen(look: Any, code: Path) -> None:
    part = code / "package" / "part.py"
    before = part.stat()
    look()
    part.write_text("VALUE = 3\n")
    os.utime(part, ns=(before.st_atime_ns, before.st_mtime_ns))
    assert look()[1] == "3"


def test_file_saved_while_it_was_imported_is_not_trusted(look: Any, code: Path) -> None:
    (code / "package" / "part.py").write_text("from package.late import VALUE\n")
    late = code / "package" / "late.py"
    late.write_text(
        "from pathlib import Path\nVALUE = 1\nPath(__file__).write_text('VALUE = 2\\n')\n"
    )
    settle(code)
    assert [look()[1], look()[1]] == ["1", "2"]


def test_changed_variable_gets_a_fresh_process(look: Any, monkeypatch: Any) -> None:
    first, *_ = look()
    monkeypatch.setenv("SPARES_TEST", "set")
    second = look()
    assert (second[0] != first, second[3]) == (True, "set")


def test_changed_folder_gets_a_fresh_process(look: Any, monkeypatch: Any, tmp_path: Path) -> None:
    first, *_ = look()
    monkeypatch.chdir(tmp_path)
    second = look()
    assert (second[0] != first, second[4]) == (True, str(tmp_path))
