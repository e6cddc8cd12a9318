"""Serialised tf.Example from Arrow columns, whole columns at a time.

The bytes are those of protobuf's deterministic form: features sorted by name. In a record every
feature is some tags and lengths, which depend on the length of its values only, and the values:
the first are looked up, the second copied.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc

from mlops_components.records.lost_digits import LostDigitsError

Kind = str
"""`int`, `float` or `bytes`: which list of a feature holds the values."""

_LISTS = {"bytes": b"\x0a", "float": b"\x12", "int": b"\x1a"}
_TYPES = {"bytes": pa.large_binary(), "float": pa.float32(), "int": pa.int64()}
_SHIFTS = np.arange(10, dtype=np.uint64) * np.uint64(7)
_PLACES = np.arange(10)

Prefix = Callable[[int], bytes]


@dataclass(frozen=True)
class Column:
    """A feature of every row of a batch.

    Args:
        values: of all rows, one after the other, without nulls.
        counts: how many of them each row has.
        typed: a row without values says what they would be, an empty list of this kind.
    """

    name: str
    kind: Kind
    values: Any
    counts: Any
    typed: bool = False

    def blanked(self, rows: Any) -> Column:
        """Return the same without the values of some rows, given as a mask."""
        keep = np.repeat(~rows, self.counts)
        values = self.values.filter(pa.array(keep))
        return Column(self.name, self.kind, values, np.where(rows, 0, self.counts), self.typed)

    def kept(self, rows: Any) -> Column:
        """Return the same of some rows only, given as a mask."""
        values = self.values.filter(pa.array(np.repeat(rows, self.counts)))
        return Column(self.name, self.kind, values, self.counts[rows], self.typed)


def column_of(name: str, kind: Kind, values: Any, *, rounded: bool = False) -> Column:
    """Return a column with one value a row, or none where the value is null.

    Args:
        rounded: whether floats may lose digits before the point.

    Raises:
        LostDigitsError: one does, and may not.
    """
    counts = np.asarray(pc.is_valid(values)).astype(np.int64)
    if rounded:
        return Column(name, kind, values.drop_null().cast(_TYPES[kind]), counts)
    return list_column_of(name, kind, counts, values.drop_null())


def list_column_of(name: str, kind: Kind, counts: Any, values: Any) -> Column:
    """Return a column with any number of values a row.

    Raises:
        LostDigitsError: a float loses digits before the point.
    """
    counts = np.asarray(counts).astype(np.int64)
    held = values.cast(_TYPES[kind])
    if kind == "float" and values.type != pa.float32():
        _check_digits(name, counts, np.asarray(values.cast(pa.float64())), np.asarray(held))
    return Column(name, kind, held, counts)


def _check_digits(name: str, counts: Any, values: Any, held: Any) -> None:
    with np.errstate(invalid="ignore"):
        lost = np.abs(held - values) >= 0.5
    # Beyond, no id and no time is a float; a float of 64 bits may be none of 32.
    size = np.abs(values)
    lost &= (size < 2.0**63) | np.isinf(held)
    lost &= np.isfinite(values)
    if lost.any():
        at = int(np.flatnonzero(lost)[0])
        row = int(np.searchsorted(np.cumsum(counts), at, side="right"))
        raise LostDigitsError(name, row, _shown(values[at]), _shown(held[at]))


def _shown(number: Any) -> str:
    value = float(number)
    return str(int(value)) if value.is_integer() and abs(value) < 2**63 else repr(value)


def encode(columns: Sequence[Column]) -> list[bytes]:
    """Return one serialised example a row."""
    parts: list[Any] = []
    for column in sorted(columns, key=lambda each: each.name.encode()):
        parts += _parts(column, _entry(column.name.encode()))
    features = pc.binary_join_element_wise(*parts, pa.scalar(b"", pa.large_binary()))
    starts = _looked_up(np.asarray(pc.binary_length(features)), lambda n: b"\x0a" + varint(n))
    joined = pc.binary_join_element_wise(starts, features, pa.scalar(b"", pa.large_binary()))
    return list(joined.to_pylist())


def encode_feature(column: Column) -> list[bytes]:
    """Return one serialised `Feature` a row."""
    parts = _parts(column, lambda feature, size: feature)
    joined = pc.binary_join_element_wise(*parts, pa.scalar(b"", pa.large_binary()))
    return list(joined.to_pylist())


def varint(number: int) -> bytes:
    """Return a length as protobuf writes it."""
    found = bytearray()
    while number > 0x7F:
        found.append(number & 0x7F | 0x80)
        number >>= 7
    found.append(number)
    return bytes(found)


def _entry(key: bytes) -> Callable[[bytes, int], bytes]:
    """Return a function that adds a feature's name and length in front of its bytes."""
    named = b"\x0a" + varint(len(key)) + key + b"\x12"

    def wrap(feature: bytes, size: int) -> bytes:
        start = named + varint(size)
        return b"\x0a" + varint(len(start) + size) + start + feature

    return wrap


def _parts(column: Column, wrap: Callable[[bytes, int], bytes]) -> tuple[Any, Any]:
    """Return tags and lengths of every row, and its values, each as an array of bytes."""
    tag = _LISTS[column.kind]
    # The one text of a row needs no more than a length before it, which is looked up as well.
    single = column.kind == "bytes" and column.counts.max(initial=0) <= 1
    packed = column.kind != "bytes" or single
    values = _texts(column) if single else _PAYLOADS[column.kind](column)
    sizes = np.asarray(pc.binary_length(values))
    # An empty text is a value, and not the same as none: a negative size marks none.
    sizes = np.where(column.counts > 0, sizes, -1)

    def prefix(size: int) -> bytes:
        if size < 0:
            feature = tag + b"\x00" if column.typed else b""
            return wrap(feature, len(feature))
        inner = b"\x0a" + varint(size) if packed else b""
        feature = tag + varint(len(inner) + size) + inner
        return wrap(feature, len(feature) + size)

    return _looked_up(sizes, prefix), values


def _looked_up(sizes: Any, prefix: Prefix) -> Any:
    distinct, which = np.unique(sizes, return_inverse=True)
    table = pa.array([prefix(int(size)) for size in distinct], pa.large_binary())
    return table.take(pa.array(which))


def _texts(column: Column) -> Any:
    if len(column.values) == len(column.counts):
        return column.values
    return _grouped(column, _offsets(column.values), column.values.buffers()[2])


def _ints(column: Column) -> Any:
    data, sizes = _varints(np.asarray(column.values))
    offsets = np.concatenate([[0], np.cumsum(sizes)]).astype(np.int64)
    return _grouped(column, offsets, pa.py_buffer(data))


def _floats(column: Column) -> Any:
    data = np.ascontiguousarray(np.asarray(column.values), dtype="<f4")
    return _grouped(column, np.arange(len(data) + 1, dtype=np.int64) * 4, pa.py_buffer(data))


def _many_texts(column: Column) -> Any:
    sizes = np.asarray(pc.binary_length(column.values))
    starts = _looked_up(sizes, lambda size: b"\x0a" + varint(size))
    joined = pc.binary_join_element_wise(starts, column.values, pa.scalar(b"", pa.large_binary()))
    return _grouped(column, _offsets(joined), joined.buffers()[2])


_PAYLOADS: dict[Kind, Callable[[Column], Any]] = {
    "bytes": _many_texts,
    "float": _floats,
    "int": _ints,
}


def _offsets(texts: Any) -> Any:
    found = np.frombuffer(texts.buffers()[1], np.int64) if len(texts) else np.zeros(1, np.int64)
    return found[texts.offset : texts.offset + len(texts) + 1]


def _grouped(column: Column, offsets: Any, data: Any) -> Any:
    """Return the bytes of the values of each row, where `offsets` says those of each value."""
    ends = np.concatenate([[0], np.cumsum(column.counts)])
    rows = np.ascontiguousarray(offsets[ends])
    count = len(column.counts)
    buffers = [None, pa.py_buffer(rows), data if data is not None else pa.py_buffer(b"")]
    return pa.LargeBinaryArray.from_buffers(pa.large_binary(), count, buffers)


def _varints(numbers: Any) -> tuple[Any, Any]:
    """Return the bytes of whole numbers, and how many each has."""
    unsigned = numbers.astype(np.int64).view(np.uint64)
    if not len(unsigned) or unsigned.max() < 128:
        return unsigned.astype(np.uint8), np.ones(len(unsigned), np.int64)
    groups = unsigned[:, None] >> _SHIFTS
    sizes = np.maximum((groups != 0).sum(axis=1), 1)
    data = (groups & np.uint64(0x7F)).astype(np.uint8)
    data[(sizes - 1)[:, None] > _PLACES] |= 0x80
    return data[sizes[:, None] > _PLACES], sizes
