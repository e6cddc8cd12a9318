"""Copies of a store into another database: table by table in the order of ids, in parts.

A part is one transaction, so that a copy which was stopped goes on where it was. All that is there
already has to be the beginning of what is copied; at the end both are read and compared.
"""

from __future__ import annotations

import hashlib
from collections.abc import Callable, Iterator, Sequence
from contextlib import closing
from dataclasses import dataclass
from functools import partial

from mlops_metadata.engine import Database, Row, Session
from mlops_metadata.engine.schema import BYTES, COUNTED, FLAGS, TABLES, columns_of, first_types
from mlops_metadata.layout.property_values import (
    STRUCT_MARK,
    encode,
    long_struct,
    plain_field,
    struct_bytes,
)
from mlops_metadata.layout.rows import Proto
from mlops_metadata.layout.wire import write_any
from mlops_metadata.upkeep.tables import open_tables
from mlops_pipeline.errors import StoreError
from mlops_pipeline.store import CopiedTable, CopyStep

_KEYS = 2000
"""Ids in a part."""

_LARGEST = 2**62

_ORDER = {"TypeProperty": 2, "ParentType": 2, "ParentContext": 2}
"""How many of the first columns tell the rows of a table apart."""


@dataclass(frozen=True)
class _Part:
    """The rows of a table between two ids, as they are in both stores.

    Args:
        wanted: those of the source, as the target holds them.
        found: those of the target.
    """

    table: str
    wanted: Sequence[Row]
    found: Sequence[Row]

    @property
    def is_begun(self) -> bool:
        """True if the target holds the beginning of it, or all, or nothing."""
        return self.found == self.wanted[: len(self.found)]


@dataclass(frozen=True)
class _Copying:
    """A copy while it is made.

    Args:
        session: that which reads one state of the source.
        told: called after each part.
    """

    session: Session
    of: Database
    to: Database
    told: Callable[[CopyStep], object]

    def parts(self, act: str, table: str) -> Iterator[_Part]:
        """Yield a table in parts, and tell of each once the caller is done with it."""
        ((total,),) = self.session.rows(f"SELECT count(*) FROM {table}")
        rows = 0
        for part in _parts(self.session, self.to, table):
            yield part
            rows += len(part.wanted)
            self.told(CopyStep(act, table, rows, total))


def copy_store(
    source_url: str, target_url: str, told: Callable[[CopyStep], object]
) -> list[CopiedTable]:
    """Copy a store; see `mlops_pipeline.store.copy_store`."""
    with (
        closing(open_tables(source_url)) as source,
        closing(open_tables(target_url, read_only=False, create=True)) as target,
    ):
        of, to = source.database, target.database
        return of.read(lambda session: _copy(_Copying(session, of, to, told)))


def _copy(copying: _Copying) -> list[CopiedTable]:
    session, to = copying.session, copying.to
    if not session.rows("SELECT id FROM Context LIMIT 1") and not session.rows(
        "SELECT id FROM Artifact LIMIT 1"
    ):
        raise StoreError(
            f"nothing is recorded in {copying.of.name}", hint="name another store to copy"
        )
    is_new = to.read(_is_new)
    if not is_new:
        _refuse_other(copying)
    new = dict.fromkeys(TABLES, 0)
    for table in _copied():
        if is_new and table == "Type":
            # Other versions of ML Metadata have put their first types in another order.
            to.write(lambda each: each.run("DELETE FROM Type"))
        for part in copying.parts("copying", table):
            rows = part.wanted[len(part.found) :]
            if rows:
                _put(to, table, rows)
                new[table] += len(rows)
    return [_compared(copying, table, new[table]) for table in _copied()]


def _copied() -> list[str]:
    return [table for table in TABLES if table != "MLMDEnv"]


def _is_new(session: Session) -> bool:
    """Return True if a store holds nothing but what every new one holds."""
    others = [table for table in _copied() if table != "Type"]
    if any(session.rows(f"SELECT * FROM {table} LIMIT 1") for table in others):
        return False
    found = session.rows("SELECT name, type_kind FROM Type ORDER BY id")
    return found in ([], first_types())


def _refuse_other(copying: _Copying) -> None:
    for table in _copied():
        for part in copying.parts("checking", table):
            if not part.is_begun:
                raise StoreError(
                    f"{copying.to.name} holds something else than {copying.of.name}, "
                    f"in the table {table}",
                    hint="name an empty database, or a copy of this store that was stopped",
                )


def _parts(session: Session, to: Database, table: str) -> Iterator[_Part]:
    key = columns_of(table)[0]
    last = -1
    while last < _LARGEST:
        ((upper,),) = session.rows(
            f"SELECT max(k) FROM (SELECT DISTINCT {key} AS k FROM {table} WHERE {key} > ? "
            f"ORDER BY {key} LIMIT {_KEYS}) AS s",
            (last,),
        )
        # The last part holds what the target has beyond the source.
        upper = _LARGEST if upper is None else upper
        read = partial(_rows, table=table, between=(last, upper))
        wanted = [_fitting(row, table, to.any_text) for row in read(session)]
        yield _Part(table, wanted, to.read(read))
        last = upper


def _rows(session: Session, table: str, between: tuple[int, int]) -> list[Row]:
    """Return rows in an order and form that is the same in all databases."""
    names = columns_of(table)
    statement = f"SELECT {', '.join(names)} FROM {table} WHERE {names[0]} > ? AND {names[0]} <= ?"
    if table == "EventPath":
        # Its rows have no number, and stay in the order in which they came.
        statement += f" {session.row_order}"
    found = []
    for row in session.rows(statement, between):
        values = list(row)
        for number, name in enumerate(names):
            if values[number] is None:
                continue
            if name in FLAGS:
                values[number] = bool(values[number])
            elif name in BYTES:
                values[number] = _bytes(session, values[number], f"{table} {row[0]}")
        found.append(tuple(values))
    size = 3 if table.endswith("Property") and table != "TypeProperty" else _ORDER.get(table, 1)
    return sorted(found, key=lambda row: row[:size])


def _bytes(session: Session, stored: object, name: str) -> bytes:
    try:
        return session.unpack(stored)
    except (ValueError, TypeError) as error:
        raise StoreError(
            f"a value of {name} cannot be read: {error}", hint="restore the store from a backup"
        ) from error


def _fitting(row: Row, table: str, any_text: bool) -> Row:
    """Return a row as a database holds it that may not take every text."""
    names = columns_of(table)
    if any_text or "string_value" not in names:
        return row
    text = row[names.index("string_value")]
    if text is None or plain_field(text):
        return row
    value = _kept(text)
    if value is None:
        return row
    other = {"string_value": None, "proto_value": write_any(value)}
    return tuple(other.get(name, each) for name, each in zip(names, row, strict=True))


def _kept(text: str) -> Proto | None:
    """Return what keeps a text that a database may not take; None if it takes it."""
    if text.startswith(STRUCT_MARK):
        try:
            return long_struct(struct_bytes(text))
        except ValueError:
            # Somebody has written over it: it is no struct any more.
            pass
    value = encode(text)
    assert isinstance(value, Proto)
    return value


def _put(to: Database, table: str, rows: Sequence[Row]) -> None:
    names = columns_of(table)

    def work(session: Session) -> None:
        packed = [
            tuple(
                session.pack(value) if name in BYTES and value is not None else value
                for name, value in zip(names, row, strict=True)
            )
            for row in rows
        ]
        session.insert(table, names, packed)
        if table in COUNTED:
            session.count_on(table)

    # A part that is there already would be one that somebody else has put.
    to.write(work, once=True)


def _compared(copying: _Copying, table: str, new: int) -> CopiedTable:
    """Read a table in both stores.

    Raises:
        StoreError: they differ.
    """
    wanted, found, rows = hashlib.sha256(), hashlib.sha256(), 0
    for part in copying.parts("comparing", table):
        rows += len(part.wanted)
        for digest, each in ((wanted, part.wanted), (found, part.found)):
            digest.update(repr(each).encode("utf-8", "surrogatepass"))
    if wanted.digest() != found.digest():
        raise StoreError(
            f"the copy of {copying.of.name} in {copying.to.name} differs from it, "
            f"in the table {table}",
            hint="let nothing else write to the copy, and copy again into an empty database",
        )
    return CopiedTable(table, rows, new, wanted.hexdigest())
