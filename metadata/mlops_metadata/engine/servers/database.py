"""A database on a server as the engine's: one connection a store, made anew when it is lost.

What has come to nothing is done again: a transaction that the database has undone for another one,
and one whose connection was lost before it was committed. What differs between databases is a
`Driver`.
"""

from __future__ import annotations

import contextlib
import ctypes
import functools
import logging
import os
import random
import threading
import time
import weakref
from collections.abc import Callable, Sequence
from enum import Enum
from typing import Any, NoReturn, Protocol, TypeVar

from mlops_metadata.engine.session import MoreError, Session, SingleSession, UnclearError
from mlops_pipeline.errors import StoreError

log = logging.getLogger(__name__)

PATIENCE = 60.0
"""Seconds that a transaction waits for a server that is not there, or is tried again."""

OPENING = 15.0
"""Seconds that the first connection waits for a server that is being started."""

T = TypeVar("T")


@functools.lru_cache(maxsize=1024)
def marked(statement: str) -> Any:
    """Return a statement with its values marked as drivers of servers have it: `%s`."""
    return statement.replace("?", "%s")


class Access(Enum):
    """The ways to a database: a transaction that writes, one that reads, and a question."""

    WRITING, READING, ASKING = range(3)


class Driver(Protocol):
    """The parts in which databases on servers differ.

    Args:
        name: what to call the store in errors.
        any_text: the database takes texts of any length, with backslashes.
        errors: what its library raises.
    """

    name: str
    any_text: bool
    errors: type[Exception]

    def connect(self) -> Any:
        """Connect to the database, which is made where it is missing."""

    def make_ready(self, connection: Any, database: ServerDatabase) -> None:
        """Make what is missing of the tables."""

    def is_open(self, connection: Any) -> bool:
        """Return True if a connection is not known to be lost."""

    def begin(self, connection: Any, access: Access) -> Session:
        """Begin a transaction, unless a single question needs none."""

    def commit(self, connection: Any) -> None:
        """Commit the transaction."""

    def roll_back(self, connection: Any) -> None:
        """Undo the transaction."""

    def is_undone(self, error: Exception) -> bool:
        """Return True if the database has undone a transaction for another one."""

    def is_lost(self, error: Exception, connection: Any) -> bool:
        """Return True if the connection has ended, or none can be made now."""

    def is_starting(self, error: Exception) -> bool:
        """Return True if a server is being started or stopped."""

    def explained(self, error: Exception) -> StoreError:
        """Return the error in words of a user."""

    def parts(self, connection: Any) -> Sequence[object]:
        """Return what a forked child has to keep of the connection of its parent."""


class ServerDatabase:
    """A database on a server, which is made where it is missing.

    Raises:
        StoreError: it cannot be opened; the message says why.
    """

    def __init__(self, driver: Driver) -> None:
        self.name, self.any_text = driver.name, driver.any_text
        self._driver = driver
        self._threads = threading.RLock()
        self._refusal = ""
        self._committing = False
        self._connection: Any = None
        deadline = time.monotonic() + OPENING
        while True:
            try:
                self._connection = driver.connect()
                driver.make_ready(self._connection, self)
                break
            except driver.errors as error:
                self._drop()
                lost = driver.is_starting(error)
                if not lost or time.monotonic() > deadline:
                    raise driver.explained(error) from error
                log.debug("%s is opened again: %s", self.name, error)
            except BaseException:
                self._drop()
                raise
            time.sleep(random.uniform(0.05, 0.2))
        _open.add(self)

    def read(self, work: Callable[[Session], T], *, single: bool = False) -> T:
        if single:
            with contextlib.suppress(MoreError):
                return self._transaction(
                    lambda s: work(SingleSession(s)), Access.ASKING, once=False
                )
        return self._transaction(work, Access.READING, once=False)

    def write(self, work: Callable[[Session], T], *, lasting: bool = True, once: bool = False) -> T:
        return self._transaction(work, Access.WRITING, once=once)

    def _transaction(self, work: Callable[[Session], T], access: Access, *, once: bool) -> T:
        deadline = time.monotonic() + PATIENCE
        with self._threads:
            while True:
                if self._refusal:
                    self._refuse()
                try:
                    return self._once(work, access)
                except self._driver.errors as error:
                    if not self._may_be_repeated(error, once) or time.monotonic() > deadline:
                        raise self._explained(error, once) from error
                    log.debug("%s is tried again: %s", self.name, error)
                except UnicodeEncodeError as error:
                    raise self._driver.explained(error) from error
                time.sleep(random.uniform(0.005, 0.05))

    def _once(self, work: Callable[[Session], T], access: Access) -> T:
        self._committing = False
        if self._connection is None or not self._driver.is_open(self._connection):
            self._drop()
            self._connection = self._driver.connect()
        connection = self._connection
        session = self._driver.begin(connection, access)
        try:
            done = work(session)
            if access is not Access.ASKING:
                self._committing = True
                self._driver.commit(connection)
        except MoreError:
            raise
        except BaseException:
            if self._driver.is_open(connection):
                with contextlib.suppress(self._driver.errors):
                    self._driver.roll_back(connection)
            raise
        return done

    def _may_be_repeated(self, error: Exception, once: bool) -> bool:
        if self._driver.is_undone(error):
            return True
        if not self._driver.is_lost(error, self._connection):
            return False
        self._drop()
        return not (once and self._committing)

    def _explained(self, error: Exception, once: bool) -> StoreError:
        found = self._driver.explained(error)
        if not (once and self._committing and self._connection is None):
            return found
        reason = " ".join(str(error).split())[:300]
        return UnclearError(
            f"the metadata store {self.name}: the connection was lost as a write was committed "
            f"({reason})",
            hint="try again: names are unique, so the next attempt tells if it was recorded",
        )

    def _drop(self) -> None:
        connection, self._connection = self._connection, None
        if connection is not None:
            with contextlib.suppress(Exception):
                connection.close()

    def _refuse(self) -> NoReturn:
        raise StoreError(
            f"the metadata store {self.name} {self._refusal}",
            hint="open it again, in the process that uses it",
        )

    def close(self) -> None:
        with self._threads:
            if not self._refusal:
                self._refusal = "is closed"
                self._drop()
                _open.discard(self)

    def __del__(self) -> None:
        # Whoever forgets to close a store leaves it to the end of the process.
        if not getattr(self, "_refusal", "not opened"):
            self._drop()

    def forget(self) -> None:
        """Refuse everything in a forked child, without closing what belongs to its parent."""
        self._threads = threading.RLock()
        self._refusal = self._refusal or "was opened before this process was forked"
        for part in self._driver.parts(self._connection) if self._connection is not None else ():
            ctypes.pythonapi.Py_IncRef(ctypes.py_object(part))


_open: weakref.WeakSet[ServerDatabase] = weakref.WeakSet()


def _forget_all() -> None:
    for each in list(_open):
        each.forget()
    _open.clear()


os.register_at_fork(after_in_child=_forget_all)
