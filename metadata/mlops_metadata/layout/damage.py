"""Values in a store that are not what they should be: named, and replaced by what means nothing.

A store may have been handed over, edited by hand, or written by a program with faults. One bad
value takes nothing else with it: its record is read without it, and says what is wrong.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from typing import Any

LATEST = 253_402_300_000
"""Seconds since 1970 at which years have five digits, which no calendar of ours has."""

Check = Callable[[Any], bool]


def is_text(value: Any) -> bool:
    """Return True for a text."""
    return isinstance(value, str)


def is_whole(value: Any) -> bool:
    """Return True for a whole number."""
    return isinstance(value, int) and not isinstance(value, bool)


def is_time(value: Any) -> bool:
    """Return True for seconds since 1970 that are in a calendar."""
    return type(value) in (int, float) and 0 <= value < LATEST


def is_mapping(value: Any) -> bool:
    """Return True for an object of JSON."""
    return isinstance(value, dict)


def is_wholes(value: Any) -> bool:
    """Return True for a list of whole numbers."""
    return isinstance(value, list | tuple) and all(map(is_whole, value))


def sound(
    values: Mapping[str, Any], checks: Mapping[str, Check], damage: list[str]
) -> dict[str, Any]:
    """Return the values that are what they should be, by name; the others are named as damage."""
    found = {}
    for name, value in values.items():
        check = checks.get(name)
        if check is None or check(value):
            found[name] = value
        else:
            damage.append(f"{name} is {in_short(value)}")
    return found


def in_short(value: Any) -> str:
    """Return a value in a few characters, whatever it is."""
    text = ascii(value)
    return text if len(text) <= 40 else f"{text[:37]}..."


def as_text(value: Any) -> str:
    """Return what stands in the place of a text as one."""
    return value.decode("utf-8", "backslashreplace") if isinstance(value, bytes) else str(value)


def columns(row: Sequence[Any], kinds: Mapping[str, type], damage: list[str]) -> tuple[Any, ...]:
    """Return the columns of a row with the types that they have to have.

    Args:
        kinds: `int` or `str` for each column, by its name.
    """
    found = []
    for value, (name, kind) in zip(row, kinds.items(), strict=True):
        if type(value) is kind:
            found.append(value)
        elif value is None:
            found.append(kind())
        else:
            damage.append(f"{name} is {in_short(value)}")
            found.append(as_text(value) if kind is str else 0)
    return tuple(found)
