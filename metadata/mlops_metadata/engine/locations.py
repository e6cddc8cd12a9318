"""Where a store's SQLite file is, and whether it can be used there."""

from __future__ import annotations

import logging
import os
from pathlib import Path
from urllib.parse import parse_qsl, unquote

from msgspec import Struct

from mlops_pipeline.errors import StoreError, did_you_mean
from mlops_pipeline.uris import with_home

log = logging.getLogger(__name__)

_MAGIC = b"SQLite format 3\0"
_NETWORK_DISKS = (
    "9p", "afs", "beegfs", "ceph", "cifs", "glusterfs", "gpfs", "lustre", "nfs", "smb", "fuse.",
)  # fmt: skip
_LEFT = ".left"
"""After the name of what belonged to a database that is gone."""

_DATABASES = (".db", ".db3", ".mlmd", ".sqlite", ".sqlite3", ".sqlitedb")
"""Endings of files that are databases; an empty file with another is somebody else's."""


class Location(Struct, frozen=True):
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
    if not rest or "\0" in unquote(rest):
        raise StoreError(f"{url} names no file", hint="write sqlite:///path/to/metadata.db")
    options = dict(parse_qsl(query))
    for name, value in options.items():
        if name != "mode":
            raise StoreError(f"{url}: unknown option {name!r}", hint=did_you_mean(name, ["mode"]))
        if value not in ("ro", "rw"):
            raise StoreError(f"{url}: mode is {value!r}", hint="mode is ro or rw")
    path = with_home(unquote(rest))
    return Location(Path(os.path.realpath(path)), options.get("mode") == "ro")


def check_path(location: Location) -> None:
    """Refuse a path that cannot hold a store, or must not.

    Raises:
        StoreError: the message says why.
    """
    try:
        problem, hint = _problem(location)
    except OSError as error:
        problem, hint = f"cannot be read: {error.strerror}", "check the path and its folders"
    if problem:
        raise StoreError(f"the metadata store {location.path} {problem}", hint=hint)


def _problem(location: Location) -> tuple[str, str]:
    """Return why a path cannot hold a store, and what to do; empty texts if it can."""
    path = location.path
    problem = hint = ""
    if path.is_dir():
        problem, hint = "is a folder", "name a file in it"
    elif path.exists() and not path.is_file():
        problem, hint = "is a device, a pipe or a socket", "name a file"
    elif location.read_only and not path.exists():
        problem, hint = "does not exist", "check the path, or run a pipeline first"
    elif not path.parent.is_dir():
        problem = f"cannot be made: there is no folder {path.parent}"
        hint = "make the folder; an absolute path has four slashes, sqlite:////absolute.db"
    elif path.exists() and not may(path, os.R_OK):
        problem, hint = "cannot be read: permission denied", "ask its owner for access"
    elif not location.read_only and path.exists() and not may(path, os.W_OK):
        problem, hint = "cannot be written to: permission denied", "open it with ?mode=ro"
    elif not location.read_only and not may(path.parent, os.W_OK):
        problem = "cannot be written to: its folder is read-only"
        hint = "choose another path, or open it with ?mode=ro"
    elif path.exists() and is_empty(path) and path.suffix.lower() not in _DATABASES:
        problem = "is an empty file that is not named like a database"
        hint = "remove it if nothing else needs it, or name another file, such as metadata.db"
    return problem, hint


def may(path: Path, what: int) -> bool:
    """Return True if this process may do this with a file or folder."""
    return os.access(path, what, effective_ids=os.access in os.supports_effective_ids)


def is_empty(path: Path) -> bool:
    """Return True if a file has no bytes."""
    return path.stat().st_size == 0


def check_header(path: Path) -> None:
    """Refuse a file that is no SQLite database.

    Raises:
        StoreError: it is not one, or cannot be read.
    """
    # To close a file drops all locks of this process on it, those of a connection as well.
    if is_open_here(path):
        return
    try:
        with path.open("rb") as file:
            head = file.read(len(_MAGIC))
    except OSError as error:
        raise StoreError(
            f"the metadata store {path} cannot be read: {error.strerror}", hint="check the path"
        ) from error
    if head != _MAGIC:
        raise StoreError(
            f"{path} is not a SQLite database", hint="name another file, or move this one away"
        )


def beside(path: Path, suffix: str) -> Path:
    """Return the file beside a database that has this after its name."""
    return path.with_name(path.name + suffix)


def put_aside(path: Path) -> None:
    """Rename the logs that a database left here which is gone: they would spoil a new one."""
    # It holds nothing that the log does not.
    beside(path, "-shm").unlink(missing_ok=True)
    for suffix in ("-wal", "-journal"):
        left = beside(path, suffix)
        if left.exists():
            new = left.with_name(left.name + _LEFT)
            left.replace(new)
            log.warning(
                "%s is left of a database that is gone, and is called %s now", left, new.name
            )


def identity(path: Path) -> tuple[int, int]:
    """Return what tells a file from others; zeros where there is none."""
    try:
        status = path.stat()
    except OSError:
        return (0, 0)
    return (status.st_dev, status.st_ino)


def is_open_here(path: Path) -> bool:
    """Return True if this process has the file open."""
    wanted = identity(path)
    if wanted == (0, 0):
        return False
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
