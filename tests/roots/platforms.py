#!/usr/bin/env python3
"""Writes what was seen running, on which platform, into docs/platforms.md and the README.

    python3 tests/roots/platforms.py                   # write both from seen.json
    python3 tests/roots/platforms.py --here penguin    # run a step on this machine, note it, write

What ran in a Debian 13 is noted by `python3 tests/roots/debian.py --record`.
"""

from __future__ import annotations

import argparse
import re
import sys
from pathlib import Path
from typing import NamedTuple

import records
import sides
import steps

HERE = Path(__file__).resolve().parents[2]
PAGE, README = HERE / "docs" / "platforms.md", HERE / "README.md"
LIBRARIES = {
    "tensorflow": "TF",
    "tensorflow-data-validation": "TFDV",
    "apache-beam": "Beam",
    "numpy": "NumPy",
}
# The file in `constraints/` for a Python, and the oldest glibc that its packages run on.
LOCKS = {
    "3.11": ("ml-py311.txt", (2, 28)),
    "3.12": ("ml-py312-glibc239.txt", (2, 39)),
    "3.13": ("ml-py313-glibc239.txt", (2, 39)),
}
# What users have: a platform, its glibc and its Pythons.
WANTED = (
    ("Debian 12", "2.36", ("3.11", "3.12", "3.13")),
    ("Debian 13", "2.41", ("3.11", "3.12", "3.13")),
    ("Ubuntu 22.04", "2.35", ("3.11",)),
    ("Ubuntu 24.04", "2.39", ("3.11", "3.12")),
    ("RHEL 9", "2.34", ("3.11",)),
)
FOREIGN = ("macOS", "Windows", "Linux on ARM")


class Row(NamedTuple):
    """A platform with a Python, and what was seen running there."""

    platform: str
    glibc: str
    python: str
    seen: dict[str, records.Record]

    @property
    def works(self) -> bool:
        """Whether the packages for this Python run with this glibc."""
        return tuple(map(int, self.glibc.split("."))) >= LOCKS[self.python][1]


def stack(python: str) -> str:
    """The versions of the libraries for a Python, from its constraint file."""
    text = (HERE / "constraints" / LOCKS[python][0]).read_text(encoding="utf-8")
    found = dict(re.findall(r"^([a-z-]+)==(\d+\.\d+)", text, re.M))
    return ", ".join(f"{short} {found[name]}" for name, short in LIBRARIES.items())


def rows() -> list[Row]:
    """All rows, with their records."""
    kept = records.load()
    return [
        Row(platform, glibc, python, {one.what: one for one in kept if one.key[:2] == key})
        for platform, glibc, pythons in WANTED
        for python in pythons
        for key in [(platform, python)]
    ]


def line(*cells: str) -> str:
    return f"| {' | '.join(cells)} |"


def table(found: list[Row]) -> list[str]:
    """The table of platforms."""
    head = ("platform", "glibc", "Python", "stack", "main job", "ml tests", "seen by")
    lines = [line(*head), line(*["---"] * len(head))]
    for row in found:
        if not row.works:
            needs = ".".join(map(str, LOCKS[row.python][1]))
            lines.append(
                line(row.platform, row.glibc, row.python, f"none: needs glibc {needs}", "", "", "")
            )
            continue
        seen = {what: one for what, one in row.seen.items() if what != "part"}
        if "part" in row.seen and "ml" not in seen:
            part = row.seen["part"]
            seen["ml"] = part._replace(result=f"a part: {part.result}")
        results = [seen[what].result if what in seen else "*not seen*" for what in ROWS]
        commands = dict.fromkeys(f"`{seen[what].command}`" for what in ROWS if what in seen)
        python = next((one.python for one in row.seen.values()), row.python)
        lines.append(
            line(row.platform, row.glibc, python, stack(row.python), *results, ", ".join(commands))
        )
    lines += [line(name, "", "", "none", "*not seen*", "*not seen*", "") for name in FOREIGN]
    return lines


ROWS = ("penguin", "ml")
MEASURED = {
    "set_up_seconds": "set-up, s",
    "gigabytes": "disk, GB",
    "first_run_seconds": "first run, s",
    "test_seconds": "ml tests, s",
}


def beside(name: str, loads: dict[str, float]) -> str:
    """The load that a time was measured with; nothing for what is no time."""
    return f" ({loads.get(name, '?')})" if name.endswith("seconds") else ""


def measures(found: list[Row]) -> list[str]:
    """The table of seconds and disk."""
    head = ("platform", "Python", "stack", *MEASURED.values())
    lines = [line(*head), line(*["---"] * len(head))]
    for row in (row for row in found if row.seen):
        numbers = {k: v for one in row.seen.values() for k, v in one.numbers.items()}
        loads = {k: v for one in row.seen.values() for k, v in one.loads.items()}
        cells = [
            f"{numbers[name]:g}{beside(name, loads)}" if name in numbers else ""
            for name in MEASURED
        ]
        lines.append(line(row.platform, row.python, stack(row.python), *cells))
    return lines


def claims(found: list[Row]) -> list[str]:
    """The lines of the README that say where the main job was seen running."""
    return [
        f"- Python {row.python} on {row.platform} (glibc {row.glibc}): {stack(row.python)}"
        for row in found
        if "penguin" in row.seen
    ]


def between(text: str, name: str, lines: list[str]) -> str:
    """The text with the part between two comments replaced."""
    start, end = f"<!-- {name} -->\n", f"<!-- /{name} -->"
    before, rest = text.split(start)
    return f"{before}{start}{chr(10).join(lines)}\n{end}{rest.split(end, 1)[1]}"


def written() -> dict[Path, str]:
    """The page and the README as they have to be."""
    found = rows()
    page = between(PAGE.read_text(encoding="utf-8"), "platforms", table(found))
    page = between(page, "measures", measures(found))
    readme = between(README.read_text(encoding="utf-8"), "platforms", claims(found))
    return {PAGE: page, README: readme}


def main() -> int:
    """Do what the command line asks for; the exit code."""
    parser = argparse.ArgumentParser(description="What was seen running, on which platform.")
    parser.add_argument("--here", choices=sorted(steps.COMMANDS), metavar="STEP")
    chosen = parser.parse_args()
    if chosen.here:
        side = sides.here(HERE)
        asked = side.ask(["git", "rev-parse", "--short=12", "HEAD"])
        command = f"python3 tests/roots/platforms.py --here {chosen.here}"
        if not steps.run(side, chosen.here, command, asked.strip() or "unknown"):
            return 1
    for file, text in written().items():
        file.write_text(text, encoding="utf-8")
    return 0


if __name__ == "__main__":
    sys.exit(main())
