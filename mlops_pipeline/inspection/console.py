"""Tables of plain text: columns that fit the screen, colours that can be left out."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field

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
