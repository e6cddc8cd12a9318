"""SQLite files of stores: made whole, looked into, and brought to what the engine needs."""

from __future__ import annotations

import contextlib
import os
import sqlite3
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from urllib.parse import quote

from mlops_metadata.engine.locations import (
    Location,
    beside,
    check_header,
    is_empty,
    may,
    on_network_disk,
    put_aside,
)
from mlops_metadata.engine.schema import (
    OWN_INDEXES,
    SQLITE,
    VERSION,
    index_statement,
    statements,
)
from mlops_pipeline.errors import StoreError

_MARK = 0x6D6C6F01
"""`user_version` of a file that has a write-ahead log and indexes of ours: "mlo" and a counter."""

_BRIEFLY = 1000
"""Milliseconds to wait for another program before a file is used as it is."""


def make(path: Path) -> None:
    """Make the store in a file that is missing or empty; under its lock.

    Raises:
        StoreError: it cannot be made.
    """
    _clean(path)
    if not path.exists():
        _create(path)
    elif is_empty(path):
        # It stays the file that it is: who else has it open sees a database grow in it.
        put_aside(path)
        with database(path) as connection:
            connection.execute("PRAGMA synchronous=FULL")
            _set_journal(connection, on_network_disk(path))
            _fill(connection)


def make_ready(path: Path) -> None:
    """Make a file, or prepare the one that is there; under its lock.

    Raises:
        StoreError: it is the database of something else, or of another version.
    """
    make(path)
    check_header(path)
    with database(path) as connection:
        check(connection, path)
        if not is_prepared(connection):
            prepare(connection, path)


def is_missing(path: Path) -> bool:
    """Return True if there is no database in a file so far."""
    return not path.exists() or is_empty(path)


def _create(path: Path) -> None:
    """Make the file under another name first, so that nobody ever sees half of it."""
    new = beside(path, ".new")
    try:
        new.touch()
        with database(new) as connection:
            connection.execute("PRAGMA synchronous=OFF")
            connection.execute("PRAGMA journal_mode=MEMORY").fetchone()
            _fill(connection)
            # At the end: on a full disk, a log would be closed without getting all into the file.
            _set_journal(connection, on_network_disk(path))
        with new.open("rb+") as file:
            os.fsync(file.fileno())
        put_aside(path)
        new.replace(path)
    except OSError as error:
        raise StoreError(
            f"cannot make the metadata store {path}: {error.strerror}",
            hint="see that its disk has room and its folder can be written to",
        ) from error
    finally:
        # On a full disk, half a file would only keep it full.
        _clean(path)


def _clean(path: Path) -> None:
    for suffix in (".new", ".new-wal", ".new-shm", ".new-journal"):
        beside(path, suffix).unlink(missing_ok=True)


def _fill(connection: sqlite3.Connection) -> None:
    connection.execute("BEGIN IMMEDIATE")
    for statement in statements(SQLITE):
        connection.execute(statement)
    _add_indexes(connection)
    connection.execute("COMMIT")


def _set_journal(connection: sqlite3.Connection, on_network: bool) -> None:
    # Write-ahead logs need shared memory, which a network does not have.
    connection.execute(f"PRAGMA journal_mode={'DELETE' if on_network else 'WAL'}").fetchone()


def is_prepared(connection: sqlite3.Connection) -> bool:
    """Return True if a database has a write-ahead log and our indexes."""
    if connection.execute("PRAGMA user_version").fetchone() != (_MARK,):
        return False
    found = connection.execute("SELECT name FROM sqlite_master WHERE type = 'index'").fetchall()
    return {name for name, _, _ in OWN_INDEXES} <= {name for (name,) in found}


def prepare(connection: sqlite3.Connection, path: Path) -> None:
    """Set the journal mode, and add our indexes; under the file's lock."""
    # Another program may have it open: then it stays as it is, and the next process tries again.
    ((patience,),) = connection.execute("PRAGMA busy_timeout").fetchall()
    connection.execute(f"PRAGMA busy_timeout={_BRIEFLY}")
    try:
        if connection.execute("PRAGMA user_version").fetchone() != (_MARK,):
            _set_journal(connection, on_network_disk(path))
        connection.execute("BEGIN IMMEDIATE")
        _add_indexes(connection)
        connection.execute("COMMIT")
    except sqlite3.OperationalError as error:
        if connection.in_transaction:
            connection.execute("ROLLBACK")
        if "locked" not in str(error):
            raise
    finally:
        connection.execute(f"PRAGMA busy_timeout={patience}")


def _add_indexes(connection: sqlite3.Connection) -> None:
    for index in OWN_INDEXES:
        connection.execute(index_statement(index))
    connection.execute(f"PRAGMA user_version={_MARK}")


def check(connection: sqlite3.Connection, path: Path) -> None:
    """Refuse a database that is none of ML Metadata, or not of our version of it.

    Raises:
        StoreError: the message says what it is.
    """
    names = refuse_strangers(connection, path)
    version = stored_version(connection, names)
    if version == VERSION:
        return
    age = "a newer" if version > VERSION else "an older"
    raise StoreError(
        f"cannot open the metadata store {path}: {age} ml-metadata has written it "
        f"(version {version} of its tables, not {VERSION})",
        hint="upgrade mlops-pipeline"
        if version > VERSION
        else "upgrade it once with ml_metadata.MetadataStore(..., enable_upgrade_migration=True)",
    )


def stored_version(connection: sqlite3.Connection, tables: set[str]) -> int:
    """Return the version of the schema of a database with these tables; 0 where it is not told."""
    if "MLMDEnv" not in tables:
        return 0
    versions = connection.execute("SELECT schema_version FROM MLMDEnv").fetchall()
    ((found,),) = versions if len(versions) == 1 else [(0,)]
    return found if isinstance(found, int) else 0


def refuse_strangers(connection: sqlite3.Connection, path: Path) -> set[str]:
    """Refuse a database of something else; returns the names of its tables.

    Raises:
        StoreError: the message says what it is.
    """
    rows = connection.execute("SELECT name FROM sqlite_master WHERE type = 'table'").fetchall()
    names = {name for (name,) in rows}
    if not {"Type", "Artifact", "Execution"} <= names:
        table = f"it has a table {min(names)!r}" if names else "it has no tables"
        raise StoreError(
            f"{path} is the database of something else: {table}", hint="name another file"
        )
    return names


@contextmanager
def database(path: Path) -> Iterator[sqlite3.Connection]:
    """Open a file for a moment, to look into it or to prepare it."""
    try:
        with contextlib.closing(open_file(Location(path), patience=10)) as connection:
            yield connection
    except sqlite3.OperationalError as error:
        raise StoreError(
            f"cannot prepare the metadata store {path}: {error}",
            hint="see that its disk has room and its folder can be written to",
        ) from error
    except sqlite3.DatabaseError as error:
        raise StoreError(
            f"the metadata store {path} is damaged: {error}", hint="restore it from a copy"
        ) from error


def open_file(location: Location, patience: float) -> sqlite3.Connection:
    """Open a connection, which may be used from any thread.

    Args:
        patience: seconds to wait where another program holds the file.
    """
    path = location.path
    url = f"file:{quote(str(path))}"
    if location.read_only:
        url += "?mode=ro"
        # In a folder that is not ours, a file without a log is read as one that nobody changes.
        if as_unchanging(location):
            url += "&immutable=1"
    else:
        url += "?mode=rw"
    connection = sqlite3.connect(
        url,
        uri=True,
        timeout=patience,
        isolation_level=None,
        check_same_thread=False,
        cached_statements=256,
    )
    try:
        # What is recorded is on the disk, however this SQLite was built.
        connection.execute("PRAGMA synchronous=FULL")
    except BaseException:
        connection.close()
        raise
    return connection


def as_unchanging(location: Location) -> bool:
    """Return True if a file is read as one that nobody changes: no log can be kept beside it."""
    path = location.path
    return (
        location.read_only and not may(path.parent, os.W_OK) and not beside(path, "-wal").exists()
    )
