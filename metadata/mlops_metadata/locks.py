"""Locks around the writes of a store: MLMD alone lets concurrent writers starve and fail."""

from __future__ import annotations

import fcntl
import os
import threading
from pathlib import Path
from types import TracebackType
from typing import Protocol

from mlops_pipeline.errors import StoreError


class WriteLock(Protocol):
    """Held around each write, and around each check that a write depends on; re-entrant."""

    def __enter__(self) -> object:
        """Wait for the lock."""

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        """Let go of the lock."""

    def close(self) -> None:
        """Let go of what the lock needs; it is not used again."""


class FileLock:
    """A lock between the threads of this process and between processes: `flock` on a file.

    The system lets go of it when a process dies, and hands it out in the order of asking.

    Raises:
        StoreError: the file cannot be made.
    """

    def __init__(self, path: Path) -> None:
        self._threads = threading.RLock()
        self._depth = 0
        try:
            self._file = os.open(path, os.O_RDWR | os.O_CREAT | os.O_CLOEXEC, 0o666)
        except OSError as error:
            raise StoreError(
                f"cannot make the lock file {path}: {error.strerror}",
                hint="make its folder writable, or open the store with ?mode=ro",
            ) from error

    def __enter__(self) -> FileLock:
        self._threads.acquire()
        try:
            if self._depth == 0:
                fcntl.flock(self._file, fcntl.LOCK_EX)
        except BaseException:
            self._threads.release()
            raise
        self._depth += 1
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        self._depth -= 1
        try:
            if self._depth == 0:
                fcntl.flock(self._file, fcntl.LOCK_UN)
        finally:
            self._threads.release()

    def close(self) -> None:
        """Close the lock file, which stays for the others."""
        os.close(self._file)
        # The number may soon stand for another file, which must not be locked instead.
        self._file = -1


class ThreadLock:
    """A lock between the threads of this process, where a server keeps order between processes."""

    def __init__(self) -> None:
        self._threads = threading.RLock()

    def __enter__(self) -> ThreadLock:
        self._threads.acquire()
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        self._threads.release()

    def close(self) -> None:
        """Do nothing: there is nothing to close."""


class NoLock:
    """The lock of a read-only store: it does nothing."""

    def __enter__(self) -> NoLock:
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        pass

    def close(self) -> None:
        """Do nothing: there is nothing to close."""
