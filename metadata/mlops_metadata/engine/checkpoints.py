"""The write-ahead log of a SQLite file, brought to the disk and, before it is large, into the file.

A commit waits for the disk without the lock of writers: others write to the log meanwhile, and
their waits are one for the disk. What is in the log before it gets there with it.

SQLite alone tries that at each commit once the log is large, and begins the log anew only at a
moment without readers. With readers all the time there is none: the log grows, and a commit takes
ten times as long. So it is done here, once for a few megabytes, and waits a moment for readers.
"""

from __future__ import annotations

import contextlib
import os
import sqlite3
import threading
import weakref
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

_STEP = 4000
"""Pages of the log after which it is brought into the file, and again after as many more."""

_LARGEST = 64 << 20
"""Bytes of a log that is kept for the next pages: to write over them is faster than to append."""

_MOMENT = 40
"""Milliseconds to wait for readers that are in the middle of the log."""

# https://www.sqlite.org/fileformat2.html#the_write_ahead_log
_HEADER, _FRAME_HEADER = 32, 24
_SALT_OF_LOG, _SALT_OF_FRAME, _SALT = 16, 8, 8


class Log:
    """The log beside a file.

    It is opened once: what our threads open while a task runs would count as read by the task.

    Args:
        path: of the log, which is missing where there is another kind of journal.
    """

    def __init__(self, connection: sqlite3.Connection, path: Path) -> None:
        self._connection = connection
        ((page,),) = connection.execute("PRAGMA page_size").fetchall()
        self._step = _STEP * (_FRAME_HEADER + page)
        connection.execute("PRAGMA wal_autocheckpoint=0").fetchone()
        connection.execute(f"PRAGMA journal_size_limit={_LARGEST}").fetchone()
        self._saving = threading.Lock()
        self._file = self._folder = -1
        with contextlib.suppress(OSError):
            # SQLite has no locks on this file which would be lost when it is closed.
            self._file = os.open(path, os.O_RDONLY | os.O_CLOEXEC)
            self._closing = weakref.finalize(self, os.close, self._file)
            self._folder = os.open(path.parent, os.O_RDONLY | os.O_CLOEXEC)
            self._closing_folder = weakref.finalize(self, os.close, self._folder)

    @contextmanager
    def kept_small(self) -> Iterator[None]:
        """Bring the log into the file if the transactions in this block have made it large.

        Where that fails, what is committed is in the log, and some pages later it is tried again.
        """
        before = self._steps()
        yield
        if self._steps() <= before:
            return
        ((patience,),) = self._connection.execute("PRAGMA busy_timeout").fetchall()
        self._connection.execute(f"PRAGMA busy_timeout={_MOMENT}")
        with contextlib.suppress(sqlite3.Error):
            self._connection.execute("PRAGMA wal_checkpoint(RESTART)").fetchone()
        self._connection.execute(f"PRAGMA busy_timeout={patience}")

    def save(self) -> None:
        """Wait until all that is in the log by now is on the disk.

        Raises:
            OSError: the disk has not taken it.
        """
        with self._saving:
            if self._file < 0:
                return
            # macOS has no other.
            (os.fdatasync if hasattr(os, "fdatasync") else os.fsync)(self._file)
            if self._folder >= 0:
                # Whoever makes the log need not be the one that writes to it.
                os.fsync(self._folder)
                self._let_go_of_folder()

    def close(self) -> None:
        """Let go of it."""
        with self._saving:
            if self._file >= 0:
                self._file = -1
                self._closing()
            self._let_go_of_folder()

    def _let_go_of_folder(self) -> None:
        if self._folder >= 0:
            self._folder = -1
            self._closing_folder()

    def _steps(self) -> int:
        """Return how many times the log has grown by a step since it was begun."""
        if self._file < 0:
            return 0
        salt = os.pread(self._file, _SALT, _SALT_OF_LOG)
        steps = 0
        # What is left of an earlier log has another salt.
        while salt and self._salt_at(steps + 1) == salt:
            steps += 1
        return steps

    def _salt_at(self, steps: int) -> bytes:
        return os.pread(self._file, _SALT, _HEADER + steps * self._step + _SALT_OF_FRAME)
