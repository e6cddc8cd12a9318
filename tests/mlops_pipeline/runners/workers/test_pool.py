import os
import signal
import threading
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import pytest
from worker_tasks import gone, number_in, read, runs, start_parent, until, value

from mlops_pipeline.runners.workers import WorkerPool


def own_children():
    children = Path(f"/proc/self/task/{threading.get_native_id()}/children")
    return children.read_text().split()


def test_worker_is_another_process_and_is_used_again(shared, task, tmp_path):
    pids = []
    for _ in range(3):
        assert shared.execute(task("own_pid", **value(tmp_path))).error == ""
        pids.append(read(tmp_path))
    assert pids[0] != os.getpid()
    assert len(set(pids)) == 1


@pytest.mark.slow  # Tasks that take a while.
def test_tasks_run_at_the_same_time(task, tmp_path):
    one, two = str(tmp_path / "one"), str(tmp_path / "two")
    tasks = [
        task("meet", parameters={"mine": one, "other": two}),
        task("meet", parameters={"mine": two, "other": one}),
    ]
    with WorkerPool(2) as pool, ThreadPoolExecutor(2) as threads:
        assert [result.error for result in threads.map(pool.execute, tasks)] == ["", ""]


def test_more_tasks_than_workers_wait_their_turn(task, tmp_path):
    with WorkerPool(1) as pool, ThreadPoolExecutor(4) as threads:
        results = list(threads.map(pool.execute, [task("speak")] * 4))
    assert [result.error for result in results] == [""] * 4


def test_no_worker_is_started_before_a_task_needs_it():
    before = own_children()
    with WorkerPool(4):
        assert own_children() == before


def test_closed_pool_leaves_no_process(task, tmp_path):
    with WorkerPool(1) as pool:
        pool.execute(task("own_pid", **value(tmp_path)))
    assert not runs(read(tmp_path))


def test_an_interrupt_that_a_task_raises_itself_is_its_failure(task):
    with WorkerPool(1) as pool:
        assert pool.execute(task("interrupt_itself")).error == "KeyboardInterrupt: by a library"
        assert pool.execute(task("speak")).error == ""


@pytest.mark.slow  # Tasks that take a while.
def test_cancel_ends_running_and_waiting_tasks_and_the_pool_goes_on(task, tmp_path):
    started = tmp_path / "started"
    with WorkerPool(1) as pool, ThreadPoolExecutor(2) as threads:
        waiting = task("wait", parameters={"started": str(started)})
        results = [threads.submit(pool.execute, waiting) for _ in range(2)]
        pid = number_in(started)

        def all_canceled():
            # Again, in case that the second had not come to wait yet.
            pool.cancel_all()
            return all(result.done() for result in results)

        until(all_canceled, "end of both tasks")
        assert {result.result().error for result in results} == {"run-1/node was canceled"}
        assert not any(result.result().retryable for result in results)
        gone(pid)
        assert pool.execute(task("speak")).error == ""


def test_close_ends_a_running_task(task, tmp_path):
    started = tmp_path / "started"
    pool = WorkerPool(1)
    with ThreadPoolExecutor(1) as threads:
        running = threads.submit(pool.execute, task("wait", parameters={"started": str(started)}))
        pid = number_in(started)
        pool.close()
        assert "was canceled" in running.result(timeout=20).error
    assert not runs(pid)


def test_ctrl_c_reaches_the_parent_only(code, tmp_path):
    started = tmp_path / "started"
    with start_parent("wait", code, started) as parent:
        pid = number_in(started)
        assert os.getpgid(pid) != os.getpgid(parent.pid)
        os.killpg(parent.pid, signal.SIGINT)
    assert parent.returncode == -signal.SIGINT
    gone(pid)
