"""Functions of `tfx.dsl.io.fileio` and `tfx.utils.io_utils` for user modules, over fsspec.

The names and arguments are TFX's: modules that were written for them get these instead.
"""

from __future__ import annotations

import csv
import posixpath
from collections.abc import Iterator
from typing import IO, Any, NamedTuple, TypeVar

from fsspec import AbstractFileSystem
from fsspec.core import url_to_fs

Message = TypeVar("Message")

NotFoundError = FileNotFoundError


class FileStatistics(NamedTuple):
    """Size in bytes, and when the file was last written."""

    length: int
    mtime_nsec: int
    is_directory: bool


def _locate(path: Any) -> tuple[AbstractFileSystem, str]:
    text = path.decode() if isinstance(path, bytes) else str(path)
    found: tuple[AbstractFileSystem, str] = url_to_fs(text)
    return found


def _spelt(system: AbstractFileSystem, path: str) -> str:
    """Return a path of a file system as a module can give it to us again."""
    local = "file" in system.protocol
    return path if local else str(system.unstrip_protocol(path))


def open(path: Any, mode: str = "r") -> IO[Any]:
    """Open a file."""
    system, target = _locate(path)
    opened: IO[Any] = system.open(target, mode)
    return opened


def exists(path: Any) -> bool:
    """Return True if a path exists."""
    system, target = _locate(path)
    return bool(system.exists(target))


def isdir(path: Any) -> bool:
    """Return True if a path is a folder."""
    system, target = _locate(path)
    return bool(system.isdir(target))


def glob(pattern: Any) -> list[str]:
    """Return the paths that fit a pattern."""
    system, target = _locate(pattern)
    return [_spelt(system, found) for found in system.glob(target)]


def listdir(path: Any) -> list[str]:
    """Return the names in a folder."""
    system, target = _locate(path)
    return sorted(posixpath.basename(name.rstrip("/")) for name in system.ls(target, detail=False))


def walk(top: Any, topdown: bool = True) -> Iterator[tuple[str, list[str], list[str]]]:
    """Yield folders below a path, each with the names of its folders and of its files."""
    system, target = _locate(top)
    for folder, folders, files in system.walk(target, topdown=topdown):
        yield _spelt(system, folder), list(folders), list(files)


def makedirs(path: Any) -> None:
    """Make a folder, and those above it."""
    system, target = _locate(path)
    system.makedirs(target, exist_ok=True)


def mkdir(path: Any) -> None:
    """Make a folder in one that is there."""
    system, target = _locate(path)
    system.mkdir(target, create_parents=False)


def copy(src: Any, dst: Any, overwrite: bool = False) -> None:
    """Copy a file."""
    _refuse_existing(dst, overwrite)
    with open(src, "rb") as source, open(dst, "wb") as target:
        while block := source.read(1 << 20):
            target.write(block)


def rename(src: Any, dst: Any, overwrite: bool = False) -> None:
    """Move a file or a folder."""
    _refuse_existing(dst, overwrite)
    system, target = _locate(src)
    system.mv(target, _locate(dst)[1], recursive=system.isdir(target))


def _refuse_existing(path: Any, overwrite: bool) -> None:
    if not overwrite and exists(path):
        raise OSError(f"{path} exists already, and overwrite is not given")


def remove(path: Any) -> None:
    """Delete a file."""
    system, target = _locate(path)
    system.rm_file(target)


def rmtree(path: Any) -> None:
    """Delete a folder with all that is in it."""
    system, target = _locate(path)
    system.rm(target, recursive=True)


def stat(path: Any) -> FileStatistics:
    """Return size and time of a file."""
    system, target = _locate(path)
    info = system.info(target)
    seconds = info.get("mtime") or 0
    return FileStatistics(int(info["size"] or 0), int(seconds * 1e9), info["type"] == "directory")


# From here on: what `io_utils` has beside these.


def ensure_local(file_path: str) -> str:
    """Return a file on this machine: a local one, or a copy that is kept for reuse."""
    import fsspec

    if "file" in _locate(file_path)[0].protocol:
        return file_path
    return str(fsspec.open_local(f"filecache::{file_path}"))


def copy_file(src: str, dst: str, overwrite: bool = False) -> None:
    """Copy a file; the folder that it goes into is made."""
    makedirs(posixpath.dirname(str(dst)))
    copy(src, dst, overwrite)


def copy_dir(src: str, dst: str) -> None:
    """Copy a folder; what is at `dst` goes away."""
    if exists(dst):
        rmtree(dst)
    makedirs(dst)
    for folder, _, files in walk(src):
        inside = posixpath.relpath(_locate(folder)[1], _locate(src)[1])
        makedirs(posixpath.join(dst, inside))
        for name in files:
            copy(posixpath.join(folder, name), posixpath.join(dst, inside, name))


def delete_dir(path: str) -> None:
    """Delete a folder, if it is there."""
    if isdir(path):
        rmtree(path)


def get_only_uri_in_dir(dir_path: str) -> str:
    """Return the one file or folder in a folder."""
    names = [name for name in listdir(dir_path) if not name.startswith(".")]
    if len(names) != 1:
        raise RuntimeError(f"{dir_path} holds {len(names)} files instead of one")
    return posixpath.join(dir_path, names[0])


def all_files_pattern(file_pattern: str) -> str:
    """Return the pattern of all files in a folder."""
    return posixpath.join(file_pattern, "*")


def read_string_file(file_name: str) -> str:
    """Return the text of a file."""
    return read_bytes_file(file_name).decode()


def read_bytes_file(file_name: str) -> bytes:
    """Return the bytes of a file."""
    with open(file_name, "rb") as file:
        return bytes(file.read())


def write_string_file(file_name: str, string_value: str) -> None:
    """Write a text to a file; the folder that it goes into is made."""
    write_bytes_file(file_name, string_value.encode())


def write_bytes_file(file_name: str, content: bytes) -> None:
    """Write bytes to a file; the folder that it goes into is made."""
    makedirs(posixpath.dirname(str(file_name)))
    with open(file_name, "wb") as file:
        file.write(content)


def write_pbtxt_file(file_name: str, proto: Any) -> None:
    """Write a proto as text."""
    from google.protobuf import text_format

    write_string_file(file_name, text_format.MessageToString(proto))


def parse_pbtxt_file(file_name: str, message: Message) -> Message:
    """Read a proto from text into a message."""
    from google.protobuf import text_format

    return text_format.Parse(read_string_file(file_name), message)  # type: ignore[no-any-return]


def parse_json_file(file_name: str, message: Message) -> Message:
    """Read a proto from JSON into a message."""
    from google.protobuf import json_format

    return json_format.Parse(read_string_file(file_name), message)  # type: ignore[no-any-return]


def load_csv_column_names(csv_file: str) -> list[str]:
    """Return the first line of a CSV file."""
    with open(csv_file) as file:
        return next(csv.reader(file))


class SchemaReader:
    """Reads schemas."""

    def read(self, schema_path: str) -> Any:
        """Return the schema in a file."""
        from tensorflow_metadata.proto.v0 import schema_pb2

        return parse_pbtxt_file(schema_path, schema_pb2.Schema())
