"""Triggers of recurring runs: cron texts and intervals, as Kubeflow wants them.

Kubeflow's cron has a field for seconds in front. It takes a text of five fields too, but reads the
minutes as seconds; so what has five is written with six.
"""

from __future__ import annotations

import re
from dataclasses import dataclass

from mlops_pipeline.errors import SettingsError

_DAYS = ("SUN", "MON", "TUE", "WED", "THU", "FRI", "SAT")
_MONTHS = (
    *("JAN", "FEB", "MAR", "APR", "MAY", "JUN"),
    *("JUL", "AUG", "SEP", "OCT", "NOV", "DEC"),
)
_FIELDS: tuple[tuple[str, int, int, tuple[str, ...]], ...] = (
    ("second", 0, 59, ()),
    ("minute", 0, 59, ()),
    ("hour", 0, 23, ()),
    ("day of the month", 1, 31, ()),
    ("month", 1, 12, _MONTHS),
    ("day of the week", 0, 6, _DAYS),
)
_NAMED = {
    "@yearly": "0 0 0 1 1 *",
    "@annually": "0 0 0 1 1 *",
    "@monthly": "0 0 0 1 * *",
    "@weekly": "0 0 0 * * 0",
    "@daily": "0 0 0 * * *",
    "@midnight": "0 0 0 * * *",
    "@hourly": "0 0 * * * *",
}
_UNITS = {"s": 1, "m": 60, "h": 3600, "d": 86400}


@dataclass(frozen=True)
class Trigger:
    """A cron text of six fields, or seconds between two runs."""

    cron: str = ""
    seconds: int = 0

    def __str__(self) -> str:
        return self.cron or f"every {self.seconds} s"


def trigger(cron: str, every: str) -> Trigger:
    """Make the trigger of a recurring run from one of two texts.

    Raises:
        SettingsError: both or none are given, or one is not understood.
    """
    if bool(cron) == bool(every):
        raise SettingsError(
            "a schedule needs one of --cron and --every",
            hint="write --cron '0 3 * * *', or --every 6h",
        )
    return Trigger(cron=six_fields(cron)) if cron else Trigger(seconds=interval(every))


def six_fields(text: str) -> str:
    """Return a cron text with the field for seconds, checked.

    >>> six_fields("30 3 * * MON-FRI")
    '0 30 3 * * MON-FRI'

    Raises:
        SettingsError: it has another number of fields, or one is out of range.
    """
    text = text.strip()
    if text.startswith("@"):
        if text not in _NAMED:
            raise SettingsError(
                f"--cron: {text} is not known", hint=f"there are {', '.join(_NAMED)}"
            )
        return _NAMED[text]
    fields = text.upper().split()
    if len(fields) == 5:
        fields = ["0", *fields]
    if len(fields) != 6:
        raise SettingsError(
            f"--cron {text!r} has {len(fields)} fields",
            hint="write minute, hour, day, month, day of the week, with seconds in front or not",
        )
    for field, (name, low, high, words) in zip(fields, _FIELDS, strict=True):
        for part in field.split(","):
            problem = _problem(part, low, high, words)
            if problem:
                raise SettingsError(
                    f"--cron {text!r}: {part!r} is no {name}: {problem}",
                    hint="Sunday is 0" if name == "day of the week" else "check the text",
                )
    return " ".join(fields)


def _problem(part: str, low: int, high: int, words: tuple[str, ...]) -> str:
    """Return the problem of one part of a field, as `*`, `3`, `1-5` or `*/10`; or nothing."""
    found = re.fullmatch(r"(?:([*?])|(\w+)(?:-(\w+))?)(?:/(\d+))?", part)
    if not found:
        return "it is not understood"
    _, first, last, step = found.groups()
    numbers = []
    for text in (each for each in (first, last) if each):
        number = words.index(text) + low if text in words else int(text) if text.isdigit() else -1
        if not low <= number <= high:
            return f"{text} is not between {low} and {high}"
        numbers.append(number)
    if len(numbers) == 2 and numbers[0] > numbers[1]:
        return "it ends before it begins"
    return "a step of 0 goes nowhere" if step and int(step) == 0 else ""


def interval(text: str) -> int:
    """Return seconds, of a text as `90`, `30s`, `15m`, `6h` or `1d`.

    Raises:
        SettingsError: it is not understood, or no second long.
    """
    found = re.fullmatch(r"(\d+)([smhd]?)", text.strip())
    seconds = int(found[1]) * _UNITS[found[2] or "s"] if found else 0
    if not seconds:
        raise SettingsError(
            f"--every {text} is no time between runs", hint="write it as 90, 15m, 6h or 1d"
        )
    return seconds
