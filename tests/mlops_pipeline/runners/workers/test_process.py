import os
import signal
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import pytest
from worker_tasks import gone, number_in, read, runs, start_parent, value

from mlops_pipeline.runners.workers import WorkerPool

pytestmark = pytest.mark.slow  # processes are started for each


def run_late(pool, make, started):
    """Run a task that is late, with a timeout in which it gets as far as it has to."""
    for timeout in (0.2, 1.0, 5.0, 20.0):
        result = pool.execute(make(timeout))
        if started.exists():
            return result, f"run-1/node timed out after {timeout:g} s"
    raise AssertionError("the task never started")


def test_killed_worker_is_a_failure_that_names_the_signal(task, tmp_path):
    started = tmp_path / "started"
    with WorkerPool(1) as pool, ThreadPoolExecutor(1) as threads:
        waiting = threads.submit(pool.execute, task("wait", parameters={"started": str(started)}))
        os.kill(number_in(started), signal.SIGKILL)
        result = waiting.result(timeout=20)
        assert result.error == "run-1/node: the worker process died (killed by SIGKILL)"
        assert "out of memory" in result.hint
        assert result.details == "waiting"
        assert result.retryable
        assert pool.execute(task("speak")).error == ""


def test_crash_in_native_code_shows_where(task):
    with WorkerPool(1) as pool:
        result = pool.execute(task("crash"))
    assert "killed by SIGSEGV" in result.error
    assert "pool_user_code.py" in result.details


def test_hard_exit_is_a_failure(task):
    with WorkerPool(1) as pool:
        result = pool.execute(task("exit_hard", parameters={"code": 3}))
    assert result.error == "run-1/node: the worker process died (exit code 3)"
    assert result.details == "last words"


@pytest.fixture
def late(task, tmp_path):
    started = tmp_path / "started"

    def run(pool, function):
        parameters = {"started": str(started)}
        result, error = run_late(
            pool, lambda timeout: task(function, timeout=timeout, parameters=parameters), started
        )
        assert result.error == error
        return result, number_in(started)

    return run


def test_late_task_may_clean_up_and_is_ended(late):
    with WorkerPool(1) as pool:
        result, pid = late(pool, "wait")
        assert result.retryable
        assert result.details == "waiting\ncleaned up"
        assert not runs(pid)


def test_late_task_that_is_deaf_is_killed(late, task):
    with WorkerPool(1, grace=0.1) as pool:
        _, pid = late(pool, "block")
        assert not runs(pid)
        assert pool.execute(task("speak")).error == ""


def test_children_of_a_late_task_are_ended_too(late):
    with WorkerPool(1) as pool:
        _, pid = late(pool, "wait_with_child")
        gone(pid)


def test_children_left_behind_are_ended_and_their_worker_replaced(task, tmp_path):
    pids = tmp_path / "pids"
    with WorkerPool(1) as pool:
        pool.execute(task("own_pid", **value(tmp_path)))
        before = read(tmp_path)
        assert pool.execute(task("leave_children", parameters={"pids": str(pids)})).error == ""
        gone(number_in(Path(f"{pids}.1")))
        gone(number_in(Path(f"{pids}.2")))
        pool.execute(task("own_pid", **value(tmp_path)))
        assert read(tmp_path) != before


@pytest.mark.parametrize("function", ["wait", "block", "wait_with_child"])
def test_worker_does_not_outlive_a_killed_parent(code, tmp_path, function):
    started = tmp_path / "started"
    with start_parent(function, code, started) as parent:
        pid = number_in(started)
        parent.kill()
    gone(pid)
