"""Keeps what was seen running, on which platform, in `seen.json` beside this file."""

from __future__ import annotations

import json
from pathlib import Path
from typing import NamedTuple

from observe import Seen, System

FILE = Path(__file__).with_name("seen.json")
CHECKOUT = Path(__file__).resolve().parents[2]


class Record(NamedTuple):
    """One thing that was seen running: its platform, command and result, and measured numbers.

    Args:
        loads: other work on the machine before each number that is a time, as processes that wait.
    """

    platform: str
    glibc: str
    python: str
    what: str
    command: str
    result: str
    commit: str
    numbers: dict[str, float]
    loads: dict[str, float]

    @property
    def minor(self) -> str:
        """The version of Python without its last part."""
        return ".".join(self.python.split(".")[:2])

    @property
    def key(self) -> tuple[str, str, str]:
        """Equal for records of which the newer replaces the older."""
        return self.platform, self.minor, self.what


def load() -> list[Record]:
    """All records; none if there is no file yet."""
    if not FILE.exists():
        return []
    return [Record(**one) for one in json.loads(FILE.read_text(encoding="utf-8"))]


def record(system: System, what: str, command: str, seen: Seen, commit: str, load: float) -> Record:
    """The record of a step that passed."""
    loads = {name: round(load, 1) for name in seen.numbers if name.endswith("seconds")}
    platform = (system.name, system.glibc, system.python)
    return Record(*platform, what, command, seen.text, commit, seen.numbers, loads)


def note(new: Record) -> None:
    """Keep a record in the place of an older one; numbers that were not measured anew stay."""
    kept = {one.key: one for one in load()}
    older = kept.get(new.key)
    if older:
        numbers, loads = {**older.numbers, **new.numbers}, {**older.loads, **new.loads}
        new = new._replace(numbers=numbers, loads=loads)
    kept[new.key] = new
    ordered = [kept[key]._asdict() for key in sorted(kept)]
    FILE.write_text(json.dumps(ordered, indent=1, ensure_ascii=False) + "\n", encoding="utf-8")
