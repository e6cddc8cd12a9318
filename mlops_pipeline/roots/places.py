"""The folders of published outputs below an artifact root: found, measured and removed one by one.

A place is `<pipeline>/<node>/<output>/<execution id>`, with or without a nonce behind the id.
Nothing else below a root is touched, nothing is followed through a link, and nothing outside is
reached: what is called differently is not ours to remove.

A local folder is first renamed into `.removed`, so that its path is free at once for whoever
publishes there next, and then emptied; what a killed process leaves there, the next one empties.
"""

from __future__ import annotations

import contextlib
import os
import re
import secrets
import stat
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from datetime import datetime
from functools import cached_property
from pathlib import Path
from typing import Any, Protocol

from mlops_pipeline.errors import PipelineError
from mlops_pipeline.roots.local_root import remove_tree
from mlops_pipeline.roots.object_store import check_url, list_infos, remove
from mlops_pipeline.uris import is_remote, local_place

_NAME = re.compile(r"[A-Za-z0-9_][A-Za-z0-9_.+=@-]{0,127}")
_EXECUTION = re.compile(r"\d{1,18}(-[0-9a-f]{1,32})?", re.ASCII)
_STAGED = re.compile(r"\d{1,18}-[0-9a-f]{1,32}(\.moving)?", re.ASCII)
_DEPTH = 4
_STAGING, _REMOVED = ".staging", ".removed"


@dataclass(frozen=True)
class Measured:
    """Size of a place: bytes and files, and when something in it was last written, if known."""

    size: int = 0
    files: int = 0
    newest: float = 0.0


class Places(Protocol):
    """Interface of the places below a root."""

    def place_of(self, uri: str) -> str:
        """Return the place that an artifact is in; empty if it is in none below this root."""

    def outputs(self) -> list[str]:
        """Return all places of outputs."""

    def staged(self) -> list[str]:
        """Return what executions have below `.staging`: `<pipeline>/.staging/<name>`."""

    def measure(self, place: str) -> Measured:
        """Measure a place; nothing is there if it has no files."""

    def remove(self, place: str) -> str:
        """Remove a place that is there; returns why it could not be removed, or an empty text."""

    def clear(self) -> None:
        """Remove what a process left that was killed while it removed a place."""


def open_places(root: str) -> Places:
    """Return the places below an artifact root.

    Raises:
        SettingsError: its URL cannot be used, or the library for it is missing.
    """
    if not is_remote(root):
        return LocalPlaces(local_place(root).absolute())
    check_url(root)
    return RemotePlaces(root.rstrip("/"))


def place_by_tail(uri: str) -> tuple[str, ...]:
    """Return the places that an artifact may be in by the end of its path, whatever the root."""
    parts = uri.rstrip("/").split("/")
    tails = (parts[-_DEPTH:], parts[-_DEPTH - 1 : -1])
    return tuple("/".join(tail) for tail in tails if _is_place(tail))


def _is_place(parts: list[str] | tuple[str, ...]) -> bool:
    names = all(_NAME.fullmatch(part) for part in parts)
    return len(parts) == _DEPTH and names and bool(_EXECUTION.fullmatch(parts[-1]))


@dataclass(frozen=True)
class LocalPlaces:
    """Places below a folder."""

    folder: Path

    def place_of(self, uri: str) -> str:
        if not uri or is_remote(uri) or "\0" in uri:
            return ""
        path = local_place(uri)
        for below, root in ((path, self.folder), (_real(path), _real(self.folder))):
            if path.is_absolute() and below.is_relative_to(root):
                parts = below.relative_to(root).parts[:_DEPTH]
                return "/".join(parts) if _is_place(parts) and ".." not in below.parts else ""
        return ""

    def outputs(self) -> list[str]:
        found = [""]
        for _ in range(_DEPTH - 1):
            found = [f"{each}{name}/" for each in found for name in self._folders(each)]
        names = ((each, name) for each in found for name in self._names(each))
        return [each + name for each, name in names if _EXECUTION.fullmatch(name)]

    def staged(self) -> list[str]:
        folders = [f"{name}/{_STAGING}/" for name in self._folders("")]
        names = ((each, name) for each in folders for name in self._folders(each))
        return [each + name for each, name in names if _STAGED.fullmatch(name)]

    def _names(self, below: str) -> list[str]:
        if not self._is_reached(below):
            return []
        with contextlib.suppress(OSError), os.scandir(self.folder / below) as found:
            return sorted(entry.name for entry in found)
        return []

    def _folders(self, below: str) -> list[str]:
        names = (name for name in self._names(below) if _NAME.fullmatch(name))
        return [name for name in names if _is_folder(self.folder / below / name)]

    def _is_reached(self, below: str) -> bool:
        """Return True if no link is between the root and a folder below it."""
        path = self.folder
        for part in filter(None, below.split("/")):
            path = path / part
            if not _is_folder(path):
                return False
        return True

    def measure(self, place: str) -> Measured:
        path = self.folder / place
        if not self._is_reached(place.rpartition("/")[0]):
            return Measured()
        size = files = 0
        newest = 0.0
        for status in _statuses(path):
            newest = max(newest, status.st_mtime)
            if not stat.S_ISDIR(status.st_mode):
                size, files = size + status.st_size, files + 1
        return Measured(size, files, newest)

    def remove(self, place: str) -> str:
        path, removed = self.folder / place, self.folder / _REMOVED
        if not os.path.lexists(path):
            return ""
        if not self._is_reached(place.rpartition("/")[0]):
            return f"{path} is behind a link"
        target = removed / f"{place.replace('/', '-')[-100:]}-{secrets.token_hex(8)}"
        try:
            removed.mkdir(exist_ok=True)
            if not _is_folder(removed):
                return f"{removed} is no folder"
            with contextlib.suppress(FileNotFoundError):
                path.rename(target)
        except OSError as error:
            return f"{path}: {error.strerror}"
        return _emptied(target)

    def clear(self) -> None:
        removed = self.folder / _REMOVED
        for name in self._names(_REMOVED):
            _emptied(removed / name)


def _real(path: Path) -> Path:
    return Path(os.path.realpath(path))


def _is_folder(path: Path) -> bool:
    try:
        return stat.S_ISDIR(path.lstat().st_mode)
    except OSError:
        return False


def _statuses(path: Path) -> Iterator[os.stat_result]:
    """Yield the status of a path and of all below it; links are not followed."""
    with contextlib.suppress(OSError):
        yield path.lstat()
        for folder, folders, files in os.walk(path) if _is_folder(path) else ():
            for name in (*folders, *files):
                with contextlib.suppress(OSError):
                    yield Path(folder, name).lstat()


def _emptied(path: Path) -> str:
    if _is_folder(path):
        remove_tree(path)
    else:
        with contextlib.suppress(OSError):
            path.unlink()
    return f"{path} could not be emptied" if os.path.lexists(path) else ""


@dataclass(frozen=True)
class RemotePlaces:
    """Places below the URL of an object store, by one listing of all objects in it."""

    url: str

    def place_of(self, uri: str) -> str:
        if not uri.startswith(f"{self.url}/"):
            return ""
        parts = uri[len(self.url) + 1 :].split("/")[:_DEPTH]
        return "/".join(parts) if _is_place(parts) else ""

    @cached_property
    def _found(self) -> Mapping[str, Measured]:
        found: dict[str, Measured] = {}
        for name, info in list_infos(self.url):
            parts = name.split("/")
            if parts[1:2] == [_STAGING] and len(parts) > 2 and _STAGED.fullmatch(parts[2]):
                place = "/".join(parts[:3])
            elif _is_place(parts[:_DEPTH]):
                place = "/".join(parts[:_DEPTH])
            else:
                continue
            known = found.get(place, Measured())
            size = known.size + int(info.get("size") or 0)
            found[place] = Measured(size, known.files + 1, max(known.newest, _written(info)))
        return found

    def outputs(self) -> list[str]:
        return [place for place in self._found if f"/{_STAGING}/" not in place]

    def staged(self) -> list[str]:
        return [place for place in self._found if f"/{_STAGING}/" in place]

    def measure(self, place: str) -> Measured:
        return self._found.get(place, Measured())

    def remove(self, place: str) -> str:
        try:
            remove(f"{self.url}/{place}")
        except PipelineError as error:
            return error.message
        return ""

    def clear(self) -> None:
        """Do nothing: what is gone is gone."""


def _written(info: Mapping[str, Any]) -> float:
    """Return when an object was written, as the listing says it; 0 where it does not."""
    for name in ("LastModified", "updated", "created", "mtime"):
        at = info.get(name)
        if isinstance(at, str):
            with contextlib.suppress(ValueError):
                at = datetime.fromisoformat(at.replace("Z", "+00:00"))
        if isinstance(at, datetime):
            return at.timestamp()
        if isinstance(at, int | float):
            return float(at)
    return 0.0
