"""TFRecord files: writing them compressed on all cores, and reading them with every check.

A record is its length, a checksum of that, the data, and a checksum of the data. No TensorFlow is
needed for it, which takes longer to import than most data takes to write.
"""

from __future__ import annotations

import itertools
import os
import struct
import zlib
from collections import deque
from collections.abc import Iterable, Iterator, Sequence
from concurrent.futures import Future, ThreadPoolExecutor
from functools import lru_cache
from pathlib import Path
from typing import BinaryIO

from mlops_pipeline.errors import ExecutorError

_BLOCK = 1 << 20
"""Bytes that are compressed by themselves; the same on every machine, for the same bytes."""

_LEVEL = 4
"""Half the time of zlib's default, and a file that is a few percent larger."""

_GZIP_MAGIC = b"\x1f\x8b\x08"
_GZIP_HEADER = _GZIP_MAGIC + bytes(6) + b"\xff"
_LAST_BLOCK = b"\x03\x00"
_READ = 1 << 20
_INFLATED = 8 << 20
LIST_BYTES = 8 << 20
"""Bytes of records that are in one list, where records are large."""

_MASK = 0xA282EAD8
_HEADER = 12
_FOOTER = 4


class RecordFile:
    """A compressed TFRecord file that is being written.

    Blocks are compressed by threads and put into one gzip stream, in order.
    """

    def __init__(self, path: Path, pool: ThreadPoolExecutor) -> None:
        self._file: BinaryIO = path.open("wb")
        self._pool = pool
        self._buffer = bytearray()
        self._total = 0
        self._checksum = 0
        self._pending: deque[Future[bytes]] = deque()
        self._file.write(_GZIP_HEADER)

    def write(self, records: Sequence[bytes]) -> None:
        """Add records."""
        self._buffer += framed(records)
        while len(self._buffer) >= _BLOCK:
            self._compress(bytes(self._buffer[:_BLOCK]))
            del self._buffer[:_BLOCK]

    def _compress(self, data: bytes) -> None:
        self._total += len(data)
        self._checksum = zlib.crc32(data, self._checksum)
        self._pending.append(self._pool.submit(_deflate, data))
        while len(self._pending) > 2 * (os.cpu_count() or 1):
            self._file.write(self._pending.popleft().result())

    def close(self) -> None:
        """Write what is left."""
        with self._file:
            if self._buffer:
                self._compress(bytes(self._buffer))
            for block in self._pending:
                self._file.write(block.result())
            self._file.write(_LAST_BLOCK)
            self._file.write(struct.pack("<II", self._checksum, self._total & 0xFFFFFFFF))


def _deflate(data: bytes) -> bytes:
    compressor = zlib.compressobj(_LEVEL, zlib.DEFLATED, -zlib.MAX_WBITS)
    return compressor.compress(data) + compressor.flush(zlib.Z_SYNC_FLUSH)


def framed(records: Sequence[bytes]) -> bytes:
    """Return records as they are in a file."""
    import numpy as np
    from google_crc32c import value

    checksums = np.fromiter(map(value, records), np.uint32, len(records))
    rotated = (checksums >> np.uint32(15)) | (checksums << np.uint32(17))
    ends = (rotated + np.uint32(_MASK)).astype("<u4").tobytes()
    starts = map(_length, map(len, records))
    footers = (ends[at : at + _FOOTER] for at in range(0, len(ends), _FOOTER))
    return b"".join(itertools.chain.from_iterable(zip(starts, records, footers, strict=True)))


@lru_cache(maxsize=4096)
def _length(size: int) -> bytes:
    from google_crc32c import value

    data = struct.pack("<Q", size)
    return data + _masked(value(data))


def _masked(checksum: int) -> bytes:
    rotated = ((checksum >> 15) | (checksum << 17)) + _MASK
    return struct.pack("<I", rotated & 0xFFFFFFFF)


def read_lists(paths: Iterable[Path], rows: int) -> Iterator[list[bytes]]:
    """Yield all records of TFRecord files, compressed or not, in lists of at most `rows`.

    A list is shorter where the records are large: it ends with the one that makes it 8 MiB.
    """
    return in_lists(itertools.chain.from_iterable(map(read_records, paths)), rows)


def in_lists(records: Iterable[bytes], rows: int) -> Iterator[list[bytes]]:
    """Yield records in lists of at most `rows`, shorter where the records are large."""
    found: list[bytes] = []
    size = 0
    for record in records:
        found.append(record)
        size += len(record)
        if len(found) == rows or size > LIST_BYTES:
            yield found
            found, size = [], 0
    if found:
        yield found


def read_records(path: Path) -> Iterator[bytes]:
    """Yield all records of a TFRecord file, compressed or not.

    Raises:
        ExecutorError: it is damaged, cut off, or no TFRecord file; says which record.
    """
    from google_crc32c import value

    data, at, number = b"", 0, 1
    chunks = _chunks(path)
    while True:
        if len(data) - at >= _HEADER:
            size = int.from_bytes(data[at : at + 8], "little")
            if data[at : at + _HEADER] != _length(size):
                raise _damaged(path, number, "its length does not fit its checksum")
            end = at + _HEADER + size
            if len(data) >= end + _FOOTER:
                record = data[at + _HEADER : end]
                if data[end : end + _FOOTER] != _masked(value(record)):
                    raise _damaged(path, number, "its data do not fit their checksum")
                yield record
                at, number = end + _FOOTER, number + 1
                continue
            wanted = end + _FOOTER - at
        else:
            wanted = _HEADER
        parts, have = [data[at:]], len(data) - at
        while have < wanted and (chunk := next(chunks, b"")):
            parts.append(chunk)
            have += len(chunk)
        data, at = b"".join(parts), 0
        if have < wanted:
            if have:
                raise _damaged(path, number, "the file ends within it")
            return


def _damaged(path: Path, number: int, reason: str) -> ExecutorError:
    if number == 1 and "length" in reason:
        return ExecutorError(
            f"{path} is not a readable TFRecord file: it does not begin with a record",
            hint="check what wrote it; its name must end in .gz if it is compressed",
            retryable=False,
        )
    return ExecutorError(
        f"{path} is not a readable TFRecord file: record {number}: {reason}",
        hint="write or copy the file again",
        retryable=False,
    )


def _chunks(path: Path) -> Iterator[bytes]:
    with path.open("rb") as file:
        start = file.read(_HEADER)
        file.seek(0)
        if _is_compressed(path, start):
            yield from _inflated(path, file)
        else:
            yield from iter(lambda: file.read(_READ), b"")


def _is_compressed(path: Path, start: bytes) -> bool:
    """Return True if a file is compressed, by its name or else its first bytes."""
    if path.suffix == ".gz":
        return bool(start)
    plain = len(start) == _HEADER and start == _length(int.from_bytes(start[:8], "little"))
    return start.startswith(_GZIP_MAGIC) and not plain


def _inflated(path: Path, file: BinaryIO) -> Iterator[bytes]:
    stream = zlib.decompressobj(zlib.MAX_WBITS | 16)
    try:
        while chunk := file.read(_READ):
            while chunk:
                yield stream.decompress(chunk, _INFLATED)
                chunk = stream.unconsumed_tail
                if stream.eof:
                    # Files that were joined together are several streams.
                    chunk = stream.unused_data
                    stream = zlib.decompressobj(zlib.MAX_WBITS | 16) if chunk else stream
        if stream.eof:
            return
        reason = "the file is cut off"
    except zlib.error as error:
        reason = str(error)
    raise ExecutorError(
        f"{path} is not a readable TFRecord file: not a whole gzip file: {reason}",
        hint="write or copy the file again; only a compressed file may be called .gz",
        retryable=False,
    )
