"""The few messages of protocol buffers that ML Metadata keeps inside of a column, as bytes.

They are `google.protobuf.Struct`, `Any` and `StringValue`; see "Encoding" in the manual of protocol
buffers. Reading and writing them here needs no package.
"""

from __future__ import annotations

import struct
from collections.abc import Iterator, Mapping
from typing import Any

from mlops_metadata.layout.rows import Proto

_VARINT, _DOUBLE, _BYTES, _FLOAT = 0, 1, 2, 5
_DEEPEST = 40
"""Lists and dicts inside of each other: readers refuse messages that are a hundred deep."""


def _varint(number: int) -> bytes:
    found = bytearray()
    while number > 0x7F:
        found.append(number & 0x7F | 0x80)
        number >>= 7
    found.append(number)
    return bytes(found)


def _field(number: int, data: bytes) -> bytes:
    return _varint(number << 3 | _BYTES) + _varint(len(data)) + data


def write_struct(fields: Mapping[str, Any]) -> bytes:
    """Return the bytes of a `Struct`.

    Raises:
        ValueError: it holds what is not JSON, or is too deep.
        OverflowError: it holds a number that no double comes near.
    """
    return _struct(fields, 0)


def _struct(fields: Mapping[str, Any], depth: int) -> bytes:
    if depth > _DEEPEST:
        raise ValueError("too deep")
    found = []
    for key, value in fields.items():
        entry = _field(1, key.encode()) + _field(2, _value(value, depth))
        found.append(_field(1, entry))
    return b"".join(found)


def _value(value: Any, depth: int) -> bytes:
    if value is None:
        return b"\x08\x00"
    if isinstance(value, bool):
        return b"\x20\x01" if value else b"\x20\x00"
    if isinstance(value, int | float):
        return b"\x11" + struct.pack("<d", float(value))
    if isinstance(value, str):
        return _field(3, value.encode())
    if isinstance(value, list | tuple):
        if depth > _DEEPEST:
            raise ValueError("too deep")
        return _field(6, b"".join(_field(1, _value(each, depth + 1)) for each in value))
    if isinstance(value, Mapping):
        return _field(5, _struct(value, depth + 1))
    raise ValueError(f"{type(value).__name__} is not JSON")


def _fields(data: bytes) -> Iterator[tuple[int, Any]]:
    """Yield number and value of each field.

    Raises:
        ValueError: the bytes are no message.
    """
    place = 0
    while place < len(data):
        tag, place = _read_varint(data, place)
        kind = tag & 7
        if kind == _VARINT:
            value, place = _read_varint(data, place)
            yield tag >> 3, value
            continue
        if kind == _BYTES:
            size, place = _read_varint(data, place)
        elif kind in (_DOUBLE, _FLOAT):
            size = 8 if kind == _DOUBLE else 4
        else:
            raise ValueError("an unknown kind of field")
        if place + size > len(data):
            raise ValueError("a field is cut off")
        part = data[place : place + size]
        place += size
        yield tag >> 3, struct.unpack("<d", part)[0] if kind == _DOUBLE else part


def _read_varint(data: bytes, place: int) -> tuple[int, int]:
    number = shift = 0
    while True:
        if place >= len(data) or shift > 63:
            raise ValueError("a number is cut off")
        byte = data[place]
        place += 1
        number |= (byte & 0x7F) << shift
        if byte < 0x80:
            return number, place
        shift += 7


def read_struct(data: bytes) -> dict[str, Any]:
    """Return what a `Struct` holds.

    Raises:
        ValueError: the bytes are no `Struct`.
    """
    found = {}
    for number, entry in _fields(data):
        if number == 1:
            parts = dict(_fields(entry))
            found[parts.get(1, b"").decode()] = _read_value(parts.get(2, b""))
    return found


def _read_value(data: bytes) -> Any:
    found: Any = None
    for number, value in _fields(data):
        if number == 1:
            found = None
        elif number == 2:
            found = value
        elif number == 3:
            found = value.decode()
        elif number == 4:
            found = bool(value)
        elif number == 5:
            found = read_struct(value)
        elif number == 6:
            found = [_read_value(each) for key, each in _fields(value) if key == 1]
    return found


def write_any(value: Proto) -> bytes:
    """Return the bytes of an `Any`."""
    found = _field(1, value.type_url.encode()) if value.type_url else b""
    return found + (_field(2, value.data) if value.data else b"")


def read_any(data: bytes) -> Proto:
    """Return what an `Any` holds.

    Raises:
        ValueError: the bytes are no `Any`.
    """
    parts = dict(_fields(data))
    return Proto(parts.get(1, b"").decode(), parts.get(2, b""))


def write_text(text: str) -> bytes:
    """Return the bytes of a `StringValue`."""
    return _field(1, text.encode()) if text else b""


def read_text(data: bytes) -> str:
    """Return the text in a `StringValue`.

    Raises:
        ValueError: the bytes are no `StringValue`.
    """
    return bytes(dict(_fields(data)).get(1, b"")).decode()
