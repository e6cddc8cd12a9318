"""A copy of a store as it is now: the source is only read, and the copy is in our version."""

from __future__ import annotations

import contextlib
import sqlite3
import subprocess
import sys
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from urllib.parse import quote

from mlops_metadata.engine import SqliteDatabase, is_held
from mlops_metadata.engine.locations import Location, check_header, check_path, is_open_here
from mlops_metadata.engine.schema import VERSION
from mlops_metadata.engine.sqlite_files import (
    check,
    database,
    open_file,
    refuse_strangers,
    stored_version,
)
from mlops_pipeline.errors import StoreError

_COPY = (
    "import sqlite3, sys; source = sqlite3.connect(sys.argv[1], uri=True); "
    "target = sqlite3.connect(sys.argv[2]); source.backup(target); target.close(); source.close()"
)


@contextmanager
def open_copy(location: Location) -> Iterator[SqliteDatabase]:
    """Open a copy of a file, which is brought to our version where another has written it.

    Raises:
        StoreError: it cannot be read, or this process has it open as its own store.
    """
    path = location.path
    check_path(Location(path, read_only=True))
    if is_held(path):
        raise StoreError(f"{path} is the store of this process itself", hint="name another store")
    check_header(path)
    with tempfile.TemporaryDirectory(prefix="mlops-") as folder:
        copy = Path(folder, "metadata.db")
        _copy(path, copy)
        with database(copy) as connection:
            tables = refuse_strangers(connection, path)
            version = stored_version(connection, tables)
            if version > VERSION:
                check(connection, path)
        if version < VERSION:
            _upgrade(copy, path)
        opened = SqliteDatabase(Location(copy))
        try:
            yield opened
        finally:
            opened.close()


def _copy(path: Path, copy: Path) -> None:
    """Copy a database that others may be writing to."""
    try:
        # Who has it open through ML Metadata, as TFX in a notebook, would lose its locks by a copy
        # that is made in the same process.
        if is_open_here(path):
            command = [sys.executable, "-c", _COPY, f"file:{quote(str(path))}?mode=ro", str(copy)]
            subprocess.run(command, check=True, capture_output=True, text=True)
            return
        with contextlib.ExitStack() as stack:
            target = stack.enter_context(contextlib.closing(sqlite3.connect(copy)))
            source = open_file(Location(path, read_only=True), patience=10)
            stack.enter_context(contextlib.closing(source)).backup(target)
    except (sqlite3.Error, subprocess.CalledProcessError) as error:
        reason = (getattr(error, "stderr", None) or str(error)).strip().splitlines()[-1]
        raise StoreError(
            f"the metadata store {path} cannot be read: {reason}", hint="restore it from a copy"
        ) from error


def _upgrade(copy: Path, path: Path) -> None:
    # Older versions are known to ML Metadata's library only.
    from mlops_metadata.sqlite_file import upgrade

    upgrade(copy, str(path))
