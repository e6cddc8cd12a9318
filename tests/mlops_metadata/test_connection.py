"""The lock around the writes of a store."""

from __future__ import annotations

import logging
import os
import select
import signal
import subprocess
import sys
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest

from mlops_metadata.connection import FileLock
from mlops_pipeline.errors import StoreError

# Holds the lock until it is told to go on, or is killed.
HOLDER = """
import sys
from pathlib import Path
from mlops_metadata.connection import FileLock
with FileLock(Path(sys.argv[1])):
    sys.stdout.write("held\\n")
    sys.stdout.flush()
    sys.stdin.readline()
"""


@pytest.fixture
def path(tmp_path: Path) -> Path:
    return tmp_path / "metadata.db.lock"


def taker(lock: FileLock) -> threading.Thread:
    """A thread that ends when it has had the lock."""

    def take() -> None:
        with lock:
            pass

    thread = threading.Thread(target=take, daemon=True)
    thread.start()
    return thread


def waits(thread: threading.Thread) -> bool:
    thread.join(0.05)
    return thread.is_alive()


def ends(thread: threading.Thread) -> bool:
    thread.join(30)
    return not thread.is_alive()


def test_another_thread_waits_until_the_outermost_block_ends(path: Path) -> None:
    lock = FileLock(path)
    with lock:
        with lock:
            thread = taker(lock)
        assert waits(thread)
    assert ends(thread)
    lock.close()


def test_another_lock_on_the_file_waits_too(path: Path) -> None:
    one, other = FileLock(path), FileLock(path)
    with one:
        thread = taker(other)
        assert waits(thread)
    assert ends(thread)


def test_an_error_lets_go_of_the_lock(path: Path) -> None:
    lock = FileLock(path)
    with pytest.raises(ZeroDivisionError), lock:
        _ = 1 / 0
    assert ends(taker(lock))


def test_a_process_that_is_killed_lets_go_of_the_lock(
    path: Path, environment: dict[str, str]
) -> None:
    holder = subprocess.Popen(
        [sys.executable, "-c", HOLDER, str(path)],
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        env=environment,
    )
    assert holder.stdout is not None
    assert holder.stdout.readline() == b"held\n"
    thread = taker(FileLock(path))
    assert waits(thread)
    holder.kill()
    holder.communicate()
    assert ends(thread)


linux = pytest.mark.skipif(not Path("/proc/locks").exists(), reason="Linux tells who waits")


@pytest.fixture
def start_waiter(
    path: Path, environment: dict[str, str]
) -> Iterator[Callable[[], subprocess.Popen[bytes]]]:
    """Start a process that waits for the lock, has it once, and ends."""
    started = []

    def start() -> subprocess.Popen[bytes]:
        program = HOLDER.replace("    sys.stdin.readline()\n", "")
        waiter = subprocess.Popen(
            [sys.executable, "-c", program, str(path)], stdout=subprocess.PIPE, env=environment
        )
        started.append(waiter)
        end = time.monotonic() + 30
        while not is_waiting(waiter.pid):
            assert time.monotonic() < end
        return waiter

    yield start
    for each in started:
        each.kill()
        each.communicate()


def is_waiting(pid: int) -> bool:
    lines = Path("/proc/locks").read_text().splitlines()
    return any("->" in line and f" {pid} " in line for line in lines)


@linux
@pytest.mark.slow  # Processes that wait.
def test_who_asks_again_at_once_lets_others_come_first(
    path: Path, start_waiter: Callable[[], subprocess.Popen[bytes]]
) -> None:
    lock, mine = FileLock(path), os.sched_getaffinity(0)
    # On one processor with others that are busy, who waits runs long after it was woken.
    os.sched_setaffinity(0, {min(mine)})
    busy = [subprocess.Popen([sys.executable, "-c", "while True: pass"]) for _ in range(4)]
    try:
        with lock:
            waiter = start_waiter()
        assert waiter.stdout is not None
        taken = 0
        while not select.select([waiter.stdout], [], [], 0)[0]:
            taken += 1
            assert taken < 200
            with lock:
                end = time.perf_counter() + 0.002
                while time.perf_counter() < end:
                    pass
    finally:
        os.sched_setaffinity(0, mine)
        for each in busy:
            each.kill()
            each.wait()
    lock.close()


@linux
def test_a_process_that_is_stopped_as_it_waits_keeps_nobody_waiting(
    path: Path, start_waiter: Callable[[], subprocess.Popen[bytes]]
) -> None:
    lock = FileLock(path)
    with lock:
        waiter = start_waiter()
        waiter.send_signal(signal.SIGSTOP)
        # It must not have the lock when it stops.
        os.waitid(os.P_PID, waiter.pid, os.WSTOPPED)
    for _ in range(100):
        with lock:
            pass
    lock.close()


def test_a_folder_that_is_missing_is_named(tmp_path: Path) -> None:
    with pytest.raises(StoreError, match="No such file"):
        FileLock(tmp_path / "nothing" / "metadata.db.lock")


@contextmanager
def held(path: Path, environment: dict[str, str]) -> Iterator[subprocess.Popen[bytes]]:
    """A process that holds the lock, and is stopped."""
    command = [sys.executable, "-c", HOLDER, str(path)]
    with subprocess.Popen(
        command, stdin=subprocess.PIPE, stdout=subprocess.PIPE, env=environment
    ) as holder:
        assert holder.stdout is not None
        assert holder.stdout.readline() == b"held\n"
        os.kill(holder.pid, signal.SIGSTOP)
        os.waitid(os.P_PID, holder.pid, os.WSTOPPED | os.WNOWAIT)
        try:
            yield holder
        finally:
            os.kill(holder.pid, signal.SIGCONT)
            holder.communicate(b"\n")


@pytest.mark.slow  # Waits for a stopped process.
def test_a_holder_that_is_stopped_is_named_and_not_waited_for_without_an_end(
    path: Path,
    environment: dict[str, str],
    monkeypatch: pytest.MonkeyPatch,
    caplog: pytest.LogCaptureFixture,
) -> None:
    monkeypatch.setattr("mlops_metadata.connection.TELL", 0.1)
    monkeypatch.setattr("mlops_metadata.connection.PATIENCE", 0.5)
    lock = FileLock(path)
    with held(path, environment) as holder:
        with pytest.raises(StoreError, match=r"for more than 0\.5 s") as caught, lock:
            pass
        assert f"process {holder.pid} (" in caught.value.message
        assert "which is stopped" in caught.value.message
        assert f"waiting for the metadata store {path.with_suffix('')}" in caplog.text
        assert not lock.take_soon()
    # Who has given up lets go of what it gets later.
    for each in (lock, FileLock(path)):
        assert ends(taker(each))
    lock.close()


@pytest.mark.slow  # Processes that wait.
def test_who_waits_gets_the_lock_once_the_holder_goes_on(
    path: Path,
    environment: dict[str, str],
    monkeypatch: pytest.MonkeyPatch,
    caplog: pytest.LogCaptureFixture,
) -> None:
    caplog.set_level(logging.WARNING)
    monkeypatch.setattr("mlops_metadata.connection.TELL", 0.1)
    lock = FileLock(path)
    with held(path, environment):
        thread = taker(lock)
        while "which is stopped" not in caplog.text:
            assert waits(thread)
    assert ends(thread)
    assert ends(taker(lock))
    lock.close()
