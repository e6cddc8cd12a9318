"""TensorFlow's `Example` messages, written without TensorFlow: requests to classify and regress."""

from __future__ import annotations

import struct
from collections.abc import Mapping, Sequence
from typing import Any

from mlops_pipeline.serving.models import BadInputFailure, of_lists, values_of

_BYTES, _FLOATS, _INTEGERS = 1, 2, 3


def encode_example(features: Mapping[str, Any]) -> bytes:
    """Return a dict of values, or of lists of values, as the bytes of an `Example`.

    Raises:
        BadInputFailure: a value is no number and no text.
    """
    entries = b"".join(
        _part(1, _part(1, name.encode("utf-8", "surrogatepass")) + _part(2, _feature(name, value)))
        for name, value in sorted(features.items())
    )
    return _part(1, entries)


def _feature(name: str, value: Any) -> bytes:
    values = value if isinstance(value, list) else [value]
    kinds = {type(each) for each in values}
    if not kinds:
        return b""
    if kinds == {int} or kinds == {bool}:
        return _part(_INTEGERS, _part(1, b"".join(_varint(_signed(name, each)) for each in values)))
    if kinds <= {int, float}:
        return _part(_FLOATS, _part(1, _packed(name, values)))
    try:
        texts = values_of(of_lists(values, "string"))
    except BadInputFailure as failure:
        raise BadInputFailure(f"feature {name!r}: {failure.message}") from None
    return _part(_BYTES, b"".join(_part(1, text) for text in texts))


def _signed(name: str, value: int) -> int:
    if not -(2**63) <= value < 2**63:
        raise BadInputFailure(f"feature {name!r}: a number is out of the range of int64")
    return value & (2**64 - 1)


def _packed(name: str, values: Sequence[float]) -> bytes:
    try:
        return struct.pack(f"<{len(values)}f", *values)
    except (OverflowError, struct.error):
        message = f"feature {name!r}: a number is out of the range of float"
        raise BadInputFailure(message) from None


def _part(field: int, data: bytes) -> bytes:
    return _varint(field << 3 | 2) + _varint(len(data)) + data


def _varint(value: int) -> bytes:
    found = bytearray()
    while value > 0x7F:
        found.append(value & 0x7F | 0x80)
        value >>= 7
    found.append(value)
    return bytes(found)
