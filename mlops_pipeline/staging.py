"""Where executors write, and how what they wrote becomes visible: all of it or nothing.

An execution writes into a staging folder of its own. Under a root on this machine, each output is
moved to `<root>/<pipeline>/<node>/<output>/<execution id>`. The name of the staging folder tells
whether that has begun, so that whoever finds the execution dead can undo a half-done move.
"""

from __future__ import annotations

import contextlib
import os
import shutil
import stat
import sys
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path
from typing import Protocol

from mlops_pipeline.artifacts import VALUE_TYPES
from mlops_pipeline.content import fsync_names, fsync_tree
from mlops_pipeline.ir import OutputIR
from mlops_pipeline.store import Execution, MetadataStore, State

STAGING = "staging"
"""Execution property that makes the name of the staging folder unique across stores."""

OUTPUTS = "outputs"
"""Execution property that lists the outputs that are staged."""

_MOVING = ".moving"

_VALUE_FILE = "value"


def step(name: str, node_id: str) -> None:
    """Tell audit hooks (`sys.addaudithook`) how far a node is: the event is `mlops.step`."""
    sys.audit("mlops.step", name, node_id)


@dataclass(frozen=True)
class Placed:
    """Where an output is kept from now on.

    Args:
        tag: what an object store says of the content; empty where it says nothing that is sure.
    """

    uri: str
    tag: str = ""


class Staging(Protocol):
    """What one execution writes, until it is published."""

    @property
    def name(self) -> str:
        """`<execution id>-<nonce>`: unique, even where two stores share a root."""

    @property
    def folder(self) -> Path:
        """What the execution may write below."""

    def output(self, output: str) -> Path:
        """Where an output is written."""

    def create(self, outputs: Iterable[str]) -> None:
        """Make the folders."""

    def link_in(self, output: str) -> Path | None:
        """A link in an output that leads nowhere once the output is placed, if there is one."""

    def place(self, outputs: Sequence[OutputIR], digests: Mapping[str, str]) -> dict[str, Placed]:
        """Bring each output to its place for good; `undo` takes it back.

        Args:
            digests: of the outputs, by name.
        """

    def undo(self) -> None:
        """Remove everything that the execution wrote, placed or not."""

    def remove(self) -> None:
        """Remove what is left, once the outputs are published."""


@dataclass(frozen=True)
class LocalStaging:
    """The folders of one execution; its outputs are moved to places on the same disk.

    Args:
        pipeline_root: `<root>/<pipeline>`.
    """

    pipeline_root: Path
    execution: Execution

    @cached_property
    def name(self) -> str:
        """`<execution id>-<nonce>`: unique, even where two stores share a root."""
        return f"{self.execution.id}-{self.execution.properties[STAGING]}"

    @cached_property
    def folder(self) -> Path:
        """What the execution may write below."""
        return self.pipeline_root / f".staging/{self.name}"

    @cached_property
    def _moving(self) -> Path:
        return self.folder.with_name(self.name + _MOVING)

    def output(self, output: str) -> Path:
        """Where an output is written."""
        return self.folder / output

    def create(self, outputs: Iterable[str]) -> None:
        """Make the folders."""
        self.folder.mkdir(parents=True)
        for output in outputs:
            self.output(output).mkdir()

    def place(self, outputs: Sequence[OutputIR], digests: Mapping[str, str]) -> dict[str, Placed]:
        """Move each output to its place."""
        places = self._move()
        # After the move, so that the file system commits names and contents together, once.
        for place in places.values():
            fsync_tree(place)
            fsync_names(place.parent)
        return {each.name: Placed(str(artifact_path(places[each.name], each))) for each in outputs}

    def begin(self) -> Path:
        """Note that outputs are being placed; returns the folder that they lie in from now on."""
        self.folder.rename(self._moving)
        return self._moving

    @property
    def has_begun(self) -> bool | None:
        """Whether outputs are being placed; None if there is no folder here that tells."""
        if self._moving.exists():
            return True
        return False if self.folder.exists() else None

    def _move(self) -> dict[str, Path]:
        places = {}
        self.begin()
        for output in self.execution.properties[OUTPUTS]:
            place = self._place(output, taken=False)
            written = self._moving / output
            _make_writable(written)
            try:
                written.rename(place)
            except FileNotFoundError:
                # The first of its kind.
                place.parent.mkdir(parents=True, exist_ok=True)
                written.rename(place)
            places[output] = place
        return places

    def _place(self, output: str, *, taken: bool) -> Path:
        """Where an output goes, or where it went."""
        folder = self.pipeline_root / f"{self.execution.node_id}/{output}"
        place, other = folder / str(self.execution.id), folder / self.name
        # Another store that shares the root may have given out the same number.
        return other if (other.exists() if taken else place.exists()) else place

    def undo(self) -> None:
        """Remove everything that the execution wrote, moved or not."""
        if self._moving.exists():
            for output in self.execution.properties[OUTPUTS]:
                # What still lies in staging was not moved: the place then is somebody else's.
                if not (self._moving / output).exists():
                    _remove_tree(self._place(output, taken=True))
            # From here on nothing has been moved, should this be the next to be interrupted.
            # Somebody else may be at the same.
            with contextlib.suppress(FileNotFoundError):
                self._moving.rename(self.folder)
        _remove_tree(self.folder)

    def link_in(self, output: str) -> Path | None:
        """A link in an output that leads nowhere once the output is moved, if there is one."""
        place = self.output(output)
        for link in _links(place):
            said = link.readlink()
            target = Path(os.path.normpath(link.parent / said))
            moves_along = target.is_relative_to(place) and not said.is_absolute()
            if target.is_relative_to(self.folder) and not moves_along:
                return link
        return None

    def remove(self) -> None:
        """Remove the staging folder, once its outputs are published."""
        for folder in (self._moving, self.folder):
            if folder.exists():
                _remove(folder)


def _links(place: Path) -> Iterator[Path]:
    """The links below a place, and itself."""
    if place.is_symlink():
        yield place
    elif place.is_dir():
        for found in _entries(str(place)):
            if found.is_symlink():
                yield Path(found.path)


def _entries(folder: str) -> Iterator[os.DirEntry[str]]:
    with os.scandir(folder) as found:
        for entry in found:
            yield entry
            if entry.is_dir(follow_symlinks=False):
                yield from _entries(entry.path)


def _remove(folder: Path) -> None:
    try:
        os.rmdir(folder)  # noqa: PTH106 - the usual case, and the fastest
    except OSError:
        _remove_tree(folder)


def _remove_tree(folder: Path) -> None:
    shutil.rmtree(folder, ignore_errors=True)
    if folder.is_dir():
        _make_writable(folder)
        for path, folders, _ in os.walk(folder):
            for name in folders:
                _make_writable(Path(path, name))
        shutil.rmtree(folder, ignore_errors=True)


def _make_writable(folder: Path) -> None:
    """Let the owner move and empty a folder, which may be the copy of a read-only one."""
    with contextlib.suppress(OSError):
        mode = folder.lstat().st_mode
        if stat.S_ISDIR(mode) and mode & stat.S_IRWXU != stat.S_IRWXU:
            folder.chmod(mode | stat.S_IRWXU)


def artifact_path(folder: Path, output: OutputIR) -> Path:
    """What the URI of an artifact names: the folder of its output, or the one file of a value."""
    is_value = output.value or output.type in VALUE_TYPES
    return folder / _VALUE_FILE if is_value else folder


def local_names(pipeline_root: Path) -> set[str]:
    """The names of the executions that have a staging folder."""
    folder = pipeline_root / ".staging"
    if not folder.is_dir():
        return set()
    return {entry.name.removesuffix(_MOVING) for entry in folder.iterdir()}


def sweep(
    names: set[str], staging_of: Callable[[Execution], Staging | None], store: MetadataStore
) -> list[Execution]:
    """Remove what ended executions of this store left behind.

    Args:
        names: of the executions that left something.

    Returns:
        The executions that own the others: they are RUNNING.
    """
    ids = [int(name.split("-")[0]) for name in names if name.split("-")[0].isdigit()]
    running = []
    for execution in store.executions(ids) if ids else ():
        staging = staging_of(execution)
        if staging is None or staging.name not in names:
            continue
        if execution.state is State.RUNNING:
            running.append(execution)
        elif execution.published:
            staging.remove()
        else:
            staging.undo()
    return running
