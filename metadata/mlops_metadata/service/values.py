"""The values of properties between messages and columns.

A database may not take every text or integer, and none takes NaN. What it does not take stands in
`proto_value` there, as JSON, and comes back in the field that it was put into.
"""

from __future__ import annotations

import math
from typing import Any

from mlops_metadata.engine import Session
from mlops_metadata.layout.property_values import STRUCT_MARK, decode, encode
from mlops_metadata.layout.rows import Proto, Struct, Value
from mlops_metadata.layout.wire import write_struct
from mlops_metadata.messages import read_value
from mlops_metadata.service.refused import RefusedError

_TEXTS = 512
_SMALL, _LARGE = 2**31, 2**63


def stored_value(message: Any, name: str, session: Session) -> Value:
    """Return what is stored for the value of a property.

    Raises:
        RefusedError: the message is empty.
    """
    value = _read(message, name)
    if value is None:
        raise RefusedError(f"property {name!r} has no value")
    if isinstance(value, Proto) and not value.type_url:
        raise RefusedError(f"property {name!r}: proto_value has no type_url")
    return value if _fits(value, session) else encode(value, name=name)


def _read(message: Any, name: str) -> Value:
    try:
        found = read_value(message)
        if isinstance(found, Struct):
            # Others refuse to read one that is too deep.
            write_struct(found.fields)
        return found
    except (ValueError, RecursionError) as error:
        raise RefusedError(f"property {name!r}: struct_value cannot be kept: {error}") from None


def _fits(value: Value, session: Session) -> bool:
    if isinstance(value, bool):
        return True
    if isinstance(value, int):
        return session.any_integer or -_SMALL <= value < _SMALL
    if isinstance(value, float):
        return math.isfinite(value)
    if not isinstance(value, str):
        return True
    if value.startswith(STRUCT_MARK):
        # Everybody would take it for a struct.
        return False
    plain = len(value) <= _TEXTS and "\\" not in value and "\0" not in value
    return session.any_text or plain


def shown_value(value: Value, session: Session) -> Value:
    """Return a stored value as it was put."""
    if not isinstance(value, Proto):
        return value
    found = decode(value)
    # What another client has put there in other words stays a message.
    is_own = isinstance(found, int | float | str) and encode(found) == value
    if isinstance(found, int) and not -_LARGE <= found < _LARGE:
        is_own = False
    return found if is_own and not _fits(found, session) else value
