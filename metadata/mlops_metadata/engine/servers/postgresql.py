"""A PostgreSQL database as the engine's.

A claim is the unique index of a table, an end the condition of an update, which waits for the row:
transactions that read what is committed are enough. Of two that wait for each other, PostgreSQL
undoes one, which is done again.
"""

from __future__ import annotations

import logging
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import Any

import psycopg
from psycopg import errors, sql

from mlops_metadata.engine.schema import (
    COUNTED,
    OWN_INDEXES,
    POSTGRESQL,
    TABLES,
    VERSION,
    index_statement,
    statements,
)
from mlops_metadata.engine.servers.database import Access, ServerDatabase, marked
from mlops_metadata.engine.session import Row, Session, TooSlowError, UnfitError, marks, missing
from mlops_pipeline.errors import StoreError
from mlops_pipeline.store import AlreadyExistsError

log = logging.getLogger(__name__)

_MOST_VALUES = 30_000
"""Values in one statement: the protocol takes 65,535."""

_LOCK = 0x6D6C6F70
"""The advisory lock of those who make tables and types: "mlop"."""

_UNDONE = (errors.SerializationFailure, errors.DeadlockDetected, errors.LockNotAvailable)

_STARTING = (
    "refused",
    "starting up",
    "shutting down",
    "recovery mode",
    "not yet accepting connections",
    "closed the connection unexpectedly",
    "terminating connection",
    "reset by peer",
)
"""Signs of a server that is being started or stopped."""


@dataclass(frozen=True)
class PostgresAddress:
    """A database on a server.

    Args:
        ca: file with the certificates to trust.
        create: make the database and its tables where they are missing.
    """

    host: str
    port: int
    user: str
    database: str
    password: str = ""
    ca: str = ""
    create: bool = True

    def __str__(self) -> str:
        return f"postgresql://{self.host}:{self.port}/{self.database}"


class PostgresSession:
    """A transaction of PostgreSQL.

    Args:
        connection: in which it has begun.
        name: what to call the store in errors.
    """

    def __init__(self, connection: psycopg.Connection[Row], name: str) -> None:
        self._connection = connection
        self._name = name

    row_order = "ORDER BY ctid"
    keeps_order = False
    # ML Metadata has an index on whole texts, which takes 2,700 bytes.
    any_text = False
    any_integer = False
    for_share, for_update = "FOR SHARE", "FOR UPDATE"

    def rows(self, statement: str, values: Sequence[Any] = ()) -> list[Row]:
        return list(self._connection.execute(marked(statement), values).fetchall())

    def run(self, statement: str, values: Sequence[Any] = ()) -> int:
        return int(self._connection.execute(marked(statement), values).rowcount)

    def insert(self, table: str, columns: Sequence[str], rows: Sequence[Row]) -> list[int]:
        ids: list[int] = []
        for part in self._parts(columns, rows):
            try:
                cursor = self._put(table, columns, part, _returning(table))
            except errors.UniqueViolation as error:
                raise AlreadyExistsError(f"{self._name}: {error.diag.message_detail}") from error
            if table in COUNTED:
                ids += [each for (each,) in cursor.fetchall()]
        return ids

    def add(self, table: str, columns: Sequence[str], rows: Sequence[Row]) -> None:
        for part in self._parts(columns, rows):
            self._put(table, columns, part, "ON CONFLICT DO NOTHING")

    def add_one(self, table: str, columns: Sequence[str], row: Row) -> int:
        end = f"ON CONFLICT DO NOTHING {_returning(table)}"
        found = self._put(table, columns, [row], end).fetchone()
        return int(found[0]) if found else 0

    def count_on(self, table: str) -> None:
        last = f"(SELECT max(id) FROM {table})"
        self.rows(f"SELECT setval(pg_get_serial_sequence('{table.lower()}', 'id'), {last})")

    def pack(self, data: bytes) -> Any:
        return data

    def unpack(self, stored: Any) -> bytes:
        return bytes(stored)

    def alone(self) -> None:
        self._connection.execute("SELECT pg_advisory_xact_lock(%s)", (_LOCK,))

    def limit(self, seconds: float) -> None:
        # Until the end of the transaction.
        milliseconds = max(int(seconds * 1000), 1)
        self._connection.execute(f"SET LOCAL statement_timeout = {milliseconds}".encode())

    def _parts(self, columns: Sequence[str], rows: Sequence[Row]) -> Iterator[Sequence[Row]]:
        size = _MOST_VALUES // len(columns)
        for start in range(0, len(rows), size):
            yield rows[start : start + size]

    def _put(
        self, table: str, columns: Sequence[str], rows: Sequence[Row], end: str
    ) -> psycopg.Cursor[Row]:
        places = ", ".join([f"({marks(len(columns))})"] * len(rows))
        values = [value for row in rows for value in row]
        statement = f"INSERT INTO {table} ({', '.join(columns)}) VALUES {places} {end}"
        return self._connection.execute(marked(statement), values)


def _returning(table: str) -> str:
    return "RETURNING id" if table in COUNTED else ""


class PostgresDriver:
    """The driver of PostgreSQL.

    Args:
        address: the database.
    """

    any_text = PostgresSession.any_text
    errors = psycopg.Error

    def __init__(self, address: PostgresAddress) -> None:
        self.name = str(address)
        self._address = address

    def connect(self) -> psycopg.Connection[Row]:
        try:
            return self._dial(self._address.database)
        except psycopg.OperationalError as error:
            if f'database "{self._address.database}" does not exist' not in str(error):
                raise
            if not self._address.create:
                raise missing(self.name) from None
        with self._dial("postgres") as maintenance:
            name = sql.Identifier(self._address.database)
            make = sql.SQL("CREATE DATABASE {} ENCODING 'UTF8' TEMPLATE template0")
            try:
                maintenance.execute(make.format(name))
            except (errors.DuplicateDatabase, errors.UniqueViolation):
                log.debug("%s was made by another process", self.name)
        return self._dial(self._address.database)

    def _dial(self, database: str) -> psycopg.Connection[Row]:
        address = self._address
        secure = {"sslmode": "verify-full", "sslrootcert": address.ca} if address.ca else {}
        return psycopg.connect(
            host=address.host,
            port=address.port,
            user=address.user,
            password=address.password or None,
            dbname=database,
            autocommit=True,
            client_encoding="utf8",
            connect_timeout=10,
            **secure,
        )

    def make_ready(self, connection: Any, database: ServerDatabase) -> None:
        if database.read(_is_known, single=True) or database.read(_is_ready):
            return
        if not self._address.create:
            raise missing(self.name)
        database.write(_make)

    def is_open(self, connection: Any) -> bool:
        return not connection.closed

    def begin(self, connection: Any, access: Access) -> Session:
        if access is not Access.ASKING:
            level = "READ COMMITTED" if access is Access.WRITING else "REPEATABLE READ READ ONLY"
            connection.execute(f"BEGIN ISOLATION LEVEL {level}")
        return PostgresSession(connection, self.name)

    def commit(self, connection: Any) -> None:
        connection.execute("COMMIT")

    def roll_back(self, connection: Any) -> None:
        connection.execute("ROLLBACK")

    def is_undone(self, error: Exception) -> bool:
        return isinstance(error, _UNDONE)

    def is_lost(self, error: Exception, connection: Any) -> bool:
        has_ended = connection is None or bool(connection.closed)
        return isinstance(error, psycopg.OperationalError) and has_ended

    def is_starting(self, error: Exception) -> bool:
        is_one = isinstance(error, psycopg.OperationalError)
        return is_one and any(sign in str(error) for sign in _STARTING)

    def parts(self, connection: Any) -> Sequence[object]:
        return (connection, connection.pgconn)

    def explained(self, error: Exception) -> StoreError:
        if isinstance(error, errors.QueryCanceled):
            return TooSlowError(f"{self.name}: a statement takes too long")
        reason = " ".join(str(error).split())[:300]
        kind: type[StoreError] = StoreError
        cause, hint = reason, "see the log of the server"
        if isinstance(error, UnicodeEncodeError) or "NUL" in reason:
            cause = f"it takes no text with NUL or what is not Unicode ({reason})"
            kind, hint = UnfitError, "rename what has such a name"
        elif isinstance(error, errors.StringDataRightTruncation | errors.ProgramLimitExceeded):
            cause = f"a name or a place is too long ({reason})"
            kind, hint = UnfitError, "use names of at most 255 characters, and shorter places"
        elif isinstance(error, errors.NumericValueOutOfRange):
            cause, hint = f"an integer is too large ({reason})", "use one of 32 bits"
            kind = UnfitError
        elif isinstance(error, psycopg.OperationalError):
            cause = f"it cannot be reached ({reason})"
            hint = "check host, port, user, database and $MLOPS_METADATA_PASSWORD"
        return kind(f"the metadata store {self.name}: {cause}", hint=hint)


def _is_known(session: Session) -> bool:
    """Return True if this version is there with all of our indexes, which are made with it."""
    indexes = " AND ".join(f"to_regclass('{name}') IS NOT NULL" for name, _, _ in OWN_INDEXES)
    try:
        return session.rows(f"SELECT schema_version, {indexes} FROM MLMDEnv") == [(VERSION, True)]
    except errors.UndefinedTable:
        return False


def _is_ready(session: Session) -> bool:
    """Return True if all tables and indexes are there.

    Raises:
        StoreError: they are of something else, or of another version.
    """
    query = "SELECT tablename FROM pg_tables WHERE schemaname = current_schema()"
    tables = {name for (name,) in session.rows(query)}
    wanted = {table.lower() for table in TABLES}
    if not tables:
        return False
    if not wanted <= tables:
        raise StoreError(
            f"this database holds something else: it has a table {min(tables)!r}",
            hint="name another database, which is made if it is not there",
        )
    versions = session.rows("SELECT schema_version FROM MLMDEnv")
    if versions != [(VERSION,)]:
        raise StoreError(
            f"another ml-metadata has written this database: its tables have the version "
            f"{versions[0][0] if versions else 'none'}, not {VERSION}",
            hint="upgrade it by ml-metadata, or upgrade mlops-pipeline",
        )
    query = "SELECT indexname FROM pg_indexes WHERE schemaname = current_schema()"
    found = {name for (name,) in session.rows(query)}
    return {name for name, _, _ in OWN_INDEXES} <= found


def _make(session: Session) -> None:
    session.alone()
    # Another process may have made them while this one waited.
    if _is_ready(session):
        return
    if not session.rows("SELECT to_regclass('mlmdenv')")[0][0]:
        for statement in statements(POSTGRESQL):
            session.run(statement)
    for index in OWN_INDEXES:
        session.run(index_statement(index))
