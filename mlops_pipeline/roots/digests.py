"""Digests of files and folders by what they hold.

The digest of a file is the plain SHA-256 of its bytes, as `sha256sum` prints it. That of a folder
covers the relative name and the digest of each file in it, in an order that does not depend on
the file system. Modes, owners and times do not count. Neither do empty folders, which object
stores cannot keep, nor `JUNK`, which tools leave behind in folders that they only read.
"""

# Paths are plain strings below the surface: a `Path` for each file of a tree takes longer than
# asking for its status.
# ruff: noqa: PTH114, PTH115, PTH116, PTH118, PTH123

from __future__ import annotations

import hashlib
import os
import stat
import time
from collections.abc import Iterable, Iterator
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

from msgspec import Struct

from mlops_pipeline.errors import NotFoundError
from mlops_pipeline.roots.digest_cache import StatCache
from mlops_pipeline.roots.file_stamps import Stamp, is_settled, stamp_of

__all__ = ["JUNK", "StatCache", "digest_path", "digest_rows", "fsync_tree", "walk"]

EMPTY = ".mlops-empty"
"""The one object of a folder without files: an object store cannot keep it otherwise."""

JUNK = frozenset({"__pycache__", ".DS_Store", EMPTY})

_CHUNK = 1 << 20
# Reading a small file costs no more than asking the stat cache for it, and cannot be wrong.
_SMALL = 16 * 1024
# More files than this are synchronised with their whole file system, which takes one wait for all.
_MANY = 200
# Below this much to read, threads cost more than they save.
_PARALLEL = 32 << 20


class Entry(Struct, frozen=True):
    """A file of a tree: its name in the tree, where it is, and its status.

    `loop` is set for a link to a folder around it: the name of that folder in the tree. The name of
    a folder ends in a slash.
    """

    name: bytes
    path: str
    status: os.stat_result
    loop: bytes | None = None


def digest_path(
    path: Path | str, cache: StatCache | None = None, *, empty_folders: bool = False
) -> str:
    """Return the SHA-256 of a file or a folder, in hexadecimal.

    Args:
        path: as text, which takes half the time, it is absolute.
        cache: knows the digests of files that have not changed since it saw them.
        empty_folders: whether folders without files count.

    Raises:
        NotFoundError: there is nothing at the path, or nothing that can be read.
    """
    place = path if isinstance(path, str) else str(path.absolute())
    try:
        status = os.stat(place)
        if stat.S_ISREG(status.st_mode):
            return digest_file(place, status, cache)
        if not stat.S_ISDIR(status.st_mode):
            raise NotFoundError(f"{path} is neither a file nor a folder", hint="check the path")
        return _digest_tree(place, status, cache, empty_folders)
    except FileNotFoundError as error:
        raise _missing(path, str(error.filename)) from None
    except OSError as error:
        raise NotFoundError(
            f"cannot read {error.filename or path}: {error.strerror}", hint="check its permissions"
        ) from None


def _missing(path: Path | str, found_missing: str) -> NotFoundError:
    if os.path.islink(found_missing):
        return NotFoundError(
            f"{found_missing} is a link to {os.readlink(found_missing)}, which does not exist",
            hint="restore what it points to, or remove the link",
        )
    return NotFoundError(f"{path} does not exist", hint="check the path")


def digest_file(place: str, status: os.stat_result, cache: StatCache | None = None) -> str:
    """Return the SHA-256 of a file of which the status is known."""
    if status.st_size < _SMALL:
        with open(place, "rb", buffering=0) as file:
            return hashlib.sha256(file.read()).hexdigest()
    if cache is None:
        return _read(place)[0]
    stamp = stamp_of(status)
    known = cache.get(place, stamp.text)
    if known:
        return known
    started = time.time_ns()
    digest, seen = _read(place)
    if seen is not None and is_settled(seen, started):
        cache.put(place, seen.text, digest)
    return digest


def _read(place: str) -> tuple[str, Stamp | None]:
    """Return the digest of a file, and its stamp unless the file changed meanwhile."""
    digest = hashlib.sha256()
    with open(place, "rb", buffering=0) as file:
        before = stamp_of(os.fstat(file.fileno()))
        while block := file.read(_CHUNK):
            digest.update(block)
        after = stamp_of(os.fstat(file.fileno()))
    return digest.hexdigest(), after if before == after else None


def _digest_tree(
    place: str, status: os.stat_result, cache: StatCache | None, empty_folders: bool
) -> str:
    above = {(status.st_dev, status.st_ino): b""}
    entries = sorted(walk(place, b"", above, empty_folders), key=lambda entry: entry.name)
    empty = [entry for entry in entries if entry.name.endswith(b"/")]
    files = [entry for entry in entries if entry.loop is None and not entry.name.endswith(b"/")]
    work = sum(entry.status.st_size for entry in files)
    workers = min(len(files), os.cpu_count() or 1, 8) if work >= _PARALLEL else 1
    if workers > 1:
        with ThreadPoolExecutor(workers) as pool:
            digests = list(pool.map(lambda e: digest_file(e.path, e.status, cache), files))
    else:
        digests = [digest_file(entry.path, entry.status, cache) for entry in files]
    rows: list[tuple[bytes, ...]] = [
        (b"file", e.name, d.encode()) for e, d in zip(files, digests, strict=True)
    ]
    rows += [(b"loop", e.name, e.loop) for e in entries if e.loop is not None]
    rows += [(b"empty", e.name) for e in empty]
    return digest_rows(rows)


def digest_rows(rows: Iterable[tuple[bytes, ...]]) -> str:
    """Return the SHA-256 of a table; each field includes its length, so that fields stay apart."""
    digest = hashlib.sha256(b"folder\n")
    for row in sorted(rows):
        for field in row:
            digest.update(b"%d:" % len(field) + field)
    return digest.hexdigest()


def walk(
    folder: str, prefix: bytes, above: dict[tuple[int, int], bytes], empty_folders: bool = False
) -> Iterator[Entry]:
    """Yield the files below a folder, and folders without any if that is asked for.

    Args:
        prefix: goes before the names.
        above: the folders around it, by identity.
    """
    with os.scandir(folder) as items:
        for item in items:
            if item.name in JUNK:
                continue
            name = prefix + os.fsencode(item.name)
            status = item.stat()
            if stat.S_ISREG(status.st_mode):
                yield Entry(name, item.path, status)
            elif not stat.S_ISDIR(status.st_mode):
                raise NotFoundError(
                    f"{item.path} is neither a file nor a folder",
                    hint="remove it: sockets, pipes and devices have no content to digest",
                )
            elif (identity := (status.st_dev, status.st_ino)) in above:
                yield Entry(name, item.path, status, loop=above[identity])
            else:
                around = {**above, identity: name}
                inside = walk(item.path, name + b"/", around, empty_folders)
                first = next(inside, None)
                if first is not None:
                    yield first
                    yield from inside
                elif empty_folders:
                    yield Entry(name + b"/", item.path, status)


def fsync_tree(path: Path) -> None:
    """Bring a file or a folder with all that is in it to the disk; not its own name."""
    if not path.is_dir() or path.is_symlink():
        fsync(str(path))
        return
    places: list[str] = []
    for folder, _, files in os.walk(path, topdown=False):
        places += [*(os.path.join(folder, name) for name in files), folder]
    if len(places) > _MANY and _sync_file_system(path):
        return
    for place in places:
        fsync(place)


def _sync_file_system(folder: Path) -> bool:
    """Bring all of a file system to the disk at once: see syncfs(2); False where that fails."""
    # Few outputs have so many files.
    import ctypes

    sync = getattr(ctypes.CDLL(None, use_errno=True), "syncfs", None)
    if sync is None:
        return False
    handle = os.open(folder, os.O_RDONLY)
    try:
        return bool(sync(handle) == 0)
    finally:
        os.close(handle)


def fsync(place: str) -> None:
    """Bring the content of a file, or the names of what is in a folder, to the disk."""
    if os.path.islink(place):
        return
    handle = os.open(place, os.O_RDONLY)
    try:
        os.fsync(handle)
    finally:
        os.close(handle)
