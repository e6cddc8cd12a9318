"""A persistent memory of file digests, keyed by path and stamp.

It only ever saves work: any problem with its file (corrupt, locked, read-only, gone) means
that files are read again, never an error. Several processes may share one file. Entries are sealed:
those that another user or an editor has written do not count.
"""

from __future__ import annotations

import contextlib
import os
import secrets
import sqlite3
import threading
import time
import weakref
from collections.abc import Callable
from dataclasses import dataclass, field
from pathlib import Path
from types import TracebackType
from typing import Any, TypeVar

from mlops_pipeline.roots.seals import is_sealed, key_name, seal
from mlops_pipeline.settings import Verify

_T = TypeVar("_T")

SAMPLED = 16
"""One in so many files is read although its stamp is known, where a run checks samples."""

_VERSION = 2
_LIMIT = 200_000
_BUSY_SECONDS = 1.0
_SIDE_FILES = ("", "-wal", "-shm", "-journal")


@dataclass(eq=False)
class StatCache:
    """Digests of files that have been read before.

    It is safe to use from several threads, and across a fork. `put` does not wait for the disk:
    after a crash of the machine the last entries may be missing, and are made again.

    Args:
        path: its file, which is made when it is first needed.
        verify: how far stamps that earlier processes saw are believed; this one's own are.
    """

    path: Path
    verify: Verify = "stamp"
    _lock: Any = field(default_factory=threading.RLock, repr=False)
    _recent: dict[str, tuple[str, str]] = field(default_factory=dict, repr=False)
    _connection: sqlite3.Connection | None = None
    _owner: int = 0

    def get(self, path: str, stamp: str) -> str:
        """Return the digest of what was at this path under this stamp; empty where unknown."""
        recent = self._recent.get(path)
        if recent is None:
            if self.verify == "always" or (
                self.verify == "sampled" and secrets.randbelow(SAMPLED) == 0
            ):
                return ""
            recent = self._run(lambda connection: _select(connection, path))
            if recent is None:
                return ""
            self._remember(path, recent)
        return recent[1] if recent[0] == stamp else ""

    def put(self, path: str, stamp: str, digest: str) -> None:
        """Remember a digest."""
        self._remember(path, (stamp, digest))
        self._run(lambda connection: _insert(connection, path, stamp, digest))

    def close(self) -> None:
        """Let go of the file; the cache opens it again when it is next used."""
        with self._lock:
            connection, self._connection = self._connection, None
            if connection is not None:
                _close_in(self._owner, connection)

    def __enter__(self) -> StatCache:
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        traceback: TracebackType | None,
    ) -> None:
        self.close()

    def _remember(self, path: str, entry: tuple[str, str]) -> None:
        if len(self._recent) >= _LIMIT:
            self._recent.clear()
        self._recent[path] = entry

    def _run(self, action: Callable[[sqlite3.Connection], _T]) -> _T | None:
        """Run an action; return its result, or None if the file cannot be used."""
        with self._lock:
            for _ in range(2):
                try:
                    return action(self._open())
                except sqlite3.OperationalError:
                    return None  # locked, full or read-only: nothing to fix
                except sqlite3.DatabaseError:
                    self._start_anew()
            return None

    def _open(self) -> sqlite3.Connection:
        if self._connection is not None and self._owner == os.getpid():
            return self._connection
        # A connection that came over a fork must not be used, nor closed: that drops the
        # parent's locks. It is left alone.
        self._connection = _connect(self.path)
        self._owner = os.getpid()
        weakref.finalize(self, _close_in, os.getpid(), self._connection)
        return self._connection

    def _start_anew(self) -> None:
        self.close()
        for suffix in _SIDE_FILES:
            with contextlib.suppress(OSError):
                Path(f"{self.path}{suffix}").unlink()


def _connect(path: Path) -> sqlite3.Connection:
    connection = sqlite3.connect(
        path, timeout=_BUSY_SECONDS, isolation_level=None, check_same_thread=False
    )
    try:
        # WAL with NORMAL: readers never wait, commits do not sync, and a crash leaves a good file.
        _use_wal(connection)
        connection.execute("PRAGMA synchronous = NORMAL")
        if not _is_current(connection):
            _create(connection)
    except sqlite3.Error:
        connection.close()
        raise
    return connection


def _use_wal(connection: sqlite3.Connection) -> None:
    """Switch the file to WAL, while others may do the same: SQLite does not wait for that lock."""
    deadline = time.monotonic() + _BUSY_SECONDS
    while True:
        try:
            connection.execute("PRAGMA journal_mode = WAL")
            return
        except sqlite3.OperationalError:
            if time.monotonic() > deadline:
                raise
            time.sleep(0.005)


def _is_current(connection: sqlite3.Connection) -> bool:
    return bool(connection.execute("PRAGMA user_version").fetchone()[0] == _VERSION)


def _create(connection: sqlite3.Connection) -> None:
    connection.execute("BEGIN IMMEDIATE")
    if not _is_current(connection):  # or another process has just done it
        connection.execute("DROP TABLE IF EXISTS digests")
        connection.execute(
            "CREATE TABLE digests"
            " (path BLOB PRIMARY KEY, stamp TEXT NOT NULL, digest TEXT NOT NULL,"
            " seal TEXT NOT NULL)"
        )
        connection.execute(f"PRAGMA user_version = {_VERSION}")
    connection.execute("COMMIT")


def _close_in(owner: int, connection: sqlite3.Connection) -> None:
    if owner == os.getpid():
        connection.close()


def _select(connection: sqlite3.Connection, path: str) -> tuple[str, str] | None:
    row = connection.execute(
        "SELECT stamp, digest, seal FROM digests WHERE path = ?", (_key(path),)
    ).fetchone()
    if row is None:
        return None
    stamp, digest, sealed = map(str, row)
    return (stamp, digest) if is_sealed(sealed, _text(path), stamp, digest) else None


def _insert(connection: sqlite3.Connection, path: str, stamp: str, digest: str) -> None:
    cursor = connection.execute(
        "INSERT OR REPLACE INTO digests VALUES (?, ?, ?, ?)",
        (_key(path), stamp, digest, seal(_text(path), stamp, digest)),
    )
    # New rows get the highest rowid, so the lowest ones are those unchanged for longest.
    excess = (cursor.lastrowid or 0) - _LIMIT
    if excess > 0 and excess % 1000 == 0:
        connection.execute("DELETE FROM digests WHERE rowid <= ?", (excess,))


def _key(path: str) -> bytes:
    # Names need not be valid text. Users that share a root have entries of their own.
    return key_name().encode() + b":" + os.fsencode(path)


def _text(path: str) -> str:
    return os.fsencode(path).hex()
