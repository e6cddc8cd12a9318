"""Worker processes that outlive a run: warm where nothing has changed, else fresh ones."""

from __future__ import annotations

import os
import subprocess
import sys
import textwrap
import time
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest

from mlops_pipeline.executors import ArtifactRef, Task
from mlops_pipeline.ir import FunctionExecutor
from mlops_pipeline.runners.workers import Spares, WorkerPool

CODE = """
    import os
    import sys

    try:
        from optional import TEXT
    except ImportError:
        TEXT = "none"
    from package.part import VALUE

    sys.path.insert(0, os.path.join(os.path.dirname(__file__), "inner"))
    import inner_code
    sys.path.pop(0)


    def look() -> str:
        facts = [os.getpid(), VALUE, TEXT, os.environ.get("SPARES_TEST"), os.getcwd()]
        return " ".join(map(str, facts))


    def leave(path: str) -> None:
        import atexit
        from pathlib import Path

        atexit.register(Path(path).touch)
"""


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


def settle(folder: Path) -> None:
    """Let files look as if they were written a while ago, as those of a user are."""
    newest = max(path.stat().st_ctime_ns for path in folder.rglob("*"))
    while time.time_ns() - newest < 100_000_000:
        time.sleep(0.01)


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


def runs(pid: str) -> bool:
    try:
        stat = Path(f"/proc/{pid}/stat").read_text()
    except FileNotFoundError:
        return False
    return stat.rpartition(")")[2].split()[0] not in "ZX"


def gone(pid: str) -> None:
    deadline = time.monotonic() + 20
    while runs(pid):
        assert time.monotonic() < deadline, f"process {pid} runs after 20 s"
        time.sleep(0.005)


def test_next_pool_takes_the_process_over(look: Any) -> None:
    assert look() == look()


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


def test_dead_process_is_replaced(look: Any) -> None:
    first, *_ = look()
    os.kill(int(first), 9)
    gone(first)
    second, *_ = look()
    assert second != first


@pytest.mark.parametrize("spares", [0.05], indirect=True)
def test_process_that_nobody_comes_for_ends(look: Any) -> None:
    pid, *_ = look()
    gone(pid)


def test_no_more_are_kept_than_a_pool_has(look: Any, spares: Spares) -> None:
    # The second pool starts a process while the first one has its own.
    first = WorkerPool(1, spares=spares)
    noop = Task("run/node", FunctionExecutor("os:getpid"))
    assert first.execute(noop).error == ""
    (worker,) = first._idle
    second, *_ = look()
    first.keep_warm()
    gone(second)
    assert runs(str(worker.pid))


def test_processes_end_with_the_one_that_keeps_them(tmp_path: Path, code: Path) -> None:
    script = """
        import os, sys
        from mlops_pipeline.ir import FunctionExecutor
        from mlops_pipeline.runners.workers.pool import WorkerPool
        from mlops_pipeline.runners.workers.idle import Spares
        from mlops_pipeline.executors.task import Task

        code, left = sys.argv[1:]
        pool = WorkerPool(1, spares=Spares())
        task = Task("r/n", FunctionExecutor("spares_code:leave"), import_paths=(code,),
                    parameters={"path": left})
        assert not pool.execute(task).error
        (worker,) = pool._idle
        pool.keep_warm()
        if os.fork() == 0:
            # It has nothing of its parent's to end.
            sys.exit(0)
        assert os.wait()[1] == 0
        assert not worker._is_dead()
        print(worker.pid)
    """
    left = tmp_path / "left"
    done = subprocess.run(
        [sys.executable, "-c", textwrap.dedent(script), str(code), str(left)],
        capture_output=True,
        text=True,
        check=False,
    )
    assert done.returncode == 0, done.stderr
    assert not runs(done.stdout.strip())
    # It ended as a process does: by itself.
    assert left.exists()


PROJECT = """
    from mlops_pipeline import component, pipeline
    from helper import text


    @component
    def Say(number: int) -> str:
        import os

        return f"{text()} {os.getpid()}"


    @pipeline
    def p(number: int = 1):
        Say(number=number)
"""


def test_runs_of_one_process_share_workers_until_their_code_changes(project: Any) -> None:
    project.write("pipeline.py", PROJECT)
    project.write("helper.py", "def text():\n    return 'old'\n")
    settle(project.folder)

    def said(number: int) -> list[str]:
        result = project.run(parameters={"number": number}, workers=1)
        return project.output(result, "Say", "output").read_text().split()

    first, second = said(1), said(2)
    assert first == second
    project.edit("helper.py", "old", "new")
    third = said(3)
    assert third[0] == "new"
    assert third[1] != first[1]
