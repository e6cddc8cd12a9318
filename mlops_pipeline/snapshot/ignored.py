"""Files that version control ignores, by `.gitignore`, without asking Git, which may be absent."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterable, Iterator
from pathlib import Path
from typing import NamedTuple

FILE = ".gitignore"

_MOST = 256 * 1024
"""Bytes of such a file that are read."""


class Rule(NamedTuple):
    """One line of a `.gitignore`.

    Args:
        base: the folder that it is about, with a slash at its end.
        matches: tells if a path below that folder fits.
    """

    base: str
    matches: Callable[[str], bool]
    negated: bool
    only_folders: bool


def rules_in(folder: str, name: str = FILE) -> list[Rule]:
    """Return the rules that a folder has for what is in it; none if there is no such file."""
    try:
        with (Path(folder) / name).open("rb") as file:
            text = file.read(_MOST).decode("utf-8", "replace")
    except OSError:
        return []
    return list(parse_rules(text, folder))


def parse_rules(text: str, folder: str) -> Iterator[Rule]:
    """Yield the rules of a `.gitignore` that lies in a folder."""
    for line in text.splitlines():
        pattern = re.sub(r"(?<!\\)[ \t]+$", "", line)
        if not pattern or pattern.startswith("#"):
            continue
        negated = pattern.startswith("!")
        pattern = pattern[negated:]
        only_folders = pattern.endswith("/")
        pattern = pattern.rstrip("/")
        test = _test(pattern) if pattern else None
        if test:
            yield Rule(f"{folder.rstrip('/')}/", test, negated, only_folders)


_MARKS = frozenset("*?[\\")


def _test(pattern: str) -> Callable[[str], bool] | None:
    """Return the test of a pattern; most need no expression, which takes long to make."""
    anchored, pattern = "/" in pattern, pattern.lstrip("/")
    if not _MARKS & set(pattern):
        if anchored:
            return pattern.__eq__
        return lambda path: path == pattern or path.endswith(f"/{pattern}")
    if not anchored and pattern[0] == "*" and not _MARKS & set(pattern[1:]):
        return lambda path: path.endswith(pattern[1:])
    regex = _regex(pattern)
    try:
        expression = re.compile(regex if anchored else f"(?:.*/)?{regex}", re.DOTALL)
    except re.error:
        return None
    return lambda path: expression.fullmatch(path) is not None


def _regex(pattern: str) -> str:
    found, at = [], 0
    while at < len(pattern):
        rest = pattern[at:]
        if rest.startswith("**/"):
            found.append("(?:.*/)?")
            at += 3
        elif rest == "**":
            found.append(".+")
            at += 2
        elif rest[0] == "*":
            found.append("[^/]*")
            at += len(rest) - len(rest.lstrip("*"))
        elif rest[0] == "?":
            found.append("[^/]")
            at += 1
        elif rest[0] == "[" and (end := rest.find("]", 2)) > 0:
            inner = rest[1:end].replace("\\", "\\\\")
            inner = f"^{inner[1:]}" if inner[0] == "!" else inner
            found.append(f"(?!/)[{inner}]")
            at += end + 1
        else:
            at += rest[0] == "\\" and len(rest) > 1
            found.append(re.escape(pattern[at]))
            at += 1
    return "".join(found)


def is_ignored(path: str, is_folder: bool, rules: Iterable[Rule]) -> bool:
    """Return True if the last rule about a path says so; its folders were asked about before."""
    ignored = False
    for rule in rules:
        about = path.startswith(rule.base) and (is_folder or not rule.only_folders)
        if about and rule.negated == ignored and rule.matches(path[len(rule.base) :]):
            ignored = not rule.negated
    return ignored
