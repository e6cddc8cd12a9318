"""Text files, compressed by gzip or not, and what is in them if it is no text."""

from __future__ import annotations

import gzip
import io
import zlib
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import BinaryIO, cast

from mlops_pipeline.errors import ExecutorError

_GZIP = b"\x1f\x8b"
_WIDE = (b"\xff\xfe", b"\xfe\xff")
_OTHERS = {
    b"PAR1": ("a Parquet file", "ParquetExampleGen"),
    b"Obj\x01": ("an Avro file", "AvroExampleGen"),
}


def is_compressed(path: Path) -> bool:
    """Return True for a gzip file, whatever its name."""
    with path.open("rb") as file:
        return file.read(2) == _GZIP


@contextmanager
def open_bytes(path: Path) -> Iterator[BinaryIO]:
    """Open a file, unpacked if it is compressed.

    Raises:
        ExecutorError: it is damaged, or of a kind that another component reads.
    """
    with path.open("rb") as file:
        kind, component = _OTHERS.get(file.read(4), ("", ""))
    if kind:
        raise ExecutorError(f"{path} is {kind}", hint=f"read it by {component}", retryable=False)
    with naming_damage(path):
        if is_compressed(path):
            with gzip.open(path, "rb") as unpacked:
                yield cast(BinaryIO, unpacked)
        else:
            with path.open("rb") as file:
                yield file


@contextmanager
def naming_damage(path: Path) -> Iterator[None]:
    """Name a compressed file that cannot be unpacked to its end."""
    try:
        yield
    except (EOFError, zlib.error, gzip.BadGzipFile) as error:
        raise ExecutorError(
            f"{path} is not a whole gzip file: {error}",
            hint="write or copy the file again",
            retryable=False,
        ) from None


@contextmanager
def open_text(path: Path, errors: str = "strict") -> Iterator[io.TextIOWrapper]:
    """Open a text file in UTF-8, with the ends of its lines as they are.

    Raises:
        ExecutorError: it is damaged, or not UTF-8.
    """
    with open_bytes(path) as file:
        try:
            yield io.TextIOWrapper(file, encoding="utf-8-sig", errors=errors, newline="")
        except UnicodeDecodeError as error:
            raise not_utf8(path, str(error)) from None


def not_utf8(path: Path, reason: str) -> ExecutorError:
    """Return the error for a text file in another encoding."""
    with path.open("rb") as file:
        start = file.read(200)
    # Two bytes a character: one of them is zero, for most.
    is_wide = start.startswith(_WIDE) or b"\0" in start
    return ExecutorError(
        f"{path} is not UTF-8: {reason}",
        hint=f"convert it, as in `iconv -f {'utf-16' if is_wide else 'latin1'} -t utf-8`",
        retryable=False,
    )
