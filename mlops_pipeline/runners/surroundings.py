"""What a process that starts now would see: environment, folders, code.

A worker that lives on from an earlier run must have seen the same, or its results would depend on
what ran before it.
"""

from __future__ import annotations

import os
import sys
import time
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

from mlops_pipeline.modules import Finder, is_first_party
from mlops_pipeline.stamps import is_settled, stamp_of


@dataclass(frozen=True)
class Surroundings:
    """What a process takes over from its parent, and what there is to import.

    Args:
        modules: names in the folders that modules are found in, by folder.
    """

    environment: Mapping[bytes, bytes]
    folder: str
    umask: str
    path: tuple[str, ...]
    modules: Mapping[str, frozenset[str]]


def look_around(import_paths: Sequence[str]) -> Surroundings:
    """The surroundings of a process that starts now."""
    return Surroundings(
        dict(os.environb), str(Path.cwd()), _umask(), tuple(sys.path), Finder(import_paths).names()
    )


def _umask() -> str:
    """The umask as the kernel shows it: Python can only tell it by changing it."""
    try:
        lines = Path("/proc/self/status").read_text().splitlines()
    except OSError:
        return ""
    return next((line for line in lines if line.startswith("Umask")), "")


class Imports:
    """Tells which first-party files this process imports, with the stamps that they had."""

    def __init__(self) -> None:
        self._since = time.time_ns()
        self._seen: set[str] = set()

    def new(self) -> dict[str, str]:
        """Stamps by path, of what was imported since the last call.

        A file that may have changed since it was read has an empty one: it is never the same.
        """
        before, self._since = self._since, time.time_ns()
        names = sys.modules.keys() - self._seen
        self._seen |= names
        paths = {path for name in names for path in _places(sys.modules.get(name))}
        return {path: _stamp(path, before) for path in paths if is_first_party(path)}


def _places(module: object) -> list[str]:
    """The file of a module, and the folders that are searched for modules below it."""
    file = getattr(module, "__file__", None)
    return [*([file] if file else []), *getattr(module, "__path__", ())]


def _stamp(path: str, before: int) -> str:
    try:
        stamp = stamp_of(Path(path).stat())
    except OSError:
        return ""
    return stamp.text if is_settled(stamp, before) else ""


def are_unchanged(stamps: Iterable[tuple[str, str]]) -> bool:
    """Whether files still have the stamps that they had."""
    try:
        return all(stamp_of(Path(path).stat()).text == stamp for path, stamp in stamps)
    except OSError:
        return False
