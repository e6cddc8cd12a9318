"""SQLite files as MLMD's library opens them: shared inside a process.

POSIX locks belong to a process, not to an open file: whoever closes a database file that MLMD
has open in the same process drops MLMD's locks, and writes get lost. So each file is opened by
MLMD once a process, and looked into by other means only before that.
"""

from __future__ import annotations

import os
import threading
from dataclasses import dataclass
from functools import partial
from pathlib import Path

from mlops_metadata.connection import Connection, FileLock, NoLock, WriteLock
from mlops_metadata.engine.locations import (
    Location,
    beside,
    check_header,
    check_path,
    identity,
    is_open_here,
    locate,
)
from mlops_metadata.engine.sqlite_files import make_ready
from mlops_metadata.engine.turns import settle
from mlops_metadata.library import Library
from mlops_metadata.messages import pb
from mlops_metadata.mlmd import MlmdStore


@dataclass
class _Shared:
    """A connection and how many stores use it."""

    connection: Connection
    identity: tuple[int, int]
    users: int = 1


class _Registry:
    """The connections of this process, shared by all stores on the same file."""

    def __init__(self) -> None:
        self._lock = threading.RLock()
        self._open: dict[Location, _Shared] = {}

    def acquire(self, location: Location) -> Connection:
        with self._lock:
            shared = self._open.get(location)
            # A file that was deleted and made anew is another file, whoever still has the old one.
            if shared is not None and shared.identity == identity(location.path):
                shared.users += 1
                return shared.connection
            connection = _connect(location)
            shared = _Shared(connection, identity(location.path))
            connection.on_release = partial(self._release, location, shared)
            self._open[location] = shared
            return connection

    def has(self, path: Path) -> bool:
        """Return True if a file holds a store of this process."""
        with self._lock:
            return any(location.path == path for location in self._open)

    def _release(self, location: Location, shared: _Shared) -> None:
        with self._lock:
            shared.users -= 1
            if shared.users == 0:
                if self._open.get(location) is shared:
                    del self._open[location]
                shared.connection.shut()

    def forget(self) -> None:
        """Drop what belongs to the parent, in a forked child, without closing it."""
        self._lock = threading.RLock()
        for shared in self._open.values():
            shared.connection.refuse("was opened before this process was forked")
            _inherited.append(shared.connection)
        self._open = {}


_inherited: list[Connection] = []
_registry = _Registry()
os.register_at_fork(after_in_child=_registry.forget)


def connect(location: Location) -> Connection:
    """Return the connection of this process to a file, which is created if it is missing.

    Raises:
        StoreError: it cannot be opened; the message says why.
    """
    return _registry.acquire(location)


def open_by_library(url: str) -> MlmdStore:
    """Open the store in a SQLite file, which is made where it is missing.

    Args:
        url: `sqlite:///relative.db`, `sqlite:////absolute.db`; `?mode=ro` only to read.

    Raises:
        StoreError: the file cannot be used; the message says why.
    """
    return MlmdStore(connect(locate(url)))


def _connect(location: Location) -> Connection:
    path = location.path
    settle()
    check_path(location)
    lock: WriteLock = NoLock() if location.read_only else FileLock(beside(path, ".lock"))
    try:
        with lock:
            if location.read_only:
                check_header(path)
            elif not is_open_here(path):
                make_ready(path)
            library = Library(_config(location), str(path))
    except BaseException:
        lock.close()
        raise
    return Connection(library, lock, str(path), read_only=location.read_only)


def upgrade(path: Path, name: str) -> None:
    """Bring a file that an older ml-metadata has written to the version of the library.

    Args:
        name: what to call it in errors.
    """
    Library(_config(Location(path)), name, upgrade=True).close()


def _config(location: Location) -> pb.ConnectionConfig:
    config = pb.ConnectionConfig()
    config.sqlite.filename_uri = str(location.path)
    modes = pb.SqliteMetadataSourceConfig
    config.sqlite.connection_mode = (
        modes.READONLY if location.read_only else modes.READWRITE_OPENCREATE
    )
    return config
