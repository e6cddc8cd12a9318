"""Values of records, cut so that many of them stand side by side."""

from __future__ import annotations

import enum
import json
import math
from collections.abc import Mapping, Sequence
from typing import Any

LONGEST = 1_000
"""Characters of a value that a comparison keeps."""

_AROUND = 60
"""Characters that are kept before the first difference of long texts."""


def side_by_side(values: Sequence[Any], differs: bool) -> tuple[Any, ...]:
    """Return values as JSON knows them; of long ones that differ, the part in which they do."""
    if all(_is_short(value) for value in values):
        return tuple(values)
    plain = [_plain(value) for value in values]
    texts = [_text(value) for value in plain]
    if all(len(text) <= LONGEST for text in texts):
        return tuple(plain)
    start = 0
    if differs:
        present = [text for text, value in zip(texts, values, strict=True) if value is not None]
        if len(set(present)) > 1:
            start = max(0, _first_difference(present) - _AROUND)
    return tuple(
        value if value is None or (len(text) <= LONGEST and not start) else _cut(text, start)
        for text, value in zip(texts, plain, strict=True)
    )


def _first_difference(texts: Sequence[str]) -> int:
    """Return the place of the first character that is not the same in all texts."""
    low, high = min(texts, default=""), max(texts, default="")
    same, end = 0, min(len(low), len(high))
    while same < end:
        middle = (same + end + 1) // 2
        if low[same:middle] == high[same:middle]:
            same = middle
        else:
            end = middle - 1
    return same


def _is_short(value: Any) -> bool:
    if isinstance(value, float):
        return math.isfinite(value)
    if isinstance(value, str):
        return len(value) <= LONGEST and type(value) is str
    return value is None or type(value) in (bool, int)


def _plain(value: Any) -> Any:
    if isinstance(value, enum.Enum):
        return _plain(value.value)
    if value is None or isinstance(value, bool | int | str):
        return value
    if isinstance(value, float):
        return value if math.isfinite(value) else str(value)
    if isinstance(value, Mapping):
        return {str(key): _plain(each) for key, each in value.items()}
    if isinstance(value, list | tuple | set | frozenset):
        return [_plain(each) for each in value]
    return str(value)


def _text(value: Any) -> str:
    return value if isinstance(value, str) else json.dumps(value, ensure_ascii=False)


def _cut(text: str, start: int) -> str:
    before = "…" if start else ""
    after = "…" if len(text) > start + LONGEST // 2 else ""
    shown = text[start : start + LONGEST // 2]
    return f"{before}{shown}{after} ({len(text):,} characters)"
