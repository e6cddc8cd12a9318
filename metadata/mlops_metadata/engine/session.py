"""A transaction of a database: the few kinds of statements that the engine is made of.

Statements are written with `?` for values; what differs between databases stands in the classes
that implement `Session` and `Database`.
"""

from __future__ import annotations

import time
from collections.abc import Callable, Iterator, Sequence
from typing import Any, Protocol, TypeVar

from mlops_pipeline.errors import StoreError

Row = tuple[Any, ...]
T = TypeVar("T")

CHUNK = 500
"""Most ids in one statement."""


class Session(Protocol):
    """A transaction that is under way.

    Args:
        row_order: the end of a query for rows without number, in the order in which they came.
        keeps_order: that order is certain, also after rows were deleted or a crash.
        any_text: the database takes texts of any length, with backslashes.
        any_integer: it takes integers of 64 bits.
        for_share, for_update: the end of a query that keeps others from changing its rows, or also
            from asking for them in these ways, until the transaction ends.
    """

    row_order: str
    keeps_order: bool
    any_text: bool
    any_integer: bool
    for_share: str
    for_update: str

    def rows(self, statement: str, values: Sequence[Any] = ()) -> list[Row]:
        """Return what a query finds."""

    def run(self, statement: str, values: Sequence[Any] = ()) -> int:
        """Change rows; returns how many."""

    def insert(self, table: str, columns: Sequence[str], rows: Sequence[Row]) -> list[int]:
        """Insert rows; returns their ids, in order, of a table that counts them.

        Raises:
            AlreadyExistsError: a unique value is taken.
        """

    def add(self, table: str, columns: Sequence[str], rows: Sequence[Row]) -> None:
        """Insert the rows that are not there yet."""

    def add_one(self, table: str, columns: Sequence[str], row: Row) -> int:
        """Insert a row unless it is there; returns its id, or 0 if it is there."""

    def count_on(self, table: str) -> None:
        """Count on after rows that were inserted with ids of their own."""

    def pack(self, data: bytes) -> Any:
        """Return bytes as a column for them holds them."""

    def unpack(self, stored: Any) -> bytes:
        """Return the bytes in a column.

        Raises:
            ValueError: somebody has written something else there.
        """

    def alone(self) -> None:
        """Wait until no other transaction is past this call, and keep others waiting."""

    def limit(self, seconds: float) -> None:
        """End each statement of this transaction that takes longer, by `TooSlowError`."""


class UnclearError(StoreError):
    """The connection was lost as a write was committed: nobody knows if it was recorded."""


class UnfitError(StoreError):
    """A value that the database does not take."""


class TooSlowError(StoreError):
    """A transaction that has taken longer than it may; nothing of it took effect."""


class MoreError(Exception):
    """Work that was to ask one question asks for more."""


class WatchedSession:
    """A transaction with a rule for each use of it.

    Args:
        session: the transaction.
    """

    def __init__(self, session: Session) -> None:
        self._session = session
        self.row_order, self.keeps_order = session.row_order, session.keeps_order
        self.any_text, self.any_integer = session.any_text, session.any_integer
        self.for_share, self.for_update = session.for_share, session.for_update

    def _used(self) -> Session:
        """Return the transaction, unless it may not be used now."""
        raise NotImplementedError

    def rows(self, statement: str, values: Sequence[Any] = ()) -> list[Row]:
        return self._used().rows(statement, values)

    def run(self, statement: str, values: Sequence[Any] = ()) -> int:
        return self._used().run(statement, values)

    def insert(self, table: str, columns: Sequence[str], rows: Sequence[Row]) -> list[int]:
        return self._used().insert(table, columns, rows)

    def add(self, table: str, columns: Sequence[str], rows: Sequence[Row]) -> None:
        self._used().add(table, columns, rows)

    def add_one(self, table: str, columns: Sequence[str], row: Row) -> int:
        return self._used().add_one(table, columns, row)

    def count_on(self, table: str) -> None:
        self._used().count_on(table)

    def pack(self, data: bytes) -> Any:
        return self._session.pack(data)

    def unpack(self, stored: Any) -> bytes:
        return self._session.unpack(stored)

    def alone(self) -> None:
        self._used().alone()

    def limit(self, seconds: float) -> None:
        self._used().limit(seconds)


class TimedSession(WatchedSession):
    """A transaction that ends with `TooSlowError` after some time.

    Args:
        seconds: most that it may take.
    """

    def __init__(self, session: Session, seconds: float) -> None:
        super().__init__(session)
        self._seconds = seconds
        self._deadline = time.monotonic() + seconds
        session.limit(seconds)

    def _used(self) -> Session:
        if time.monotonic() > self._deadline:
            raise TooSlowError(f"it takes more than {self._seconds:g} s")
        return self._session

    def limit(self, seconds: float) -> None:
        self._session.limit(min(seconds, self._seconds))


class SingleSession(WatchedSession):
    """A connection without a transaction: one question sees one state of the database.

    Raises:
        MoreError: it is asked for more.
    """

    def __init__(self, session: Session) -> None:
        super().__init__(session)
        self._has_asked = False

    def _used(self) -> Session:
        if self._has_asked:
            raise MoreError
        self._has_asked = True
        return self._session


class Database(Protocol):
    """An open database.

    Args:
        name: what to call it in errors.
        any_text: it takes texts of any length, with backslashes.
    """

    name: str
    any_text: bool

    def read(self, work: Callable[[Session], T], *, single: bool = False) -> T:
        """Do work that changes nothing, on one state of the database.

        Args:
            single: as a rule it asks one question, which needs no transaction around it; work
                that then asks for more is done again, in one.
        """

    def write(self, work: Callable[[Session], T], *, lasting: bool = True, once: bool = False) -> T:
        """Do work that changes something, all or nothing; it may be done again from its start.

        Args:
            lasting: False where it may get lost if the power fails before the next change that
                lasts, or before the database is closed; a killed process loses nothing.
            once: the second time it would do something else, so that it is not done again where
                nobody knows if it was recorded.

        Raises:
            AlreadyExistsError: a unique value is taken.
            UnclearError: nobody knows if it was recorded, and it is to be done once.
            StoreError: the database is read-only, or refuses.
        """

    def close(self) -> None:
        """Let go of it."""


def chunks(ids: Sequence[int]) -> Iterator[Sequence[int]]:
    """Yield ids in parts that fit into a statement."""
    for start in range(0, len(ids), CHUNK):
        yield ids[start : start + CHUNK]


def marks(count: int) -> str:
    """Return `?, ?, ?` for this many values."""
    return ", ".join("?" * count)


def missing(name: str) -> StoreError:
    """Return the error for a database that is not there and not to be made."""
    return StoreError(
        f"there is no metadata store {name}",
        hint="check the name; a run makes the database that it is given",
    )
