"""Reads what a run of `dev.py` printed, and says what system it ran on."""

from __future__ import annotations

import re
from collections.abc import Callable, Sequence
from typing import NamedTuple

# Run by the interpreter that is asked: three words.
SYSTEM = """
import platform
release = platform.freedesktop_os_release()
print(release.get("NAME", "Linux").split()[0], release.get("VERSION_ID", ""), sep=" ", end="\\t")
print(platform.python_version(), platform.libc_ver()[1], sep="\\t")
"""


class System(NamedTuple):
    """A platform and a Python on it."""

    name: str
    python: str
    glibc: str

    def __str__(self) -> str:
        return f"{self.name}, Python {self.python}, glibc {self.glibc}"


class Seen(NamedTuple):
    """What a step showed: in words, whether it is all that it has to show, and measured numbers."""

    text: str
    good: bool
    numbers: dict[str, float]


def system(printed: str) -> System:
    """The system that `SYSTEM` printed."""
    name, python, glibc = printed.strip().split("\t")
    return System(name, python, glibc)


def number(pattern: str, text: str) -> float | None:
    """The number in the first match of a pattern."""
    found = re.search(pattern, text)
    return float(found[1]) if found else None


def duration(text: str) -> float | None:
    """The seconds of a run, which may be written as minutes and seconds."""
    found = re.search(r": complete · (?:(\d+) min )?([\d.]+) s", text)
    return int(found[1] or 0) * 60 + float(found[2]) if found else None


def penguin(output: Sequence[str]) -> Seen:
    """Nodes, blessing and push of a run of the penguin pipeline."""
    text = "".join(output)
    ran = {found[1] for found in re.finditer(r"^\[(\d+)/8\] \w+ +run ", text, re.M)}
    blessed, pushed = "model blessed" in text, "model pushed to" in text
    words = [f"{len(ran)} nodes", *["blessed"] * blessed, *["pushed"] * pushed]
    found = {
        "set_up_seconds": number(r"ml environment ready after (\d+) s", text),
        "first_run_seconds": duration(text),
    }
    numbers = {name: value for name, value in found.items() if value is not None}
    return Seen(", ".join(words), len(ran) == 8 and blessed and pushed, numbers)


def plain(output: Sequence[str]) -> str:
    """The counts in the closing line of pytest, as `dev.py` prints them in its summary.

    It need not be the last one: libraries may complain when their process ends.
    """
    ends = [
        line for line in output if re.search(r"\d+ (passed|failed|skipped)\b.* in [\d.]+ ?s", line)
    ]
    closing = ends[-1] if ends else ""
    words = ("passed", "failed", "skipped")
    counts = {word: sum(int(n) for n in re.findall(rf"(\d+) {word}", closing)) for word in words}
    return ", ".join(f"{count} {word}" for word, count in counts.items())


def tests(output: Sequence[str]) -> Seen:
    """The counts of tests; good with some passed and none failed."""
    text = "".join(output)
    counts = re.findall(r"^\d+ passed, \d+ failed, \d+ skipped$", text, re.M)
    if not counts:
        return Seen("no tests were counted", False, {})
    passed, failed, _ = (int(n) for n in re.findall(r"\d+", counts[-1]))
    numbers = {}
    if (seconds := number(r"(?m)^ok +pytest, \w+ +([\d.]+) s", text)) is not None:
        numbers["test_seconds"] = seconds
    return Seen(counts[-1], passed > 0 and not failed, numbers)


READERS: dict[str, Callable[[Sequence[str]], Seen]] = {
    "penguin": penguin,
    "ml": tests,
    "part": tests,
    "light": tests,
    "test": tests,
}
