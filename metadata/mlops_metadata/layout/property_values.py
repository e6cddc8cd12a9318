"""Property values: exact on the way in and on the way back, whatever MLMD does to numbers.

MLMD writes doubles with six decimals, reads them with fifteen digits, ends texts at a NUL, and
its databases differ in which integers and texts they take. So a value goes into the plain field
of its type only where that is exact everywhere; else it goes into `proto_value`, as a
`google.protobuf.StringValue` that holds JSON (with Python's `NaN` and `Infinity`).
"""

from __future__ import annotations

import base64
import json
import math
from collections.abc import Mapping
from typing import Any, cast

from mlops_metadata.layout.rows import Proto, Struct, Value, Values
from mlops_metadata.layout.wire import read_struct, read_text, write_text
from mlops_pipeline.errors import StoreError

_TYPE_URL = "type.googleapis.com/google.protobuf.StringValue"
_STRUCT_URL = "type.googleapis.com/google.protobuf.Struct"
_LONGEST = 512
"""Characters of a text that every database keeps and indexes as it is."""


def encode(value: Any, *, name: str = "a property") -> Value:
    """Return a JSON value as the value of a property.

    Raises:
        StoreError: the value is not JSON.
    """
    if plain_field(value):
        return cast(Value, value)
    try:
        text = json.dumps(value)
    except (TypeError, ValueError) as error:
        raise StoreError(
            f"the value of {name!r} cannot be stored: {error}",
            hint="use numbers, texts, lists and dicts only",
        ) from None
    return Proto(_TYPE_URL, write_text(text))


def encode_all(values: Mapping[str, Any], properties: Values, prefix: str = "") -> None:
    """Put JSON values among properties, each under its name after the prefix.

    Raises:
        StoreError: a value is not JSON.
    """
    for name, value in values.items():
        properties[prefix + name] = encode(value, name=name)


def plain_field(value: Any) -> str:
    """Return the field of a property for this value; empty if only `proto_value` keeps it."""
    kind = type(value)
    if kind is bool:
        return "bool_value"
    if kind is int:
        return "int_value" if -(2**31) <= value < 2**31 else ""
    if kind is float:
        return "double_value" if _is_plain_number(value) else ""
    if kind is str:
        return "string_value" if _is_plain_text(value) else ""
    return ""


def _is_plain_number(value: float) -> bool:
    if not math.isfinite(value) or abs(value) >= 1e15:
        return False
    if value == 0:
        return math.copysign(1, value) > 0
    return float(f"{value:.6f}") == value and float(f"{value:.15g}") == value


STRUCT_MARK = "mlmd-struct::"
"""The start of a text that MLMD keeps a struct in, and takes for one wherever it reads it."""


def struct_text(data: bytes) -> str:
    """Return the text that MLMD keeps a struct in."""
    return STRUCT_MARK + base64.b64encode(data).decode()


def struct_bytes(text: str) -> bytes:
    """Return the struct that a text holds.

    Raises:
        ValueError: it holds none.
    """
    return base64.b64decode(text[len(STRUCT_MARK) :], validate=True)


def long_struct(data: bytes) -> Proto | None:
    """Return what keeps a struct where texts have to be short; None if its text is short."""
    return Proto(_STRUCT_URL, data) if len(struct_text(data)) > _LONGEST else None


def shown_struct(value: Proto) -> Value:
    """Return a struct that `long_struct` has kept; anything else as it is."""
    if value.type_url != _STRUCT_URL or long_struct(value.data) is None:
        return value
    try:
        return Struct(read_struct(value.data))
    except (ValueError, AttributeError, RecursionError):
        return value


def _is_plain_text(value: str) -> bool:
    if len(value) > _LONGEST or "\\" in value or "\0" in value or value.startswith(STRUCT_MARK):
        return False
    return value.isascii() or not any("\ud800" <= c <= "\udfff" for c in value)


PLAIN_VALUE = "__value__"
"""Key of the dict that TFX puts around values that are none."""


def _plain(value: Any) -> Any:
    if isinstance(value, dict) and value.keys() == {PLAIN_VALUE}:
        return value[PLAIN_VALUE]
    return value


def decode(value: Value) -> Any:
    """Return what the value of a property means, ours or anybody's."""
    if isinstance(value, Struct):
        return _plain(dict(value.fields))
    if not isinstance(value, Proto):
        return value
    if isinstance(shown := shown_struct(value), Struct):
        # A copy of a store whose database takes short texts only.
        return decode(shown)
    if value.type_url != _TYPE_URL:
        return value.type_url
    try:
        text = read_text(value.data)
    except ValueError:
        return value.type_url
    try:
        return json.loads(text)
    except (ValueError, RecursionError):
        return text
