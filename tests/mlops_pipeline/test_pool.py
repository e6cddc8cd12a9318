import logging
import os
import signal
import subprocess
import sys
import threading
import time
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import pytest

from mlops_pipeline.artifacts import Integer
from mlops_pipeline.executors import ArtifactRef, Task
from mlops_pipeline.ir import FunctionExecutor
from mlops_pipeline.runners.workers import WorkerPool

USER_CODE = '''
import atexit, ctypes, logging, os, signal, subprocess, sys, threading, time
from pathlib import Path

from mlops_pipeline import Examples, Input, Output


def measure(examples: Output[Examples], losses: Input[Examples]) -> None:
    examples.properties["loss"] = losses.properties["loss"] * 2
    examples.properties["most"] = 2 ** 70


def own_pid() -> int:
    return os.getpid()


def speak() -> None:
    print("printed")
    logging.warning("logged")
    os.write(2, b"from C\\n")
    subprocess.run(["echo", "from a child"])
    ctypes.CDLL(None).printf(b"buffered by C\\n")
    print("unfinished", end="")


def whisper(token: str) -> None:
    print("the token is", token)
    raise ValueError(f"refused {token}")


def flood(lines: int) -> None:
    for number in range(lines):
        print(number, "x" * 1000)


def meet(mine: Path, other: Path) -> None:
    mine.touch()
    while not other.exists():
        time.sleep(0.005)


def wait(started: Path) -> None:
    print("waiting")
    started.write_text(str(os.getpid()))
    try:
        time.sleep(600)
    finally:
        print("cleaned up")


def block(started: Path) -> None:
    """Be deaf: C code that never gives the interpreter back."""
    started.write_text(str(os.getpid()))
    ctypes.PyDLL(None).sleep(600)


def leave_children(pids: Path) -> None:
    shell = f"sleep 600 & echo $! > {pids}.1; setsid sleep 600 & echo $! > {pids}.2"
    subprocess.run(shell, shell=True)


def wait_with_child(started: Path) -> None:
    child = subprocess.Popen(["sleep", "600"])
    started.write_text(str(child.pid))
    time.sleep(600)


def exit_hard(code: int) -> None:
    print("last words", flush=True)
    os._exit(code)


def crash() -> None:
    ctypes.string_at(0)


def close_output() -> None:
    os.close(1)
    os.close(2)


def replace_output() -> None:
    sys.stdout = open(os.devnull, "w")
    print("gone")


def fork() -> None:
    if os.fork() == 0:
        return
    os.wait()


def chatter() -> None:
    def talk() -> None:
        while True:
            print("chatter" * 1000)
    threading.Thread(target=talk, daemon=True).start()


def register(path: Path) -> None:
    atexit.register(path.touch)


def move() -> str:
    before = os.getcwd()
    os.chdir("/")
    return before
'''


@pytest.fixture(scope="module")
def code(tmp_path_factory):
    folder = tmp_path_factory.mktemp("user")
    (folder / "pool_user_code.py").write_text(USER_CODE)
    return folder


@pytest.fixture
def task(code, tmp_path):
    def make(function, **fields):
        executor = FunctionExecutor(f"pool_user_code:{function}")
        log = str(tmp_path / "logs" / "node.log")
        return Task("run-1/node", executor, log=log, import_paths=(str(code),), **fields)

    return make


@pytest.fixture(scope="module")
def shared():
    """For tests that leave their worker in order: starting one takes a moment."""
    with WorkerPool(1) as pool:
        yield pool


def value(tmp_path):
    ref = ArtifactRef("Integer", str(tmp_path / "output" / "value"))
    return {"outputs": {"output": ref}, "values": ("output",)}


def read(tmp_path):
    return Integer(str(tmp_path / "output" / "value")).read()


def until(condition, what):
    deadline = time.monotonic() + 20
    while not (found := condition()):
        assert time.monotonic() < deadline, f"not within 20 s: {what}"
        time.sleep(0.005)
    return found


def number_in(path):
    return until(lambda: path.exists() and int(path.read_text() or 0), f"a number in {path}")


def runs(pid):
    try:
        stat = Path(f"/proc/{pid}/stat").read_text()
    except FileNotFoundError:
        return False
    return stat.rpartition(")")[2].split()[0] not in "ZX"


def gone(pid):
    until(lambda: not runs(pid), f"end of process {pid}")


def run_late(pool, make, started):
    """Run a task that is late, with a timeout in which it gets as far as it has to."""
    for timeout in (0.2, 1.0, 5.0, 20.0):
        result = pool.execute(make(timeout))
        if started.exists():
            return result, f"run-1/node timed out after {timeout:g} s"
    raise AssertionError("the task never started")


def own_children():
    children = Path(f"/proc/self/task/{threading.get_native_id()}/children")
    return children.read_text().split()


# Warm processes.


def test_worker_is_another_process_and_is_used_again(shared, task, tmp_path):
    pids = []
    for _ in range(3):
        assert shared.execute(task("own_pid", **value(tmp_path))).error == ""
        pids.append(read(tmp_path))
    assert pids[0] != os.getpid()
    assert len(set(pids)) == 1


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


def test_worker_loads_nothing_heavy(task, code, tmp_path):
    (code / "list_modules.py").write_text(
        "import sys\ndef names() -> None: print(*sys.modules, sep='\\n')\n"
    )
    with WorkerPool(1) as pool:
        listing = Task(
            "run-1/node",
            FunctionExecutor("list_modules:names"),
            log=str(tmp_path / "log"),
            import_paths=(str(code),),
        )
        assert pool.execute(listing).error == ""
    loaded = set((tmp_path / "log").read_text().split())
    assert loaded.isdisjoint({"click", "rich", "fsspec", "ml_metadata", "tensorflow", "asyncio"})


def test_working_folder_is_put_back(shared, task, tmp_path):
    outputs = {"output": ArtifactRef("String", str(tmp_path / "folder" / "value"))}
    for _ in range(2):
        shared.execute(task("move", outputs=outputs, values=("output",)))
        assert (tmp_path / "folder" / "value").read_text() == str(Path.cwd())


# Output.

SPOKEN = {"printed", "WARNING:root:logged", "from C", "from a child", "buffered by C"}


def test_everything_printed_is_logged_and_handed_on(task, tmp_path, capfd):
    lines = []
    with WorkerPool(1, on_output=lambda task, line: lines.append((task.name, line))) as pool:
        assert pool.execute(task("speak")).error == ""
    log = (tmp_path / "logs" / "node.log").read_text()
    assert {line for line in log.splitlines() if "unfinished" not in line} <= SPOKEN
    assert all(words in log for words in (*SPOKEN, "unfinished"))
    assert "\n".join(line for _, line in lines) == log.rstrip("\n")
    assert {name for name, _ in lines} == {"run-1/node"}
    assert capfd.readouterr().out == ""


def test_secrets_are_hidden_in_log_lines_and_result(task, tmp_path, monkeypatch):
    monkeypatch.setenv("POOL_TOKEN", "s3cr3t")
    lines = []
    with WorkerPool(1, on_output=lambda task, line: lines.append(line)) as pool:
        result = pool.execute(task("whisper", secrets={"token": "POOL_TOKEN"}))
    assert result.error == "ValueError: refused ***"
    assert lines == ["the token is ***"]
    assert (tmp_path / "logs" / "node.log").read_text() == "the token is ***\n"


def test_much_output_arrives_whole(shared, task, tmp_path):
    assert shared.execute(task("flood", parameters={"lines": 2000})).error == ""
    log = (tmp_path / "logs" / "node.log").read_text().splitlines()
    assert [int(line.split()[0]) for line in log] == list(range(2000))


@pytest.mark.parametrize("function", ["close_output", "replace_output"])
def test_task_that_loses_its_output_does_no_harm_to_the_next(task, tmp_path, function):
    with WorkerPool(1) as pool:
        assert pool.execute(task(function)).error == ""
        assert pool.execute(task("speak")).error == ""
    assert "printed" in (tmp_path / "logs" / "node.log").read_text()


def test_threads_left_printing_do_not_stop_the_next_task(task, tmp_path):
    with WorkerPool(1) as pool:
        assert pool.execute(task("chatter")).error == ""
        assert pool.execute(task("own_pid", timeout=20, **value(tmp_path))).error == ""


def test_forked_child_that_comes_back_does_not_reply(task, tmp_path):
    with WorkerPool(1) as pool:
        assert pool.execute(task("fork")).error == ""
        assert pool.execute(task("own_pid", **value(tmp_path))).error == ""


# Death.


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


PARENT = """
import sys
from mlops_pipeline.ir import FunctionExecutor
from mlops_pipeline.runners.workers.pool import WorkerPool
from mlops_pipeline.executors.task import Task

function, folder, started = sys.argv[1:]
executor = FunctionExecutor(f"pool_user_code:{function}")
task = Task("r/n", executor, parameters={"started": started}, import_paths=(folder,))
print(WorkerPool(1, grace=0.1).execute(task).error)
"""


def start_parent(function, code, started):
    return subprocess.Popen(
        [sys.executable, "-c", PARENT, function, str(code), str(started)],
        env={**os.environ, "PYTHONPATH": os.pathsep.join(sys.path)},
        start_new_session=True,
        stderr=subprocess.DEVNULL,
    )


@pytest.mark.parametrize("function", ["wait", "block", "wait_with_child"])
def test_worker_does_not_outlive_a_killed_parent(code, tmp_path, function):
    started = tmp_path / "started"
    with start_parent(function, code, started) as parent:
        pid = number_in(started)
        parent.kill()
    gone(pid)


def test_ctrl_c_reaches_the_parent_only(code, tmp_path):
    started = tmp_path / "started"
    with start_parent("wait", code, started) as parent:
        pid = number_in(started)
        assert os.getpgid(pid) != os.getpgid(parent.pid)
        os.killpg(parent.pid, signal.SIGINT)
    assert parent.returncode == -signal.SIGINT
    gone(pid)


def test_logging_of_the_parent_is_left_alone(shared, task, caplog):
    with caplog.at_level(logging.DEBUG):
        shared.execute(task("speak"))
    assert caplog.records == []


def test_exit_handlers_of_user_code_run_when_the_pool_is_closed(task, tmp_path):
    with WorkerPool(1) as pool:
        pool.execute(task("register", parameters={"path": str(tmp_path / "left")}))
    assert (tmp_path / "left").exists()


def test_properties_that_json_has_no_numbers_for_come_and_go(shared, task, tmp_path):
    losses = ArtifactRef("Examples", str(tmp_path), properties={"loss": float("inf")})
    examples = ArtifactRef("Examples", str(tmp_path / "examples"))
    fields = {"inputs": {"losses": [losses]}, "outputs": {"examples": examples}}
    result = shared.execute(task("measure", **fields))
    assert result.error == ""
    assert result.properties == {"examples": {"loss": float("inf"), "most": 2**70}}
