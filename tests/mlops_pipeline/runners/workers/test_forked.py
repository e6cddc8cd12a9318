"""Forks of a process, and workers that are forks; no test forks this process, which has threads."""

from __future__ import annotations

import textwrap
from pathlib import Path
from typing import Any

from forks import tried
from worker_tasks import runs, until


def test_a_fork_has_its_own_variables_folder_and_output(tmp_path: Path) -> None:
    code, text = tried(
        tmp_path,
        """
        os.environ["SECRET"] = "of the parent"
        os.mkdir("inside")
        def run():
            print(os.environ.get("SECRET"), os.environ["MODE"], os.path.basename(os.getcwd()))
            os.write(2, b"and errors\\n")
        print("not written yet", end="")
        found = printed(run, environment={"MODE": "test"}, folder="inside")
        print()
        print(json.dumps(found))
        """,
    )
    assert code == 0
    # Their order is that of two streams.
    assert sorted(text.splitlines()) == ["None test inside", "and errors"]


def test_a_fork_ends_with_the_code_that_its_function_gives(tmp_path: Path) -> None:
    found = tried(
        tmp_path,
        """
        def wrong():
            raise ValueError("on purpose")
        def die():
            os.kill(os.getpid(), signal.SIGKILL)
        codes = [printed(lambda: sys.exit(7))[0], printed(die)[0], printed(lambda: None)[0]]
        print(json.dumps([codes, printed(wrong)]))
        """,
    )
    assert found[0] == [7, -9, 0]
    assert found[1][0] == 1
    assert "ValueError: on purpose" in found[1][1]


def test_files_of_the_parent_are_out_of_reach_and_their_numbers_stay_taken(tmp_path: Path) -> None:
    code, text = tried(
        tmp_path,
        """
        kept, end = os.pipe()
        theirs = open("theirs", "w")
        def run():
            theirs.write("by the fork")
            theirs.flush()
            mine = open("mine", "w")
            theirs.close()
            mine.write("whole")
            mine.close()
            os.write(end, b"kept")
            print(open("mine").read())
        found = printed(run, keep=[end])
        assert os.read(kept, 10) == b"kept"
        print(json.dumps(found))
        """,
    )
    assert (code, text) == (0, "whole\n")
    assert (tmp_path / "theirs").read_text() == ""


def test_a_signal_to_the_parent_reaches_its_handler_and_no_fork(tmp_path: Path) -> None:
    assert tried(
        tmp_path,
        """
        told = []
        signal.signal(signal.SIGUSR1, lambda *_: told.append(os.getpid()))
        for _ in range(20):
            os.kill(os.getpid(), signal.SIGUSR1)
            printed(lambda: None)
        print(json.dumps(told == [os.getpid()] * 20))
        """,
    )


def test_a_fork_that_goes_on_is_waited_for_no_longer_than_asked(tmp_path: Path) -> None:
    assert tried(
        tmp_path,
        """
        end, nobody = os.pipe()
        child = fork(ForkOptions(-1, 1), lambda: time.sleep(60))
        try:
            child.wait(0.05)
        except TimeoutExpired:
            os.kill(child.pid, signal.SIGKILL)
        print(json.dumps([child.wait(30), child.wait()]))
        """,
    ) == [-9, -9]


def test_a_process_with_threads_is_not_forked(tmp_path: Path) -> None:
    assert tried(
        tmp_path,
        """
        alone = may_fork()
        end = threading.Event()
        thread = threading.Thread(target=end.wait)
        thread.start()
        found = [alone, may_fork()]
        end.set()
        thread.join()
        print(json.dumps(found))
        """,
    ) == [True, False]


POOL = """
    from mlops_pipeline.executors import Task
    from mlops_pipeline.ir import FunctionExecutor
    from mlops_pipeline.runners.workers import WorkerPool

    def task(function, **fields):
        target = FunctionExecutor(f"user_code:{function}")
        return Task("run-1/node", target, import_paths=(os.getcwd(),), **fields)

    lines = []
    pool = WorkerPool(1, on_output=lambda task, line: lines.append(line), grace=1.0)
    pool.fork_first()
"""
USER_CODE = """
import os, signal, sys, threading, time

def tell() -> None:
    print(os.getpid(), os.getppid(), threading.active_count(), "late" in sys.modules)

def die() -> None:
    os.kill(os.getpid(), signal.SIGKILL)

def sleep() -> None:
    time.sleep(60)
"""


def with_pool(folder: Path, script: str) -> Any:
    """What a script prints that has a pool with a forked worker."""
    (folder / "user_code.py").write_text(USER_CODE)
    (folder / "late.py").touch()
    return tried(folder, textwrap.dedent(POOL) + textwrap.dedent(script))


def test_a_forked_worker_is_made_before_what_its_parent_then_loads(tmp_path: Path) -> None:
    error, child, parent, threads, late = with_pool(
        tmp_path,
        """
        import late
        end = threading.Event()
        threading.Thread(target=end.wait).start()
        with pool:
            error = pool.execute(task("tell")).error
        end.set()
        print(json.dumps([error, *lines[0].split()]))
        """,
    )
    assert (error, threads, late) == ("", "1", "False")
    assert child != parent


def test_a_forked_worker_that_dies_is_recorded_and_replaced(tmp_path: Path) -> None:
    died, error = with_pool(
        tmp_path,
        """
        with pool:
            died = pool.execute(task("die")).error
            print(json.dumps([died, pool.execute(task("tell")).error]))
        """,
    )
    assert "the worker process died (killed by SIGKILL)" in died
    assert error == ""


def test_a_forked_worker_keeps_the_time_limit_of_its_task(tmp_path: Path) -> None:
    error, gone = with_pool(
        tmp_path,
        """
        with pool:
            error = pool.execute(task("sleep", timeout=0.5)).error
        try:
            os.waitpid(-1, os.WNOHANG)
        except ChildProcessError:
            print(json.dumps([error, True]))
        """,
    )
    assert error == "run-1/node timed out after 0.5 s"
    assert gone


def test_a_forked_worker_ends_with_its_parent(tmp_path: Path) -> None:
    file = tmp_path / "pid"
    file.touch()
    with_pool(
        tmp_path,
        f"""
        def run():
            pool = WorkerPool(1)
            pool.fork_first()
            with open({str(file)!r}, "w") as out:
                out.write(str(pool._idle[0].pid))
            os.kill(os.getpid(), signal.SIGKILL)
        print(json.dumps(fork(ForkOptions(-1, 1), run).wait()))
        """,
    )
    until(lambda: not runs(int(file.read_text())), "end of the worker")
