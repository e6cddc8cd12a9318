"""Keeps what was seen running, on which platform, in `seen.json` beside this file."""

from __future__ import annotations

import json
from pathlib import Path
from typing import NamedTuple

from observe import Seen, System

FILE = Path(__file__).with_name("seen.json")
CHECKOUT = Path(__file__).resolve().parents[2]


class Record(NamedTuple):
    """One thing that was seen running: its platform, command and result, and measured numbers."""

    platform: str
    glibc: str
    python: str
    what: str
    command: str
    result: str
    commit: str
    numbers: dict[str, float]

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


def record(system: System, what: str, command: str, seen: Seen, commit: str) -> Record:
    """The record of a step that passed."""
    return Record(
        system.name, system.glibc, system.python, what, command, seen.text, commit, seen.numbers
    )


def note(new: Record) -> None:
    """Keep a record in the place of an older one; numbers that were not measured anew stay."""
    kept = {one.key: one for one in load()}
    older = kept.get(new.key)
    numbers = {**(older.numbers if older else {}), **new.numbers}
    kept[new.key] = new._replace(numbers=numbers)
    ordered = [kept[key]._asdict() for key in sorted(kept)]
    FILE.write_text(json.dumps(ordered, indent=1, ensure_ascii=False) + "\n", encoding="utf-8")
