"""TFRecord files by the letter of their format, bit by bit, for tests of what reads them."""

from __future__ import annotations

import gzip
import struct
from collections.abc import Iterable
from pathlib import Path


def _table() -> list[int]:
    table = []
    for number in range(256):
        for _ in range(8):
            number = (number >> 1) ^ (0x82F63B78 if number & 1 else 0)
        table.append(number)
    return table


_TABLE = _table()


def _masked(data: bytes) -> bytes:
    value = 0xFFFFFFFF
    for byte in data:
        value = _TABLE[(value ^ byte) & 0xFF] ^ (value >> 8)
    value ^= 0xFFFFFFFF
    rotated = ((value >> 15) | (value << 17)) & 0xFFFFFFFF
    return struct.pack("<I", (rotated + 0xA282EAD8) & 0xFFFFFFFF)


def framed(records: Iterable[bytes]) -> bytes:
    """The content of a file."""
    parts = []
    for record in records:
        length = struct.pack("<Q", len(record))
        parts += [length, _masked(length), record, _masked(record)]
    return b"".join(parts)


def write_file(path: Path, records: Iterable[bytes]) -> None:
    """Write a file, compressed if its name says so."""
    data = framed(records)
    path.write_bytes(gzip.compress(data, mtime=0) if path.suffix == ".gz" else data)


def records_of(data: bytes) -> list[bytes]:
    """The records of a file's content, compressed or not; those of small files are checked."""
    data = gzip.decompress(data) if data.startswith(b"\x1f\x8b") else data
    records, at = [], 0
    while at < len(data):
        (size,) = struct.unpack_from("<Q", data, at)
        records.append(data[at + 12 : at + 12 + size])
        at += size + 16
    assert len(data) > 1 << 20 or framed(records) == data
    return records
