"""A SQLite file as the engine's database: one connection, and a lock that writers wait for.

POSIX locks belong to a process: a second library of SQLite in this process, as in the client of ML
Metadata, drops ours when it closes the file, and may then delete the log that we go on writing to.
So before each transaction the file and its log are compared with those that were opened, and in the
meantime that library waits.
"""

from __future__ import annotations

import base64
import contextlib
import ctypes
import logging
import os
import sqlite3
import threading
import time
import weakref
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import Any, NoReturn, TypeVar

from mlops_metadata.connection import TELL, FileLock, NoLock, WriteLock
from mlops_metadata.engine.checkpoints import Log
from mlops_metadata.engine.locations import Location, beside, check_header, check_path, identity
from mlops_metadata.engine.session import Row, Session, TooSlowError, UnfitError, marks
from mlops_metadata.engine.sqlite_files import (
    as_unchanging,
    check,
    is_missing,
    is_prepared,
    make,
    open_file,
    prepare,
)
from mlops_metadata.engine.turns import keeping_logs, my_turn
from mlops_metadata.layout.damage import as_text
from mlops_metadata.refusals import holder, store_error, waiting_for
from mlops_pipeline.errors import StoreError
from mlops_pipeline.store import AlreadyExistsError

log = logging.getLogger(__name__)

PATIENCE = 60.0
"""Seconds to wait where a program without our lock holds the file."""

_NO_TEXT = "Could not decode to UTF-8"

_MOST_VALUES = 30_000 if sqlite3.sqlite_version_info >= (3, 32) else 900
"""Values in one statement."""

_STEPS = 10_000
"""Steps of SQLite between two looks at the clock: some tenths of a millisecond."""

_INTERRUPTED = "interrupted"

T = TypeVar("T")


class SqliteSession:
    """A transaction of SQLite.

    Args:
        connection: in which it has begun.
        name: what to call the store in errors.
    """

    def __init__(self, connection: sqlite3.Connection, name: str) -> None:
        self._connection = connection
        self._name = name

    row_order = "ORDER BY rowid"
    keeps_order = True
    any_text = True
    any_integer = True
    # A transaction that writes is alone.
    for_share = for_update = ""

    def rows(self, statement: str, values: Sequence[Any] = ()) -> list[Row]:
        try:
            return self._connection.execute(statement, values).fetchall()
        except sqlite3.OperationalError as error:
            if not str(error).startswith(_NO_TEXT):
                raise
        # Somebody has put bytes there that are no text: they are shown as they are.
        kept, self._connection.text_factory = self._connection.text_factory, as_text
        try:
            return self._connection.execute(statement, values).fetchall()
        finally:
            self._connection.text_factory = kept

    def run(self, statement: str, values: Sequence[Any] = ()) -> int:
        return self._connection.execute(statement, values).rowcount

    def insert(self, table: str, columns: Sequence[str], rows: Sequence[Row]) -> list[int]:
        ids: list[int] = []
        for part in self._parts(columns, rows):
            try:
                last = self._put("INSERT", table, columns, part).lastrowid or 0
            except sqlite3.IntegrityError as error:
                raise AlreadyExistsError(f"{self._name}: {error}") from error
            # There is one writer, so that the ids of one statement follow each other.
            ids += range(last - len(part) + 1, last + 1)
        return ids

    def add(self, table: str, columns: Sequence[str], rows: Sequence[Row]) -> None:
        for part in self._parts(columns, rows):
            self._put("INSERT OR IGNORE", table, columns, part)

    def add_one(self, table: str, columns: Sequence[str], row: Row) -> int:
        cursor = self._put("INSERT OR IGNORE", table, columns, [row])
        return (cursor.lastrowid or 0) if cursor.rowcount else 0

    def count_on(self, table: str) -> None:
        """Do nothing: the largest id is what it counts from."""

    def pack(self, data: bytes) -> Any:
        # As ML Metadata does.
        return base64.b64encode(data).decode()

    def unpack(self, stored: Any) -> bytes:
        return base64.b64decode(stored, validate=True)

    def alone(self) -> None:
        """Do nothing: a transaction that writes is alone."""

    def limit(self, seconds: float) -> None:
        deadline = time.monotonic() + seconds
        self._connection.set_progress_handler(lambda: time.monotonic() > deadline, _STEPS)

    def _parts(self, columns: Sequence[str], rows: Sequence[Row]) -> Iterator[Sequence[Row]]:
        size = _MOST_VALUES // len(columns)
        for start in range(0, len(rows), size):
            yield rows[start : start + size]

    def _put(
        self, verb: str, table: str, columns: Sequence[str], rows: Sequence[Row]
    ) -> sqlite3.Cursor:
        places = ", ".join([f"({marks(len(columns))})"] * len(rows))
        values = [value for row in rows for value in row]
        statement = f"{verb} INTO {table} ({', '.join(columns)}) VALUES {places}"
        return self._connection.execute(statement, values)


class SqliteDatabase:
    """The database in a SQLite file, which is made where it is missing.

    Raises:
        StoreError: it cannot be opened; the message says why.
    """

    any_text = True

    def __init__(self, location: Location) -> None:
        path = location.path
        check_path(location)
        self.name = str(path)
        self._location = location
        self._refusal, self._closed = "", False
        self._users = 1
        self._wait = min(TELL, PATIENCE)
        self._threads = threading.RLock()
        self._lock: WriteLock = NoLock()
        if location.read_only or not is_missing(path):
            check_header(path)
        if not location.read_only:
            self._lock = FileLock(beside(path, ".lock"))
        try:
            with self._explained():
                if not location.read_only and is_missing(path):
                    with self._lock, my_turn():
                        make(path)
                with my_turn():
                    self._connection = self._patiently(self._connect)
        except BaseException:
            self._lock.close()
            raise
        _open.add(self)

    def _connect(self) -> sqlite3.Connection:
        path = self._location.path
        self._file = identity(path)
        self._unchanging = _state(self._location)
        connection = open_file(self._location, self._wait)
        try:
            check(connection, path)
            if not self._location.read_only and not is_prepared(connection):
                self._prepare(connection)
                connection.execute("SELECT count(*) FROM MLMDEnv").fetchone()
            self._journal = Log(connection, beside(path, "-wal"))
        except BaseException:
            connection.close()
            raise
        self._is_saved = True
        # Reading has opened the log, which stays as long as this connection.
        self._log = identity(beside(path, "-wal"))
        if self._log != (0, 0):
            # Commits are brought to the disk by `_save`, and by SQLite before the log begins anew.
            # See https://www.sqlite.org/pragma.html#pragma_synchronous
            connection.execute("PRAGMA synchronous=NORMAL")
        return connection

    def _prepare(self, connection: sqlite3.Connection) -> None:
        """Prepare a file that another program has made, unless somebody keeps the lock."""
        if isinstance(self._lock, FileLock) and not self._lock.take_soon():
            return
        try:
            prepare(connection, self._location.path)
        finally:
            self._lock.__exit__(None, None, None)

    def _patiently(self, work: Callable[[], T]) -> T:
        """Do work; where another program holds the file, say so before waiting for it longer."""
        try:
            return work()
        except sqlite3.OperationalError as error:
            if "locked" not in str(error) or PATIENCE <= TELL:
                raise
        log.warning("%s", waiting_for(self._location.path))
        self._set_wait(PATIENCE - TELL)
        try:
            return work()
        finally:
            self._set_wait(TELL)

    def _set_wait(self, seconds: float) -> None:
        self._wait = min(seconds, PATIENCE)
        connection: sqlite3.Connection | None = getattr(self, "_connection", None)
        if connection is not None:
            connection.execute(f"PRAGMA busy_timeout={int(self._wait * 1000)}")

    def read(self, work: Callable[[Session], T], *, single: bool = False) -> T:
        def once() -> T:
            connection = self._ready()
            try:
                connection.execute("BEGIN")
                return work(SqliteSession(connection, self.name))
            finally:
                connection.set_progress_handler(None, 0)
                if connection.in_transaction:
                    connection.execute("ROLLBACK")

        with my_turn(), self._threads, self._explained():
            return self._patiently(once)

    def write(self, work: Callable[[Session], T], *, lasting: bool = True, once: bool = False) -> T:
        if self._refusal:
            self._refuse()
        if self._location.read_only:
            raise StoreError(
                f"the metadata store {self.name} is open for reading only",
                hint="open it without ?mode=ro",
            )

        def attempt() -> T:
            connection = self._ready()
            with self._journal.kept_small():
                return self._transaction(connection, work)

        with self._lock, my_turn(), self._threads, self._explained():
            done, journal = self._patiently(attempt), self._journal
            self._is_saved = self._is_saved and lasting
        if lasting:
            self._save(journal)
        return done

    def _save(self, journal: Log) -> None:
        """Wait until what is committed is on the disk, without the lock: others write meanwhile."""
        try:
            journal.save()
        except OSError as error:
            raise StoreError(
                f"the metadata store {self.name}: the disk has not taken what was recorded last "
                f"({error.strerror})",
                hint="see the log of the system; after a power cut the store may lack it",
            ) from error

    def _transaction(self, connection: sqlite3.Connection, work: Callable[[Session], T]) -> T:
        try:
            connection.execute("BEGIN IMMEDIATE")
            done = work(SqliteSession(connection, self.name))
            connection.set_progress_handler(None, 0)
            connection.execute("COMMIT")
        except BaseException:
            connection.set_progress_handler(None, 0)
            if connection.in_transaction:
                connection.execute("ROLLBACK")
            raise
        return done

    def _ready(self) -> sqlite3.Connection:
        if self._refusal:
            self._refuse()
        path = self._location.path
        if identity(path) != self._file:
            raise StoreError(
                f"the metadata store {path} was deleted, moved or replaced while it was in use",
                hint="put it back; what was recorded in it since then is lost",
            )
        changed = _state(self._location) != self._unchanging
        if changed or (self._log != (0, 0) and identity(beside(path, "-wal")) != self._log):
            # SQLite shares what it knows of a log between the connections of a process.
            with keeping_logs(path):
                self._connection.close()
            self._connection = self._connect()
        return self._connection

    def _refuse(self) -> NoReturn:
        hint = "open it again" if self._closed else "open it in the process that uses it"
        raise StoreError(f"the metadata store {self.name} {self._refusal}", hint=hint)

    @contextmanager
    def _explained(self) -> Iterator[None]:
        """Say in words of a user why SQLite refuses."""
        try:
            yield
        except sqlite3.Error as error:
            if str(error) == _INTERRUPTED:
                raise TooSlowError(f"{self.name}: a statement takes too long") from error
            found = store_error(f"the metadata store {self.name} refuses", str(error))
            if "locked" in str(error):
                by = holder(self._location.path)
                told = f"{found.message} for more than {PATIENCE:g} s{by and f': {by}'}"
                found = StoreError(told, hint=found.hint)
            raise found from error
        except UnicodeEncodeError as error:
            raise UnfitError(
                f"the metadata store {self.name} takes no text that is not Unicode: {error}",
                hint="rename what has such a name",
            ) from error

    def is_file(self, wanted: tuple[int, int], read_only: bool | None = None) -> bool:
        """Return True if this is the file that it has open, for reading only or not."""
        return self._file == wanted and read_only in (None, self._location.read_only)

    def shared(self) -> SqliteDatabase:
        """Let one more store use it."""
        self._users += 1
        return self

    def close(self) -> None:
        with _opening, my_turn(), self._threads:
            self._users -= 1
            if self._refusal or self._users:
                return
            self._refusal, self._closed = "is closed", True
            if not self._is_saved:
                with contextlib.suppress(OSError):
                    self._journal.save()
            self._journal.close()
            with keeping_logs(self._location.path):
                self._connection.close()
            self._lock.close()
            _open.discard(self)

    def __del__(self) -> None:
        # Whoever forgets to close a store leaves it to the end of the process.
        with contextlib.suppress(AttributeError):
            if not self._refusal:
                self._connection.close()

    def forget(self) -> None:
        """Refuse everything in a forked child, without closing what belongs to its parent."""
        self._threads = threading.RLock()
        self._refusal = self._refusal or "was opened before this process was forked"
        # The system lets go of a lock once nobody has its file: this child may outlive its parent.
        self._lock.close()
        # It is never closed, not even at the end of this process.
        ctypes.pythonapi.Py_IncRef(ctypes.py_object(self._connection))


def _state(location: Location) -> tuple[int, ...]:
    """Return what shows that a file has changed which is read as one that nobody changes."""
    if not location.read_only:
        return ()
    if not as_unchanging(location):
        return (0,)
    status = location.path.stat()
    return (status.st_mtime_ns, status.st_size)


_open: weakref.WeakSet[SqliteDatabase] = weakref.WeakSet()
_opening = threading.RLock()


def open_database(location: Location) -> SqliteDatabase:
    """Open a file, or share the connection that this process has to it.

    Raises:
        StoreError: it cannot be opened; the message says why.
    """
    with _opening:
        wanted = identity(location.path)
        for each in list(_open):
            if each.is_file(wanted, location.read_only):
                return each.shared()
        return SqliteDatabase(location)


def is_held(path: Path) -> bool:
    """Return True if this process has a file open as a store of the engine."""
    wanted = identity(path)
    return any(each.is_file(wanted) for each in list(_open))


def _forget_all() -> None:
    global _opening
    _opening = threading.RLock()
    for each in list(_open):
        each.forget()
    _open.clear()


os.register_at_fork(after_in_child=_forget_all)
