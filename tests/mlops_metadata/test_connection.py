"""The lock around the writes of a store."""

from __future__ import annotations

import subprocess
import sys
import threading
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


def test_a_folder_that_is_missing_is_named(tmp_path: Path) -> None:
    with pytest.raises(StoreError, match="No such file"):
        FileLock(tmp_path / "nothing" / "metadata.db.lock")
