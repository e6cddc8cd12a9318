"""Statistics of features read from their bytes: only the fields that are needed of each message.

The format is that of Protocol Buffers (protobuf.dev/programming-guides/encoding), with the field
numbers of `tensorflow_metadata/proto/v0/statistics.proto`. Pages need neither of these packages.
"""

from __future__ import annotations

import struct
from collections.abc import Iterator
from typing import Any

from mlops_pipeline.errors import StoreError
from mlops_pipeline.inspection.feature_statistics import (
    ALL_EXAMPLES,
    TOP,
    Described,
    Feature,
    Ranges,
)

_TYPES = ("INT", "FLOAT", "STRING", "BYTES", "STRUCT")
_STANDARD = 0
_NUMERIC, _STRING, _BYTES, _STRUCT = 3, 4, 5, 7

Part = tuple[int, int]
"""Where a message begins and ends."""


def parse_statistics(data: bytes) -> Described:
    """Return the statistics of all examples that a file holds.

    Raises:
        StoreError: it holds something else.
    """
    try:
        datasets = [_part(v) for number, v in _fields(data, (0, len(data))) if number == 1]
        if not datasets:
            return Described(0, {})
        named = {_text(data, _last(data, each, 1)): each for each in reversed(datasets)}
        return _dataset(data, named.get(ALL_EXAMPLES, datasets[0]))
    except (IndexError, struct.error, TypeError, ValueError) as error:
        raise StoreError(f"the file holds no statistics: {error}") from None


def _dataset(data: bytes, part: Part) -> Described:
    rows, parts = 0, []
    for number, value in _fields(data, part):
        if number == 2:
            rows = _whole(value)
        elif number == 3:
            parts.append(_part(value))
    found = Described(rows, {}, {}, {})
    features, texts, numbers = dict(found.features), dict(found.texts), dict(found.numbers)
    for each in parts:
        feature, counts, ranges = _feature(data, each, rows)
        features[feature.name] = feature
        if counts is not None:
            texts[feature.name] = counts
        if ranges is not None:
            numbers[feature.name] = ranges
    return Described(rows, features, texts, numbers)


def _feature(
    data: bytes, part: Part, rows: int
) -> tuple[Feature, dict[str, float] | None, Ranges | None]:
    name, kind, shape, inner = "", 0, 0, None
    for number, value in _fields(data, part):
        if number == 1:
            name = _text(data, value)
        elif number == 2:
            kind = _whole(value)
        elif number == 8:
            steps = [_text(data, v) for n, v in _fields(data, _part(value)) if n == 1]
            name = ".".join(steps) or name
        elif number in (_NUMERIC, _STRING, _BYTES, _STRUCT):
            shape, inner = number, _part(value)
    title = _TYPES[kind] if 0 <= kind < len(_TYPES) else str(kind)
    if inner is None:
        return Feature(name, title, 0, rows), None, None
    present, missing = _common(data, inner)
    if shape == _NUMERIC:
        return _numeric(data, inner, Feature(name, title, present, missing))
    if shape == _STRING:
        return _string(data, inner, Feature(name, title, present, missing))
    return Feature(name, title, present, missing), None, None


def _common(data: bytes, part: Part) -> tuple[int, int]:
    """Return how many examples have a value, and how many have none."""
    common = _last(data, part, 1)
    counts = dict(_fields(data, _part(common))) if common is not None else {}
    return _whole(counts.get(1, 0)), _whole(counts.get(2, 0))


def _numeric(data: bytes, part: Part, base: Feature) -> tuple[Feature, None, Ranges]:
    values: dict[int, float] = {}
    ranges: tuple[tuple[float, float, float], ...] = ()
    found = False
    for number, value in _fields(data, part):
        if number in (2, 3, 5, 7):
            values[number] = _double(value)
        elif number == 8 and not found:
            histogram = list(_fields(data, _part(value)))
            if all(n != 4 or v == _STANDARD for n, v in histogram):
                found, ranges = True, tuple(_bucket(data, v) for n, v in histogram if n == 3)
    known = base.rows > 0
    mean, std, low, high = (values.get(n, 0.0) if known else None for n in (2, 3, 5, 7))
    feature = Feature(
        base.name, base.type, base.rows, base.missing, mean=mean, std=std, low=low, high=high
    )
    return feature, None, Ranges(ranges)


def _bucket(data: bytes, value: Any) -> tuple[float, float, float]:
    found = dict(_fields(data, _part(value)))
    low, high, count = (_double(found.get(number, 0.0)) for number in (1, 2, 4))
    return low, high, count


def _string(data: bytes, part: Part, base: Feature) -> tuple[Feature, dict[str, float], None]:
    unique, counts = 0, dict[str, float]()
    top: list[tuple[str, float]] = []
    for number, value in _fields(data, part):
        if number == 2:
            unique = _whole(value)
        elif number == 3 and len(top) < TOP:
            found = dict(_fields(data, _part(value)))
            top.append((_text(data, found.get(2)), _double(found.get(3, 0.0))))
        elif number == 5:
            for inner, bucket in _fields(data, _part(value)):
                if inner == 1:
                    found = dict(_fields(data, _part(bucket)))
                    counts[_text(data, found.get(4))] = _double(found.get(5, 0.0))
    feature = Feature(base.name, base.type, base.rows, base.missing, unique=unique, top=tuple(top))
    return feature, counts, None


def _fields(data: bytes, part: Part) -> Iterator[tuple[int, Any]]:
    """Yield the fields of a message: its number, and a number or where its bytes are."""
    at, end = part
    while at < end:
        key, at = _varint(data, at)
        kind = key & 7
        value: Any
        if kind == 0:
            value, at = _varint(data, at)
        elif kind == 2:
            size, at = _varint(data, at)
            value, at = (at, at + size), at + size
        elif kind == 1:
            value, at = struct.unpack_from("<d", data, at)[0], at + 8
        elif kind == 5:
            value, at = struct.unpack_from("<f", data, at)[0], at + 4
        else:
            raise ValueError(f"a field of the kind {kind}")
        if at > end:
            raise ValueError("it was cut")
        yield key >> 3, value


def _varint(data: bytes, at: int) -> tuple[int, int]:
    byte = data[at]
    if byte < 128:
        return byte, at + 1
    value, shift = byte & 127, 7
    while True:
        at += 1
        byte = data[at]
        value |= (byte & 127) << shift
        if byte < 128:
            return value, at + 1
        shift += 7
        if shift > 63:
            raise ValueError("a number that is too long")


def _last(data: bytes, part: Part, wanted: int) -> Any:
    found = None
    for number, value in _fields(data, part):
        if number == wanted:
            found = value
    return found


def _part(value: Any) -> Part:
    if not isinstance(value, tuple):
        raise TypeError("a number where a message should be")
    return value


def _text(data: bytes, value: Any) -> str:
    if value is None:
        return ""
    begin, end = _part(value)
    return data[begin:end].decode(errors="replace")


def _whole(value: Any) -> int:
    if not isinstance(value, int):
        raise TypeError("no whole number where one should be")
    return value


def _double(value: Any) -> float:
    if isinstance(value, tuple):
        raise TypeError("a message where a number should be")
    return float(value)
