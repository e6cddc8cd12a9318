"""The source files of a run: what is kept of the folders that its code comes from.

Kept are texts that programs and their settings are made of. Left out are what version control
ignores, hidden files, what may hold a secret, data, and what is too large; limits have a word.
"""

from __future__ import annotations

import os
import re
import stat
import sys
from collections import deque
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass, field
from pathlib import Path

from mlops_pipeline.roots import Stamp, stamp_of
from mlops_pipeline.snapshot.ignored import FILE, Rule, is_ignored, rules_in

_SUFFIXES = (
    ".py .pyi .pyx .c .h .cc .cpp .hpp .rs .r .jl .sh .sql .proto .pbtxt .toml .cfg .ini .yaml "
    ".yml .json .txt .md .lock .j2 .jinja .jinja2 .tmpl .tpl .graphql .in"
)
KEPT_SUFFIXES = frozenset(_SUFFIXES.split(" "))
"""Ends of names of files that are kept."""

LARGEST = 1024 * 1024
MOST_BYTES = 8 * 1024 * 1024
MOST_FILES = 4000
MOST_LOOKED_AT = 20_000

_KEPT_NAMES = frozenset({"Makefile", "Dockerfile", "Pipfile", "Pipfile.lock", "Containerfile"})
_SKIPPED = frozenset({"__pycache__", "node_modules", "site-packages", "venv", "env", "mlruns"})
_SECRET_NAMES = (
    *("secret", "credential", "passw", "token", "private", "kubeconfig", "id_rsa", "id_ed25519"),
    *("service-account", "service_account", "apikey", "api_key", "api-key"),
)
_SECRET_TEXT = (
    rb"-----BEGIN [A-Z ]*PRIVATE KEY-----|\"private_key\"\s*:|AKIA[0-9A-Z]{16}|"
    rb"aws_secret_access_key\s*=|gh[pousr]_[A-Za-z0-9]{36}|xox[baprs]-[A-Za-z0-9-]{20}|"
    rb"://[^\s/:@'\"{}]{1,64}:[^\s/@'\"{}]{1,128}@"
)


@dataclass(frozen=True)
class KeptFile:
    """A file that is kept.

    Args:
        name: below the place that it is in, with slashes: `0/steps.py` is in the first place.
    """

    name: str
    path: str
    stamp: Stamp


@dataclass
class Listed:
    """The files of some places, and what was left out, with the reason."""

    files: list[KeptFile] = field(default_factory=list)
    left_out: dict[str, str] = field(default_factory=dict)


def source_places(folders: Iterable[str | Path], beside: Iterable[str] = ()) -> list[str]:
    """Return the folders that sources are kept of, without those inside others.

    Args:
        beside: folders that hold no sources, such as the artifact root.
    """
    home, others = str(Path.home()), set(beside)
    found: list[str] = []
    for folder in sorted({os.path.abspath(each) for each in folders}):  # noqa: PTH100
        whole = folder in (home, "/") or home.startswith(f"{folder}/")
        installed = f"{folder}/".startswith(f"{sys.prefix}/") or "/site-packages" in folder
        inside = any(f"{folder}/".startswith(f"{each}/") for each in found)
        if not whole and not installed and not inside and folder not in others:
            found.append(folder)
    return found


def list_sources(
    places: Sequence[str], above: Path | None = None, beside: Iterable[str] = ()
) -> Listed:
    """List the files to keep, without reading them; nearest to the top first.

    Args:
        above: top of the checkout, whose rules hold below.
        beside: folders that hold no sources.
    """
    listed = Listed()
    budget = _Budget()
    for number, place in enumerate(places):
        rules = [rule for folder in _around(place, above) for rule in rules_in(folder)]
        if above is not None:
            rules = [*rules_in(str(above), ".git/info/exclude"), *rules]
        _list_place(listed, budget, f"{number}", (place, rules, frozenset(beside)))
    return listed


def _around(place: str, above: Path | None) -> list[str]:
    if above is None or not Path(place).is_relative_to(above):
        return []
    parents = [each for each in Path(place).parents if each.is_relative_to(above)]
    return [str(each) for each in reversed(parents)]


@dataclass
class _Budget:
    looked: int = 0
    size: int = 0


def _list_place(
    listed: Listed, budget: _Budget, prefix: str, where: tuple[str, list[Rule], frozenset[str]]
) -> None:
    place, rules, beside = where
    waiting: deque[tuple[str, str, list[Rule]]] = deque([(place, prefix, rules)])
    while waiting:
        folder, name, above = waiting.popleft()
        try:
            with os.scandir(folder) as items:
                entries = sorted(items, key=lambda each: each.name)
        except OSError as error:
            listed.left_out[name] = (error.strerror or "it cannot be read").lower()
            continue
        names = {each.name for each in entries}
        if "pyvenv.cfg" in names or "conda-meta" in names:
            continue
        here = [*above, *rules_in(folder)] if FILE in names else above
        for entry in entries:
            budget.looked += 1
            if budget.looked > MOST_LOOKED_AT or len(listed.files) >= MOST_FILES:
                listed.left_out[prefix] = (
                    f"there are more than {MOST_FILES} sources, or {MOST_LOOKED_AT} files: "
                    "the deepest are left out"
                )
                return
            _take(listed, budget, (entry, f"{name}/{entry.name}", here))
            if _is_walked(entry, here) and entry.path not in beside:
                waiting.append((entry.path, f"{name}/{entry.name}", here))


def _is_walked(entry: os.DirEntry[str], rules: list[Rule]) -> bool:
    if entry.name in _SKIPPED or entry.name.startswith(".") or entry.name.endswith(".egg-info"):
        return False
    try:
        walked = entry.is_dir(follow_symlinks=False)
    except OSError:
        return False
    return walked and not is_ignored(entry.path, True, rules)


def _take(listed: Listed, budget: _Budget, given: tuple[os.DirEntry[str], str, list[Rule]]) -> None:
    """Add an entry of a folder if it is a file to keep."""
    entry, name, rules = given
    if not _is_source(entry.name):
        return
    try:
        status = entry.stat()
    except OSError:
        return
    if not stat.S_ISREG(status.st_mode) or is_ignored(entry.path, False, rules):
        return
    if not _is_text(entry.name):
        listed.left_out[name] = "its name is not UTF-8"
    elif any(each in entry.name.lower() for each in _SECRET_NAMES) and not entry.name.endswith(
        (".py", ".pyi")
    ):
        listed.left_out[name] = "its name says that it may hold a secret"
    elif status.st_size > LARGEST:
        listed.left_out[name] = f"it has {status.st_size} bytes; up to {LARGEST} are kept"
    elif budget.size + status.st_size > MOST_BYTES:
        listed.left_out[name] = f"all sources have more than {MOST_BYTES} bytes"
    else:
        budget.size += status.st_size
        listed.files.append(KeptFile(name, entry.path, stamp_of(status)))


def _is_source(name: str) -> bool:
    if name.startswith("."):
        return name in (FILE, ".python-version")
    if name in _KEPT_NAMES:
        return True
    return os.path.splitext(name)[1].lower() in KEPT_SUFFIXES  # noqa: PTH122


def _is_text(name: str) -> bool:
    return not any("\ud800" <= each <= "\udfff" for each in name)


def holds_secret(data: bytes) -> bool:
    """Return True if a file has what looks like a key."""
    return re.search(_SECRET_TEXT, data) is not None


def read_all(files: Iterable[KeptFile]) -> Iterator[tuple[KeptFile, bytes | None]]:
    """Yield files with their bytes; None for one that cannot be read any more."""
    for file in files:
        try:
            with open(file.path, "rb") as opened:  # noqa: PTH123 - many files
                yield file, opened.read(LARGEST + 1)
        except OSError:
            yield file, None
