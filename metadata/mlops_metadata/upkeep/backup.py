"""Backup of a store in a SQLite file: one state of it, copied while runs go on, and read back."""

from __future__ import annotations

import contextlib
import os
import shutil
import sqlite3
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from urllib.parse import quote

from mlops_metadata.by_file import is_in_library
from mlops_metadata.engine.locations import (
    Location,
    beside,
    check_header,
    check_path,
    is_empty,
    locate,
)
from mlops_metadata.engine.schema import TABLES
from mlops_metadata.engine.sqlite_files import check, open_file
from mlops_metadata.refusals import store_error
from mlops_pipeline.errors import StoreError
from mlops_pipeline.store import Backup
from mlops_pipeline.uris import with_home, without_password

PATIENCE = 60.0
"""Seconds to wait where a program holds the whole file."""

_ROOM = "see that the folder has room and can be written to"

_PAGES = 8192
"""Pages that are copied between two looks at Ctrl-C."""


def back_up(url: str, file: Path, replace: bool) -> Backup:
    """Copy a store; see `mlops_pipeline.store.back_up`."""
    source = _source(url)
    target = Path(os.path.realpath(with_home(file)))
    _check_target(source.path, target, replace)
    what = f"cannot back up the metadata store {source.path} to {target}"
    with _explained(what), _new_file(target) as new:
        rows = _copy(source, new)
        _compare(source.path, new, rows)
        shutil.copymode(source.path, new)
        size = _sync(new)
        _put_in_place(new, target, replace)
    return Backup(source.path, target, size, rows)


def _source(url: str) -> Location:
    if not url.startswith("sqlite:"):
        raise StoreError(
            f"{without_password(url)} is not a file, and is not backed up here",
            hint="use what comes with the database: pg_dump, mariadb-dump or mysqldump",
        )
    location = Location(locate(url).path, read_only=True)
    check_path(location)
    check_header(location.path)
    if is_in_library(location.path):
        raise StoreError(
            f"this process has the metadata store {location.path} open through ML Metadata",
            hint="back it up from another process: mlops metadata backup FILE",
        )
    return location


def _check_target(source: Path, target: Path, replace: bool) -> None:
    """Refuse a place where a backup cannot be, or would spoil something.

    Raises:
        StoreError: the message says why.
    """
    logs = [beside(target, suffix) for suffix in ("-wal", "-journal")]
    log = next((each for each in logs if each.exists()), None)
    problem = hint = ""
    if target.is_dir():
        problem, hint = "is a folder", "name a file in it"
    elif not target.parent.is_dir():
        problem, hint = f"cannot be made: there is no folder {target.parent}", "make the folder"
    elif target.exists() and (target.samefile(source) or not target.is_file()):
        problem = "is the store itself" if target.samefile(source) else "is a device or a pipe"
        hint = "name another file"
    elif target.exists() and not replace:
        raise _taken(target)
    elif log is not None:
        # Its log would be taken for the backup's.
        problem = f"is in use, or was left by a program that was killed: there is {log.name}"
        hint = "name another file"
    if problem:
        raise StoreError(f"the backup {target} {problem}", hint=hint)
    if target.exists() and not is_empty(target):
        # It would be the end of a file that is no backup.
        check_header(target)


def _taken(target: Path) -> StoreError:
    return StoreError(
        f"the backup {target} is there already", hint="name another file, or say --replace"
    )


@contextmanager
def _explained(what: str) -> Iterator[None]:
    try:
        yield
    except sqlite3.Error as error:
        found = store_error(what, str(error))
        hint = f"{_ROOM}, or name another" if "full" in str(error) else found.hint
        raise StoreError(found.message, hint=hint) from error
    except OSError as error:
        raise StoreError(f"{what}: {error.strerror}", hint=_ROOM) from error


@contextmanager
def _new_file(target: Path) -> Iterator[Path]:
    """Make an empty file beside the target, which is gone at the end if it was not renamed."""
    number, name = tempfile.mkstemp(prefix=f".{target.name}.", suffix=".new", dir=target.parent)
    os.close(number)
    try:
        yield Path(name)
    finally:
        for suffix in ("", "-journal"):
            beside(Path(name), suffix).unlink(missing_ok=True)


def _copy(source: Location, new: Path) -> dict[str, int]:
    """Copy one state of a store; returns its number of rows by table."""
    with contextlib.closing(open_file(source, PATIENCE)) as connection:
        check(connection, source.path)
        # The copy is of the state that this reads: else it would begin again with every write.
        connection.execute("BEGIN")
        rows = _count(connection)
        with contextlib.closing(sqlite3.connect(new, isolation_level=None)) as copy:
            # Nobody sees the file before it is whole and on the disk.
            copy.execute("PRAGMA synchronous=OFF")
            copy.execute("PRAGMA journal_mode=OFF")
            connection.backup(copy, pages=_PAGES, progress=_go_on)
        connection.execute("ROLLBACK")
    return rows


def _go_on(status: int, remaining: int, total: int) -> None:
    """Let Python see to Ctrl-C between two parts."""


def _count(connection: sqlite3.Connection) -> dict[str, int]:
    return {
        table: connection.execute(f"SELECT count(*) FROM {table}").fetchone()[0] for table in TABLES
    }


def _compare(source: Path, new: Path, rows: dict[str, int]) -> None:
    """Read a copy as a whole.

    Raises:
        StoreError: it is damaged, or not what was copied.
    """
    # It says that it has a log, which is not to be made beside this name.
    url = f"file:{quote(str(new))}?mode=ro&immutable=1"
    with contextlib.closing(sqlite3.connect(url, uri=True)) as copy:
        faults = [text for (text,) in copy.execute("PRAGMA integrity_check(1)")]
        if faults != ["ok"]:
            raise StoreError(
                f"the metadata store {source} is damaged, and was not backed up: {faults[0]}",
                hint="keep your earlier backups, and restore the store from one",
            )
        check(copy, source)
        found = _count(copy)
    differing = [table for table in TABLES if found[table] != rows[table]]
    if differing:
        raise StoreError(
            f"the backup of {source} was not read back as it was written: it differs in "
            f"{', '.join(differing)}",
            hint="check the disk that it is written to",
        )


def _sync(new: Path) -> int:
    with new.open("rb+") as file:
        os.fsync(file.fileno())
        return os.fstat(file.fileno()).st_size


def _put_in_place(new: Path, target: Path, replace: bool) -> None:
    """Rename a finished copy.

    Raises:
        StoreError: somebody else has made the target meanwhile.
    """
    if replace:
        new.replace(target)
    else:
        try:
            os.link(new, target)
        except FileExistsError:
            raise _taken(target) from None
        except OSError:
            # This disk has no links.
            if target.exists():
                raise _taken(target) from None
            new.replace(target)
    folder = os.open(target.parent, os.O_RDONLY)
    try:
        os.fsync(folder)
    finally:
        os.close(folder)
