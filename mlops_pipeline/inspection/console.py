"""Tables of plain text: columns that fit the screen, colours that can be left out."""

from __future__ import annotations

import json
import math
import time
from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import Any

LONGEST = 60
"""Characters of a value that a line has room for."""

_CODES = {
    "bold": "1",
    "dim": "2",
    "red": "31",
    "green": "32",
    "yellow": "33",
    "blue": "34",
    "cyan": "36",
}
_GAP = "  "
_NARROWEST = 12

DECISIONS = {
    "run": "green",
    "complete": "green",
    "cached": "blue",
    "skipped": "dim",
    "failed": "red",
    "canceled": "yellow",
    "running": "yellow",
    "unknown": "yellow",
}
"""The colour of a decision or a state."""


@dataclass(frozen=True)
class Screen:
    """Width and colours of an output.

    Args:
        width: columns; 0 where lines may be of any length.
        colour: whether it understands colours.
    """

    width: int = 0
    colour: bool = False

    def paint(self, text: str, style: str) -> str:
        """Return the text in a colour or style, where there are any."""
        if not self.colour or not style or not text:
            return text
        return f"\033[{_CODES[style]}m{text}\033[0m"


@dataclass(frozen=True)
class Table:
    """Rows of cells under a heading.

    Args:
        right: columns that are aligned to the right.
        tails: columns whose end says more than their beginning, such as paths.
        styles: style of a cell by column, from the cell's text.
    """

    heading: Sequence[str]
    rows: Sequence[Sequence[str]]
    right: frozenset[str] = frozenset()
    tails: frozenset[str] = frozenset()
    styles: dict[str, dict[str, str]] = field(default_factory=dict)


def lines(table: Table, screen: Screen) -> list[str]:
    """Return the lines of a table; columns are cut, the last first, if they do not fit."""
    widths = _widths(table, screen)
    head = [_padded(table, i, text, widths[i]) for i, text in enumerate(table.heading)]
    result = [screen.paint(_GAP.join(head).rstrip(), "dim")]
    for row in table.rows:
        cells = []
        for i, text in enumerate(row):
            style = table.styles.get(table.heading[i], {}).get(text, "")
            cut = _cut(text, widths[i], tail=table.heading[i] in table.tails)
            cells.append(screen.paint(_padded(table, i, cut, widths[i]), style))
        result.append(_GAP.join(cells).rstrip())
    return result


def _widths(table: Table, screen: Screen) -> list[int]:
    columns = zip(table.heading, *table.rows, strict=True)
    widths = [max(len(text) for text in column) for column in columns]
    over = sum(widths) + len(_GAP) * (len(widths) - 1) - screen.width
    for column in reversed(range(1, len(widths))) if screen.width else ():
        # The first column names the row, so it is never cut.
        cut = max(0, min(over, widths[column] - _NARROWEST))
        widths[column] -= cut
        over -= cut
    return widths


def _cut(text: str, width: int, *, tail: bool) -> str:
    if len(text) <= width:
        return text
    return "…" + text[len(text) - width + 1 :] if tail else text[: width - 1] + "…"


def _padded(table: Table, column: int, text: str, width: int) -> str:
    return text.rjust(width) if table.heading[column] in table.right else text.ljust(width)


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
