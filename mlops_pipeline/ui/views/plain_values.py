"""Values of records as JSON and as text for people: nothing in them steers what shows them."""

from __future__ import annotations

import dataclasses
import enum
import json
import math
import re
from collections.abc import Mapping
from typing import Any

import msgspec

LONGEST = 2_000
"""Characters of a value that a page shows; the JSON of the page has all of it."""

# They turn a text around, end it where others see more of it, or are no character at all.
_HIDDEN = re.compile(
    "[\x00-\x08\x0b-\x1f\x7f-\x9f\u061c\u200e\u200f\u2028-\u202e\u2066-\u2069\ud800-\udfff\ufeff]"
)


def plain(value: Any) -> Any:
    """Return a value as JSON knows it; numbers that JSON has no word for become texts."""
    if isinstance(value, enum.Enum):
        return plain(value.value)
    if value is None or isinstance(value, bool | int | str):
        return value
    if isinstance(value, float):
        return value if math.isfinite(value) else str(value)
    if dataclasses.is_dataclass(value) and not isinstance(value, type):
        return {f.name: plain(getattr(value, f.name)) for f in dataclasses.fields(value)}
    if isinstance(value, msgspec.Struct):
        return plain(msgspec.structs.asdict(value))
    if isinstance(value, Mapping):
        return {str(key): plain(each) for key, each in value.items()}
    if isinstance(value, list | tuple | set | frozenset):
        return [plain(each) for each in value]
    return str(value)


class Shown(str):
    """A text that is ready to be shown."""

    __slots__ = ()


def shown(value: Any, longest: int = LONGEST) -> Shown:
    """Return a value as text of one size, with characters that steer written out."""
    if isinstance(value, Shown):
        return value
    text = value if isinstance(value, str) else _text(value)
    if len(text) > longest:
        text = f"{text[:longest]}… ({len(text):,} characters)"
    return Shown(_HIDDEN.sub(lambda match: ascii(match[0])[1:-1], text))


def _text(value: Any) -> str:
    if isinstance(value, float | int) or value is None:
        return "" if value is None else str(value)
    return json.dumps(plain(value), ensure_ascii=False)


def finite(value: Any) -> float:
    """Return a number of a record, or 0 where it is none that can be drawn."""
    known = isinstance(value, int | float) and math.isfinite(value) and abs(value) < 1e11
    return float(value) if known else 0.0
