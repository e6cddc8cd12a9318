"""Statistics of features as bytes, written without the library that pages do without, too."""

from __future__ import annotations

import struct
from collections.abc import Iterable, Mapping


def _varint(value: int) -> bytes:
    out = b""
    while value > 127:
        out += bytes([value & 127 | 128])
        value >>= 7
    return out + bytes([value])


def _message(number: int, data: bytes) -> bytes:
    return _varint(number << 3 | 2) + _varint(len(data)) + data


def _whole(number: int, value: int) -> bytes:
    return _varint(number << 3) + _varint(value)


def _double(number: int, value: float) -> bytes:
    return _varint(number << 3 | 1) + struct.pack("<d", value)


def _common(present: int, missing: int) -> bytes:
    return _message(1, _whole(1, present) + _whole(2, missing))


def text_feature(name: str, counts: Mapping[str, float], missing: int = 0) -> bytes:
    """Return a feature of texts, by its values."""
    buckets = b"".join(
        _message(1, _message(4, value.encode()) + _double(5, count))
        for value, count in counts.items()
    )
    present = round(sum(counts.values()))
    stats = _common(present, missing) + _whole(2, len(counts)) + _message(5, buckets)
    return _message(8, _message(1, name.encode())) + _whole(2, 2) + _message(4, stats)


def number_feature(
    name: str, buckets: Iterable[tuple[float, float, float]], missing: int = 0, kind: int = 1
) -> bytes:
    """Return a feature of numbers, by its ranges."""
    buckets = list(buckets)
    histogram = b"".join(
        _message(3, _double(1, low) + _double(2, high) + _double(4, count))
        for low, high, count in buckets
    )
    quantiles = _message(8, _message(3, _double(1, 7.0)) + _whole(4, 1))
    present = round(sum(count for *_, count in buckets)) if buckets else 0
    stats = _common(present, missing) + _double(2, 1.5) + quantiles + _message(8, histogram)
    return _message(8, _message(1, name.encode())) + _whole(2, kind) + _message(3, stats)


def statistics_bytes(rows: int, features: Iterable[bytes], name: str = "All Examples") -> bytes:
    """Return a file of statistics."""
    parts = b"".join(_message(3, feature) for feature in features)
    return _message(1, _message(1, name.encode()) + _whole(2, rows) + parts)
