"""Values in the words of the screen: durations, ages, sizes, parameter values."""

from __future__ import annotations

import json
import math
import time
from typing import Any

LONGEST = 60
"""Characters of a value that a line has room for."""


def seconds(value: float) -> str:
    """Return a duration: `31 ms`, `0.31 s`, `12.4 s`, `3 min 05 s`, `2 h 10 min`."""
    if value < 0.1:
        return f"{value * 1000:.0f} ms"
    if value < 10:
        return f"{value:.2f} s"
    if value < 60:
        return f"{value:.1f} s"
    minutes, rest = divmod(round(value), 60)
    if minutes < 60:
        return f"{minutes} min {rest:02d} s"
    return f"{minutes // 60} h {minutes % 60:02d} min"


def ago(moment: float, now: float | None = None) -> str:
    """Return the time since a moment: `just now`, `5 min ago`, `3 days ago`."""
    if not moment:
        return "-"
    passed = max(0.0, (time.time() if now is None else now) - moment)
    if passed < 60:
        return "just now"
    for size, name in ((86_400, "day"), (3_600, "h"), (60, "min")):
        if passed >= size:
            count = int(passed // size)
            plural = "s" if name == "day" and count != 1 else ""
            return f"{count} {name}{plural} ago"
    raise AssertionError("a minute or more has passed")


def one_line(value: Any, longest: int = LONGEST) -> str:
    """Return a parameter's or property's value in one short line: texts bare, the rest as JSON."""
    bare = isinstance(value, str) and value
    text = str(value) if bare else json.dumps(value, default=str)
    text = " ".join(text.split())
    return text if len(text) <= longest else text[: longest - 1] + "…"


def number(value: Any) -> str:
    """Return a metric: whole numbers whole, others with four decimals or four digits."""
    if isinstance(value, bool) or not isinstance(value, int | float):
        return one_line(value)
    if isinstance(value, int) or not math.isfinite(value):
        return str(value)
    return f"{value:.4f}" if 1e-3 <= abs(value) < 10 or value == 0 else f"{value:.4g}"


def size(count: float) -> str:
    """Return a number of bytes: `812 B`, `3.1 MB`."""
    for unit in ("B", "kB", "MB", "GB"):
        if count < 1000:
            return f"{count:.0f} {unit}" if unit == "B" else f"{count:.1f} {unit}"
        count /= 1000
    return f"{count:.1f} TB"
