"""A database of MySQL or MariaDB as the engine's.

ML Metadata sends its texts as UTF-8 over a connection that calls them latin1, and its tables hold
them so; here it is done in the same way, so that either reads what the other has written.
"""

from __future__ import annotations

import base64
import contextlib
import functools
import ssl
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import Any

import pymysql
from pymysql.constants import CLIENT, CR, FIELD_TYPE
from pymysql.converters import conversions

from mlops_metadata.engine.schema import (
    MYSQL,
    OWN_INDEXES,
    TABLES,
    VERSION,
    first_rows,
    indexes,
    tables,
)
from mlops_metadata.engine.servers import mysql_rows
from mlops_metadata.engine.servers.database import PATIENCE, Access, ServerDatabase, marked
from mlops_metadata.engine.session import Row, Session, TooSlowError, UnfitError, marks, missing
from mlops_pipeline.errors import StoreError
from mlops_pipeline.store import AlreadyExistsError

_MOST_VALUES = 30_000
"""Values in one statement."""

_TAKEN, _NO_DATABASE, _TOO_LONG, _TOO_LARGE = 1062, 1049, 1406, 1264
_UNDONE = (1205, 1213, 1020, 1412)
"""A lock that was waited for too long, a deadlock, a change between reading and writing, and a
table that was made meanwhile: the transaction may be done again."""

_LOST = (2002, 2003, 2006, 2013, 2055, 1053, 1927, 0)
"""The connection has ended, or nobody answers: a server that is being started or stopped."""

_SLOW = (1969, 3024)
"""A statement has taken longer than it may, on MariaDB and on MySQL."""

_NO_VARIABLE = 1193
_NOT_THERE = (1146, 1176)
"""There is no such table, or no such index."""

_BACKSLASHES = "SET SESSION sql_mode = 'STRICT_TRANS_TABLES,NO_ENGINE_SUBSTITUTION'"


@dataclass(frozen=True)
class MysqlAddress:
    """A database on a server.

    Args:
        socket: file of a socket, instead of the port.
        ca: file with the certificates to trust.
        create: make the database and its tables where they are missing.
    """

    host: str
    port: int
    user: str
    database: str
    password: str = ""
    socket: str = ""
    ca: str = ""
    create: bool = True

    def __str__(self) -> str:
        return f"mysql://{self.host}:{self.port}/{self.database}"


def _sent(value: Any) -> Any:
    if not isinstance(value, str) or value.isascii():
        return value
    return value.encode().decode("latin-1")


def _most_bytes(value: Any) -> int:
    """Return how long a value can become in a statement, where some signs are doubled."""
    if isinstance(value, str):
        return 2 * len(value) * (1 if value.isascii() else 4)
    return 2 * len(value) if isinstance(value, bytes) else 20


def _got(value: Any) -> Any:
    if not isinstance(value, str) or value.isascii():
        return value
    # What another program has written in another way is shown as it is.
    with contextlib.suppress(UnicodeError):
        return value.encode("latin-1").decode()
    return value


_TEXTS = ("VARCHAR", "VAR_STRING", "STRING", "TINY_BLOB", "BLOB", "MEDIUM_BLOB", "LONG_BLOB")
_CONVERSIONS = {**conversions, **{getattr(FIELD_TYPE, name): _got for name in _TEXTS}}


class MysqlSession:
    """A transaction of MySQL or MariaDB.

    Args:
        connection: in which it has begun.
        name: what to call the store in errors.
        step: by how much the ids of one statement grow.
        largest: bytes that a statement may have; the server ends the connection at a larger one.
    """

    def __init__(self, connection: Any, name: str, step: int, largest: int) -> None:
        self._connection = connection
        self._name = name
        self._step = step
        self._largest = largest

    # The index on events holds the rows of one in the order in which they came.
    row_order = ""
    keeps_order = True
    any_text = True
    any_integer = False
    for_share, for_update = "LOCK IN SHARE MODE", "FOR UPDATE"

    def _execute(self, statement: str, values: Sequence[Any]) -> Any:
        cursor = self._connection.cursor()
        query = cursor.mogrify(marked(statement), [_sent(value) for value in values] or None)
        # A character is a byte here, and the packet has one more.
        size = len(query) + 1
        if size > self._largest:
            raise UnfitError(
                f"the metadata store {self._name} takes {self._largest:,} bytes at once, "
                f"not {size:,}",
                hint="keep large values in artifacts, or raise max_allowed_packet of the server",
            )
        cursor.execute(query)
        return cursor

    def rows(self, statement: str, values: Sequence[Any] = ()) -> list[Row]:
        return list(self._execute(statement, values).fetchall())

    def run(self, statement: str, values: Sequence[Any] = ()) -> int:
        return int(self._execute(statement, values).rowcount)

    def insert(self, table: str, columns: Sequence[str], rows: Sequence[Row]) -> list[int]:
        ids: list[int] = []
        for part in self._parts(columns, rows):
            try:
                first = self._put(table, columns, part).lastrowid or 0
            except pymysql.IntegrityError as error:
                raise AlreadyExistsError(f"{self._name}: {error.args[-1]}") from error
            ids += range(first, first + len(part) * self._step, self._step)
        return ids

    def add(self, table: str, columns: Sequence[str], rows: Sequence[Row]) -> None:
        end = f"ON DUPLICATE KEY UPDATE {columns[0]} = {columns[0]}"
        # In one order everywhere, so that no two transactions wait for each other.
        for part in self._parts(columns, sorted(rows, key=repr)):
            self._put(table, columns, part, end)

    def add_one(self, table: str, columns: Sequence[str], row: Row) -> int:
        try:
            return int(self._put(table, columns, [row]).lastrowid or 0)
        except pymysql.IntegrityError as error:
            if error.args[0] != _TAKEN:
                raise
            return 0

    def count_on(self, table: str) -> None:
        """Do nothing: the largest id is what it counts from."""

    def pack(self, data: bytes) -> Any:
        # As ML Metadata does.
        return base64.b64encode(data)

    def unpack(self, stored: Any) -> bytes:
        return base64.b64decode(stored, validate=True)

    def alone(self) -> None:
        self._execute("SELECT schema_version FROM MLMDEnv FOR UPDATE", ())

    def limit(self, seconds: float) -> None:
        # It holds for what comes after it on this connection, until another limit is set.
        try:
            self._execute(f"SET SESSION max_statement_time = {seconds:.3f}", ())
        except pymysql.OperationalError as error:
            if error.args[0] != _NO_VARIABLE:
                raise
            # MySQL knows one for questions only.
            self._execute(f"SET SESSION max_execution_time = {int(seconds * 1000)}", ())

    def _parts(self, columns: Sequence[str], rows: Sequence[Row]) -> Iterator[Sequence[Row]]:
        """Yield rows that fit in one statement, unless one alone does not."""
        most, part, size = _MOST_VALUES // len(columns), list[Row](), 0
        for row in rows:
            more = sum(map(_most_bytes, row))
            if part and (len(part) == most or size + more > self._largest // 2):
                yield part
                part, size = [], 0
            part.append(row)
            size += more
        if part:
            yield part

    def _put(self, table: str, columns: Sequence[str], rows: Sequence[Row], end: str = "") -> Any:
        places = ", ".join([f"({marks(len(columns))})"] * len(rows))
        values = [value for row in rows for value in row]
        statement = f"INSERT INTO {table} ({', '.join(columns)}) VALUES {places} {end}"
        return self._execute(statement, values)


class MysqlDriver:
    """The driver of MySQL and MariaDB.

    Args:
        address: the database.
    """

    any_text = MysqlSession.any_text
    errors = pymysql.Error

    def __init__(self, address: MysqlAddress) -> None:
        self.name = str(address)
        self._address = address
        self._step, self._largest = 1, 0
        self._without_tls = False

    def connect(self) -> Any:
        try:
            connection = self._dial(self._address.database)
        except pymysql.OperationalError as error:
            if error.args[0] != _NO_DATABASE:
                raise
            if not self._address.create:
                raise missing(self.name) from None
            with contextlib.closing(self._dial("")) as maintenance:
                name = self._address.database.replace("`", "``")
                # Names that differ in the case of a letter only are different.
                maintenance.cursor().execute(
                    f"CREATE DATABASE IF NOT EXISTS `{name}` "
                    "CHARACTER SET latin1 COLLATE latin1_bin"
                )
            connection = self._dial(self._address.database)
        cursor = connection.cursor()
        cursor.execute(_BACKSLASHES)
        cursor.execute("SELECT @@auto_increment_increment, @@max_allowed_packet")
        self._step, self._largest = map(int, cursor.fetchone())
        return connection

    def _dial(self, database: str) -> Any:
        if self._address.ca:
            return self._connected(database, ssl.create_default_context(cafile=self._address.ca))
        if not self._without_tls:
            try:
                return self._connected(database, _unchecked())
            except pymysql.OperationalError as error:
                if error.args[0] != CR.CR_SSL_CONNECTION_ERROR:
                    raise
                self._without_tls = True
        return self._connected(database, None)

    def _connected(self, database: str, secure: ssl.SSLContext | None) -> Any:
        address = self._address
        connection = mysql_rows.quick_connection(
            host=address.host,
            port=address.port,
            user=address.user,
            password=address.password,
            database=database or None,
            unix_socket=address.socket or None,
            charset="latin1",
            client_flag=CLIENT.FOUND_ROWS,
            connect_timeout=10,
            autocommit=True,
            conv=_CONVERSIONS,
            ssl=secure,
            ssl_disabled=secure is None,
        )
        # What it sends and takes as latin1 are bytes.
        connection.encoding = "latin-1"
        return connection

    def make_ready(self, connection: Any, database: ServerDatabase) -> None:
        if database.read(_is_known, single=True) or database.read(_is_ready):
            return
        if not self._address.create:
            raise missing(self.name)
        # Each table is a transaction of its own on this server.
        with contextlib.closing(connection.cursor()) as cursor:
            lock = f"mlops.{self._address.database}"[:64]
            cursor.execute("SELECT GET_LOCK(%s, %s)", (lock, PATIENCE))
            try:
                # Another process may have made them while this one waited.
                if database.read(_is_ready):
                    return
                for statement in tables(MYSQL):
                    cursor.execute(statement.replace("CREATE TABLE", "CREATE TABLE IF NOT EXISTS"))
                there = database.read(_indexes)
                own = (f"CREATE INDEX {n} ON {t}({columns})" for n, t, columns in OWN_INDEXES)
                for statement in (*indexes(MYSQL), *own):
                    if statement.split()[2].lower() not in there:
                        cursor.execute(statement)
                database.write(_first)
            finally:
                cursor.execute("SELECT RELEASE_LOCK(%s)", (lock,))

    def is_open(self, connection: Any) -> bool:
        return bool(connection.open)

    def begin(self, connection: Any, access: Access) -> Session:
        cursor = connection.cursor()
        if access is Access.WRITING:
            cursor.execute("SET TRANSACTION ISOLATION LEVEL READ COMMITTED")
            cursor.execute("START TRANSACTION")
        elif access is Access.READING:
            cursor.execute("START TRANSACTION WITH CONSISTENT SNAPSHOT, READ ONLY")
        return MysqlSession(connection, self.name, self._step, self._largest)

    def commit(self, connection: Any) -> None:
        connection.commit()

    def roll_back(self, connection: Any) -> None:
        connection.rollback()

    def is_undone(self, error: Exception) -> bool:
        return _number(error) in _UNDONE

    def is_lost(self, error: Exception, connection: Any) -> bool:
        return _number(error) in _LOST

    def is_starting(self, error: Exception) -> bool:
        return _number(error) in _LOST

    def parts(self, connection: Any) -> Sequence[object]:
        return (connection,)

    def explained(self, error: Exception) -> StoreError:
        number = _number(error)
        if number in _SLOW:
            return TooSlowError(f"{self.name}: a statement takes too long")
        reason = " ".join(str(error.args[-1] if error.args else error).split())[:300]
        what = f"the metadata store {self.name}"
        kind: type[StoreError] = StoreError
        cause, hint = reason, "see the log of the server"
        if isinstance(error, UnicodeEncodeError):
            cause = f"it takes no text that is not Unicode ({reason})"
            kind, hint = UnfitError, "rename what has such a name"
        elif number == _TOO_LONG:
            cause = f"a name or a place is too long ({reason})"
            kind, hint = UnfitError, "use names of at most 255 characters, and shorter places"
        elif number == _TOO_LARGE:
            cause, hint = f"an integer is too large ({reason})", "use one of 32 bits"
            kind = UnfitError
        elif isinstance(error, pymysql.OperationalError):
            what = f"cannot open {what}"
            cause = f"it cannot be reached ({reason})"
            hint = "check host, port, user, database and $MLOPS_METADATA_PASSWORD"
        return kind(f"{what}: {cause}", hint=hint)


@functools.cache
def _unchecked() -> ssl.SSLContext:
    """Return how to encrypt where nobody says whom to trust.

    The driver does so, too, but reads all certificates of the system before each connection.
    """
    found = ssl.SSLContext(ssl.PROTOCOL_TLS_CLIENT)
    found.check_hostname, found.verify_mode = False, ssl.CERT_NONE
    return found


def _number(error: Exception) -> Any:
    return error.args[0] if error.args else 0


def _is_known(session: Session) -> bool:
    """Return True if this version is there with all of our indexes, which are made before it."""
    indexes = "".join(
        f" UNION ALL (SELECT 1 FROM {table} FORCE INDEX ({name}) LIMIT 0)"
        for name, table, _ in OWN_INDEXES
    )
    try:
        return session.rows(f"(SELECT schema_version FROM MLMDEnv){indexes}") == [(VERSION,)]
    except pymysql.Error as error:
        if _number(error) not in _NOT_THERE:
            raise
        return False


def _is_ready(session: Session) -> bool:
    """Return True if all tables and indexes are there, and the version, which is written last.

    Raises:
        StoreError: they are of something else, or of another version.
    """
    query = "SELECT table_name FROM information_schema.tables WHERE table_schema = DATABASE()"
    there = {name.lower() for (name,) in session.rows(query)}
    known = {table.lower() for table in TABLES}
    if there and not there & known:
        raise StoreError(
            f"this database holds something else: it has a table {min(there)!r}",
            hint="name another database, which is made if it is not there",
        )
    if not known <= there:
        return False
    versions = session.rows("SELECT schema_version FROM MLMDEnv")
    if not versions:
        return False
    if versions != [(VERSION,)]:
        raise StoreError(
            f"another ml-metadata has written this database: its tables have the version "
            f"{versions[0][0]}, not {VERSION}",
            hint="upgrade it by ml-metadata, or upgrade mlops-pipeline",
        )
    return {name for name, _, _ in OWN_INDEXES} <= _indexes(session)


def _indexes(session: Session) -> set[str]:
    query = "SELECT index_name FROM information_schema.statistics WHERE table_schema = DATABASE()"
    return {name.lower() for (name,) in session.rows(query)}


def _first(session: Session) -> None:
    """Write MLMD's own types and the version, unless they are there."""
    if session.rows("SELECT schema_version FROM MLMDEnv"):
        return
    types, version = first_rows()
    if not session.rows("SELECT id FROM Type WHERE name = 'mlmd.Dataset'"):
        session.run(types)
    session.run(version)
