"""Surroundings of a process: environment, folders, code.

A worker that lives on from an earlier run must have seen the same, or its results would depend on
what ran before it.
"""

from __future__ import annotations

import os
import sys
import time
from collections.abc import Iterable, Mapping, Sequence
from pathlib import Path

from msgspec import Struct

from mlops_pipeline.code import Finder, is_first_party, may_be_imported
from mlops_pipeline.roots import is_settled, stamp_of


class Surroundings(Struct, frozen=True):
    """State that a process takes over from its parent, and the modules to import.

    Args:
        modules: names in the folders that modules are found in, by folder.
    """

    environment: Mapping[bytes, bytes]
    folder: str
    umask: str
    path: tuple[str, ...]
    modules: Mapping[str, frozenset[str]]


def current_surroundings(import_paths: Sequence[str]) -> Surroundings:
    """Return the surroundings of a process that starts now."""
    try:
        folder = str(Path.cwd())
    except OSError:
        # It was removed; a process can be started in it all the same.
        folder = ""
    return Surroundings(
        dict(os.environb), folder, _umask(), tuple(sys.path), Finder(import_paths).names()
    )


def _umask() -> str:
    """Return the umask as the kernel shows it: Python can only tell it by changing it."""
    try:
        lines = Path("/proc/self/status").read_text().splitlines()
    except OSError:
        return ""
    return next((line for line in lines if line.startswith("Umask")), "")


class Imports:
    """Tells which first-party files this process imports, and how they were found.

    Folders go with them: a new module may hide another one.
    """

    def __init__(self) -> None:
        self._since = time.time_ns()
        self._seen: set[str] = set()

    def new(self) -> dict[str, str]:
        """Return marks, by path, of what was imported since the last call.

        What may have changed since it was read has an empty one: it is never the same.
        """
        before, self._since = self._since, time.time_ns()
        names = sys.modules.keys() - self._seen
        self._seen |= names
        paths = {path for name in names for path in _places(sys.modules.get(name))}
        return {path: _settled_mark(path, before) for path in paths if is_first_party(path)}


def _places(module: object) -> list[str]:
    """Return the file of a module, its folder, and those that are searched for modules below it."""
    # Not by attribute: what modules answer to any name themselves is not what they are.
    names = getattr(module, "__dict__", {})
    file, path = names.get("__file__"), names.get("__path__", ())
    found = [file, str(Path(file).parent)] if isinstance(file, str) else []
    try:
        return [*found, *(each for each in path if isinstance(each, str))]
    except Exception:  # noqa: BLE001 - the module is anybody's
        return found


def _settled_mark(path: str, before: int) -> str:
    try:
        return _mark(path) if is_settled(stamp_of(Path(path).stat()), before) else ""
    except OSError:
        return ""


def _mark(path: str) -> str:
    """Return a mark of a file, or of the names of modules in a folder."""
    target = Path(path)
    if target.is_dir():
        return "\n".join(sorted(e.name for e in target.iterdir() if may_be_imported(e.name)))
    return stamp_of(target.stat()).text


def are_unchanged(marks: Iterable[tuple[str, str]]) -> bool:
    """Return True if files and folders still have the same marks."""
    try:
        return all(mark and _mark(path) == mark for path, mark in marks)
    except OSError:
        return False
