"""Worker processes that outlive a run: warm where nothing has changed, else fresh ones."""

from __future__ import annotations

import os
import subprocess
import sys
import textwrap
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest
from idle_workers import CODE, gone, runs, settle

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


def test_next_pool_takes_the_process_over(look: Any) -> None:
    assert look() == look()


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


def test_no_more_are_kept_than_a_pool_has(look: Any, code: Path, spares: Spares) -> None:
    # The second pool starts a process while the first one has its own.
    paths = (str(code),)
    first = WorkerPool(1, spares=spares, import_paths=paths)
    noop = Task("run/node", FunctionExecutor("spares_code:rest"), import_paths=paths)
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
