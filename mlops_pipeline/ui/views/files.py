"""Files of artifacts and logs: listed and read only below the folders that a reader has.

A record names any path, and a component may have left any link in its output. Nothing is opened
whose real path is not below a known folder, and nothing that is no plain file.
"""

from __future__ import annotations

import os
import stat
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import BinaryIO
from urllib.parse import unquote, urlsplit

from mlops_pipeline.errors import NotFoundError
from mlops_pipeline.store import ArtifactRecord
from mlops_pipeline.ui.views.reader import Reader

MOST_FILES = 500
"""Files of an artifact that a page lists."""

MOST_LOOKED_AT = 5_000
"""Entries of folders that are looked at for it."""

SHOWN = 65_536
"""Bytes of a text that a page shows."""


@dataclass(frozen=True)
class FileRow:
    """A file of an artifact.

    Args:
        path: below the artifact; empty if the artifact is one file.
        bytes: its size; None if it cannot be read.
    """

    path: str
    bytes: int | None


@dataclass(frozen=True)
class FileList:
    """The files of an artifact.

    Args:
        note: why there are none, or not all.
    """

    files: tuple[FileRow, ...]
    note: str = ""


@dataclass(frozen=True)
class LogTail:
    """The end of what a node has printed.

    Args:
        note: why there is none, or not all.
    """

    path: str
    text: str
    note: str = ""


def list_files(reader: Reader, record: ArtifactRecord) -> FileList:
    """Return the files of an artifact, by path."""
    try:
        top = _real_path(reader, record.uri)
    except NotFoundError as error:
        return FileList((), f"{error.message}: {error.hint}" if error.hint else error.message)
    if not top.is_dir():
        return FileList((FileRow("", _size(top)),))
    found: list[FileRow] = []
    for looked_at, entry in enumerate(_walk(top)):
        if len(found) == MOST_FILES or looked_at == MOST_LOOKED_AT:
            return FileList(tuple(found), f"only the first {len(found)} files are listed")
        if not entry.is_dir(follow_symlinks=False):
            found.append(FileRow(str(Path(entry.path).relative_to(top)), _size(Path(entry.path))))
    return FileList(tuple(found), "" if found else "the folder is empty")


def open_file(reader: Reader, record: ArtifactRecord, path: str) -> tuple[BinaryIO, int]:
    """Open a file of an artifact; returns its size with it.

    Args:
        path: below the artifact; empty if the artifact is one file.

    Raises:
        NotFoundError: it is not there, no plain file, or not below a known folder.
    """
    top = _real_path(reader, record.uri)
    real = top if "\0" in path else Path(os.path.realpath(top / path))
    if not real.is_relative_to(top) or "\0" in path:
        raise NotFoundError(
            f"{path[:200]!r} leads out of artifact {record.id}", hint="take a file of its list"
        )
    return _open(real)


def read_file(reader: Reader, record: ArtifactRecord, path: str, most: int) -> tuple[bytes, int]:
    """Return the first bytes of a file of an artifact, and the size of the file.

    Args:
        path: as for `open_file`, which says what it raises.
        most: number of bytes.
    """
    file, size = open_file(reader, record, path)
    with file:
        return file.read(most), size


def read_log(reader: Reader, path: str) -> LogTail | None:
    """Return the end of a log; None where a record names none."""
    if not path:
        return None
    try:
        real = _real_path(reader, path)
        file, size = _open(real)
        with file:
            file.seek(max(0, size - SHOWN))
            data = file.read(SHOWN)
    except (NotFoundError, OSError) as error:
        said = error.message if isinstance(error, NotFoundError) else "it cannot be read"
        return LogTail(path, "", said)
    note = f"the last {SHOWN:,} of {size:,} bytes" if size > SHOWN else ""
    return LogTail(path, data.decode(errors="replace"), note)


def local_path(uri: str) -> Path:
    """Return the path of what is kept on this machine.

    Raises:
        NotFoundError: it is kept elsewhere, or the record names no path.
    """
    try:
        parts = urlsplit(uri) if "://" in uri else None
    except ValueError:
        raise NotFoundError("the record names no path") from None
    if parts is not None and parts.scheme != "file":
        raise NotFoundError(
            "the files are not on this machine", hint="pages only show what is in local folders"
        )
    path = unquote(parts.path) if parts else uri
    if "\0" in path or not path:
        raise NotFoundError("the record names no path")
    return Path(path)


def _real_path(reader: Reader, uri: str) -> Path:
    """Return the real path of what a record names.

    Raises:
        NotFoundError: it is elsewhere, not below a known folder, or gone.
    """
    path = local_path(uri)
    try:
        real = Path(os.path.realpath(path))
        known = [Path(os.path.realpath(root)) for root in reader.roots if "://" not in root]
        if not any(real.is_relative_to(root) for root in known):
            raise NotFoundError(
                "it is outside the folders that pages may read",
                hint="start `mlops ui` with --files and its folder, if you trust the record",
            )
        if not real.exists():
            raise NotFoundError("the files are gone")
    except (OSError, ValueError):
        raise NotFoundError("the files cannot be reached") from None
    return real


def _walk(top: Path) -> Iterator[os.DirEntry[str]]:
    """Yield the entries below a folder, links not followed."""
    folders = [str(top)]
    while folders:
        try:
            with os.scandir(folders.pop()) as entries:
                found = sorted(entries, key=lambda entry: entry.name)
        except OSError:
            continue
        yield from found
        folders += [e.path for e in reversed(found) if e.is_dir(follow_symlinks=False)]


def _size(path: Path) -> int | None:
    try:
        return path.lstat().st_size
    except OSError:
        return None


def _open(real: Path) -> tuple[BinaryIO, int]:
    try:
        # Not waiting: a named pipe would do so for ever.
        handle = os.open(real, os.O_RDONLY | os.O_NONBLOCK | os.O_NOFOLLOW | os.O_CLOEXEC)
    except OSError as error:
        raise NotFoundError(f"{real.name[:200]!r} cannot be read: {error.strerror}") from None
    facts = os.fstat(handle)
    if not stat.S_ISREG(facts.st_mode):
        os.close(handle)
        raise NotFoundError(f"{real.name[:200]!r} is no file to read")
    return os.fdopen(handle, "rb"), facts.st_size
