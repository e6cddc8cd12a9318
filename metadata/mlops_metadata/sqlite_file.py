"""SQLite files: how they are found, made, prepared and shared inside a process.

POSIX locks belong to a process, not to an open file: whoever closes a database file that MLMD
has open in the same process drops MLMD's locks, and writes get lost. So each file is opened by
MLMD once a process, and looked into by other means only before that.
"""

from __future__ import annotations

import contextlib
import os
import tempfile
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING
from urllib.parse import parse_qsl, quote, unquote

from mlops_metadata.connection import Connection, FileLock, NoLock, WriteLock
from mlops_metadata.library import Library, pb
from mlops_pipeline.errors import StoreError, did_you_mean

if TYPE_CHECKING:
    import sqlite3

_MAGIC = b"SQLite format 3\0"
_PREPARED = 0x6D6C6F01
"""`user_version` of a file that has our journal mode and indexes: "mlo" and a counter."""

_INDEXES = (
    "CREATE INDEX IF NOT EXISTS mlops_association_execution ON Association(execution_id)",
    "CREATE INDEX IF NOT EXISTS mlops_attribution_artifact ON Attribution(artifact_id)",
)
_NETWORK_DISKS = (
    "9p", "afs", "beegfs", "ceph", "cifs", "glusterfs", "gpfs", "lustre", "nfs", "smb", "fuse.",
)  # fmt: skip


@dataclass(frozen=True)
class Location:
    """A SQLite file, and whether it may be written to."""

    path: Path
    read_only: bool = False


def locate(url: str) -> Location:
    """Parse a URL: `sqlite:///relative.db`, `sqlite:////absolute.db`, `?mode=ro`.

    Raises:
        StoreError: the URL has no path, or an unknown option.
    """
    rest, _, query = url.partition("?")
    rest = rest.removeprefix("sqlite:")
    if rest.startswith("//"):
        _, _, rest = rest[2:].partition("/")
    if not rest:
        raise StoreError(f"{url} names no file", hint="write sqlite:///path/to/metadata.db")
    options = dict(parse_qsl(query))
    for name, value in options.items():
        if name != "mode":
            raise StoreError(f"{url}: unknown option {name!r}", hint=did_you_mean(name, ["mode"]))
        if value not in ("ro", "rw"):
            raise StoreError(f"{url}: mode is {value!r}", hint="mode is ro or rw")
    path = Path(unquote(rest)).expanduser()
    return Location(Path(os.path.realpath(path)), options.get("mode") == "ro")


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
            if shared is not None and shared.identity == _identity(location.path):
                shared.users += 1
                return shared.connection
            connection = _connect(location)
            shared = _Shared(connection, _identity(location.path))
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


def _connect(location: Location) -> Connection:
    path = location.path
    _check_path(location)
    lock: WriteLock = NoLock() if location.read_only else FileLock(_beside(path, ".lock"))
    try:
        with lock:
            if not _open_in_this_process(path):
                _make_ready(location)
            library = Library(_config(location), str(path))
    except BaseException:
        lock.close()
        raise
    return Connection(library, lock, str(path), read_only=location.read_only)


def _make_ready(location: Location) -> None:
    path = location.path
    if location.read_only:
        _header(path)
    elif not path.exists() or path.stat().st_size == 0:
        _create(path)
    else:
        _prepare_if_needed(path)


def _check_path(location: Location) -> None:
    path = location.path
    problem = hint = ""
    if path.is_dir():
        problem, hint = "is a folder", "name a file in it"
    elif path.exists() and not path.is_file():
        problem, hint = "is a device, a pipe or a socket", "name a file"
    elif not path.parent.is_dir():
        problem = f"cannot be made: there is no folder {path.parent}"
        hint = "make the folder; an absolute path has four slashes, sqlite:////absolute.db"
    elif location.read_only and not path.exists():
        problem, hint = "does not exist", "check the path, or run a pipeline first"
    elif path.exists() and not _may(path, os.R_OK):
        problem, hint = "cannot be read: permission denied", "ask its owner for access"
    elif not location.read_only and path.exists() and not _may(path, os.W_OK):
        problem, hint = "cannot be written to: permission denied", "open it with ?mode=ro"
    elif not location.read_only and not _may(path.parent, os.W_OK):
        problem = "cannot be written to: its folder is read-only"
        hint = "choose another path, or open it with ?mode=ro"
    if problem:
        raise StoreError(f"the metadata store {path} {problem}", hint=hint)


def _may(path: Path, what: int) -> bool:
    return os.access(path, what, effective_ids=os.access in os.supports_effective_ids)


def _create(path: Path) -> None:
    """Make the file under another name first, so that nobody ever sees half of it."""
    new = _beside(path, ".new")
    new.unlink(missing_ok=True)
    try:
        Library(_config(Location(new)), str(path)).close()
        _prepare(new)
        new.replace(path)
    finally:
        # On a full disk, half a file would only keep it full.
        for suffix in (".new", ".new-wal", ".new-shm", ".new-journal"):
            _beside(path, suffix).unlink(missing_ok=True)


def _prepare_if_needed(path: Path) -> None:
    if int.from_bytes(_header(path)[60:64], "big") == _PREPARED:
        return
    _refuse_strangers(path)
    # MLMD refuses versions that it does not know before anything is changed.
    Library(_config(Location(path)), str(path)).close()
    _prepare(path)


@contextmanager
def _database(path: Path) -> Iterator[sqlite3.Connection]:
    """Open the file with Python's own SQLite, unless MLMD has it open in this process."""
    import sqlite3

    database = sqlite3.connect(path, timeout=10, isolation_level=None)
    try:
        yield database
    except sqlite3.OperationalError as error:
        # Another program has it open: it stays as it is, and the next process tries again.
        if "locked" not in str(error):
            raise StoreError(
                f"cannot prepare the metadata store {path}: {error}",
                hint="see that its disk has room and its folder can be written to",
            ) from error
    except sqlite3.DatabaseError as error:
        raise StoreError(
            f"the metadata store {path} is damaged: {error}", hint="restore it from a copy"
        ) from error
    finally:
        database.close()


@contextmanager
def open_copy(location: Location) -> Iterator[Connection]:
    """Open a copy of a file as it is now, in the newest schema; the file is only read.

    Raises:
        StoreError: it cannot be read, or this process has it open as its own store.
    """
    path = location.path
    location = Location(path, read_only=True)
    _check_path(location)
    if _registry.has(path):
        raise StoreError(f"{path} is the store of this process itself", hint="name another store")
    with tempfile.TemporaryDirectory(prefix="mlops-") as folder:
        # Who has it open by MLMD, as TFX in a notebook, would lose its locks by a copy.
        if not _open_in_this_process(path):
            _header(path)
            location = Location(Path(folder, "metadata.db"))
            _copy(path, location.path)
            _refuse_strangers(location.path)
        library = Library(_config(location), str(path), upgrade=not location.read_only)
        connection = Connection(library, NoLock(), str(path), read_only=True)
        try:
            yield connection
        finally:
            connection.shut()


def _copy(path: Path, copy: Path) -> None:
    """Copy a database that others may be writing to."""
    import sqlite3

    with contextlib.ExitStack() as stack:
        target = stack.enter_context(contextlib.closing(sqlite3.connect(copy)))
        url = f"file:{quote(str(path))}?mode=ro"
        # In a folder that is not ours, a file without a log is read as one that nobody changes.
        if not _may(path.parent, os.W_OK) and not _beside(path, "-wal").exists():
            url += "&immutable=1"
        try:
            source = stack.enter_context(contextlib.closing(sqlite3.connect(url, uri=True)))
            source.backup(target)
        except sqlite3.Error as error:
            raise StoreError(
                f"the metadata store {path} cannot be read: {error}", hint="restore it from a copy"
            ) from error


def _refuse_strangers(path: Path) -> None:
    """Refuse databases of others: MLMD would put its tables into them."""
    with _database(path) as database:
        rows = database.execute("SELECT name FROM sqlite_master WHERE type = 'table'").fetchall()
        names = {name for (name,) in rows}
        if names and not {"Type", "Artifact", "Execution"} <= names:
            raise StoreError(
                f"{path} is the database of something else: it has a table {min(names)!r}",
                hint="name another file",
            )


def _prepare(path: Path) -> None:
    """Set the journal mode, and add the two indexes that MLMD lacks."""
    with _database(path) as database:
        if database.execute("PRAGMA user_version").fetchone() == (_PREPARED,):
            return
        # Write-ahead logs need shared memory, which a network does not have.
        mode = "DELETE" if on_network_disk(path) else "WAL"
        database.execute(f"PRAGMA journal_mode={mode}").fetchone()
        for statement in _INDEXES:
            database.execute(statement)
        database.execute(f"PRAGMA user_version={_PREPARED}")


def _header(path: Path) -> bytes:
    try:
        with path.open("rb") as file:
            head = file.read(100)
    except OSError as error:
        raise StoreError(
            f"the metadata store {path} cannot be read: {error.strerror}", hint="check the path"
        ) from error
    if not head.startswith(_MAGIC):
        raise StoreError(
            f"{path} is not a SQLite database", hint="name another file, or move this one away"
        )
    return head


def _config(location: Location) -> pb.ConnectionConfig:
    config = pb.ConnectionConfig()
    config.sqlite.filename_uri = str(location.path)
    modes = pb.SqliteMetadataSourceConfig
    config.sqlite.connection_mode = (
        modes.READONLY if location.read_only else modes.READWRITE_OPENCREATE
    )
    return config


def _beside(path: Path, suffix: str) -> Path:
    return path.with_name(path.name + suffix)


def _identity(path: Path) -> tuple[int, int]:
    try:
        status = path.stat()
    except OSError:
        return (0, 0)
    return (status.st_dev, status.st_ino)


def _open_in_this_process(path: Path) -> bool:
    """Return True if other code in this process, such as TFX, has the file open."""
    wanted = _identity(path)
    for file in Path("/dev/fd").iterdir():
        try:
            status = os.fstat(int(file.name))
        except OSError:
            continue
        if (status.st_dev, status.st_ino) == wanted:
            return True
    return False


def on_network_disk(path: Path, mounts: str | None = None) -> bool:
    """Return True if a file is on a network file system.

    Args:
        mounts: a list of mounts as in `/proc/self/mounts`, which is read by default.
    """
    if mounts is None:
        try:
            mounts = Path("/proc/self/mounts").read_text()
        except OSError:
            return False
    longest, kind = "", ""
    for line in mounts.splitlines():
        _, _, rest = line.partition(" ")
        point, _, rest = rest.partition(" ")
        point = point.replace("\\040", " ")
        if Path(point) in (path, *path.parents) and len(point) >= len(longest):
            longest, kind = point, rest.partition(" ")[0]
    return kind.startswith(_NETWORK_DISKS)
