"""Values of SQL as texts, digit by digit as ZetaSQL writes them."""

from __future__ import annotations

from typing import Any

import numpy as np


def as_text(value: Any, kind: str) -> str:
    """Write a value as text; bytes must be UTF-8.

    Args:
        kind: the type that SQL has for it: `INT64`, `FLOAT`, `DOUBLE`, `STRING` or `BYTES`.

    Raises:
        ValueError: the bytes are no text.
    """
    if value is None:
        return "NULL"
    if kind == "BYTES":
        return bytes(value).decode()
    if kind in ("FLOAT", "DOUBLE"):
        return _number(value, kind == "FLOAT")
    return str(value)


def _number(value: float, single: bool) -> str:
    """Write the fewest digits, of the counts that ZetaSQL tries, that give the number back."""
    for digits in (6, 8, 9) if single else (15, 17):
        text = f"%.{digits}g" % value
        with np.errstate(over="ignore"):
            back = float(np.float32(text)) if single else float(text)
        if back == value:
            break
    return text
