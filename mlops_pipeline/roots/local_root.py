"""An artifact root that is a folder of this machine: outputs are moved into it.

Each output is moved to `<root>/<pipeline>/<node>/<output>/<execution id>`, on the same disk. The
name of the staging folder tells if that has begun, so that a process that finds the execution dead
can undo a half-done move.
"""

from __future__ import annotations

import contextlib
import os
import re
import shutil
import stat
from collections.abc import Iterator, Mapping, Sequence
from functools import cached_property
from pathlib import Path

from msgspec import Struct, field

from mlops_pipeline.errors import RootError
from mlops_pipeline.ir import OutputIR
from mlops_pipeline.roots.digests import StatCache, fsync, fsync_tree
from mlops_pipeline.roots.staging import OUTPUTS, ROOT, STAGING, Placed, sweep_attempts
from mlops_pipeline.settings import Verify
from mlops_pipeline.store import Execution, MetadataStore, Run

_MOVING = ".moving"
_NAME = re.compile(r"[A-Za-z0-9_][A-Za-z0-9_.+=@-]{0,127}")


class LocalRoot(Struct, frozen=True, dict=True):
    """A folder."""

    folder: Path
    verify: Verify = "stamp"
    facts: Mapping[str, str] = field(default_factory=dict)

    @property
    def url(self) -> str:
        """The folder as a path."""
        return str(self.folder)

    @cached_property
    def digests(self) -> StatCache:
        """Digests of files that have been read before, kept beside the artifacts.

        Without the folder, as before the first run, none are kept.
        """
        return StatCache(self.folder / ".digests.db", self.verify)

    def attempt(self, execution: Execution) -> LocalAttempt | None:
        """Return the folders of an execution, if it ever had some here."""
        if STAGING not in execution.properties or ROOT in execution.properties:
            return None
        return local_attempt(self.folder, execution)

    def forget_state(self, run: Run) -> None:
        """Remove what failed attempts of a run, which is complete now, left for later ones."""
        forget_state(self.folder, run)

    def sweep(self, pipeline: str, store: MetadataStore) -> list[Execution]:
        """Remove what ended executions left behind; returns those that are RUNNING."""
        names = local_names(self.folder / pipeline)
        return sweep_attempts(names, self.attempt, store) if names else []


def _unsafe_name(execution: Execution) -> str:
    """Return a name of an execution that would lead out of its folders; empty if there is none.

    Names come from a store, which may have been handed over.
    """
    outputs = execution.properties.get(OUTPUTS, ())
    names = [execution.pipeline, execution.run_id, str(execution.properties[STAGING])]
    for name in (*names, *map(str, outputs)):
        if not _NAME.fullmatch(name):
            return repr(name)
    node = execution.node_id
    return "" if all(map(_NAME.fullmatch, node.split("."))) else repr(node)


def local_attempt(root: Path, execution: Execution) -> LocalAttempt:
    """Return the folders of an execution below a folder of this machine.

    Raises:
        RootError: the store has given it a name that leads elsewhere.
    """
    if name := _unsafe_name(execution):
        raise RootError(
            f"execution {execution.id} is called {name}, which is no name of a folder",
            hint="its store was not written by mlops-pipeline alone: nothing is written or removed",
        )
    pipeline_root = root / execution.pipeline
    name = f"{execution.id}-{execution.properties[STAGING]}"
    # The node with its iteration, as a part of a path.
    node = "-".join([execution.node_id, *map(str, execution.iteration)])
    return LocalAttempt(
        execution,
        pipeline_root,
        name,
        folder=pipeline_root / ".staging" / name,
        moving=pipeline_root / ".staging" / f"{name}{_MOVING}",
        log=pipeline_root / f".logs/{execution.run_id}/{node}.{execution.attempt}.log",
        state=pipeline_root / f".state/{execution.run_id}/{node}",
    )


class LocalAttempt(Struct, frozen=True):
    """The folders of one execution; its outputs are moved on the same disk.

    Args:
        pipeline_root: `<root>/<pipeline>`.
        moving: the name of the folder once outputs are being moved from it.
    """

    execution: Execution
    pipeline_root: Path
    name: str
    folder: Path
    moving: Path
    log: Path
    state: Path

    def begin(self) -> None:
        """Make a folder for each output; what earlier attempts left as state is there."""
        self.folder.mkdir(parents=True)
        for output in self.execution.properties[OUTPUTS]:
            (self.folder / output).mkdir()

    def keep_log(self) -> str:
        """Return where the log is: it stays where it was written."""
        return str(self.log)

    def link_in(self, output: str) -> Path | None:
        """Return a link in an output that leads nowhere once the output is moved."""
        place = self.folder / output
        for link in _links(place):
            said = link.readlink()
            target = Path(os.path.normpath(link.parent / said))
            moves_along = target.is_relative_to(place) and not said.is_absolute()
            if target.is_relative_to(self.folder) and not moves_along:
                return link
        return None

    @property
    def is_moving(self) -> bool | None:
        """True if outputs are being moved; None if there is no folder to tell."""
        if self.moving.exists():
            return True
        return False if self.folder.exists() else None

    def publish(self, outputs: Sequence[OutputIR], digests: Mapping[str, str]) -> dict[str, Placed]:
        """Move each output to where it is kept."""
        self.folder.rename(self.moving)
        places = {}
        for output in self.execution.properties[OUTPUTS]:
            place, other = self._places(output)
            # Another store that shares the root may have given out the same number.
            place = other if place.exists() else place
            _make_writable(self.moving / output)
            try:
                (self.moving / output).rename(place)
            except FileNotFoundError:
                # The first of its kind.
                place.parent.mkdir(parents=True, exist_ok=True)
                (self.moving / output).rename(place)
            places[output] = place
        # After the move, so that the file system commits names and contents together, once.
        for place in places.values():
            fsync_tree(place)
            fsync(str(place.parent))
        return {each.name: Placed(str(each.path_in(places[each.name]))) for each in outputs}

    def _places(self, output: str) -> tuple[Path, Path]:
        """Return the final path of an output, and another one if that exists."""
        folder = self.pipeline_root / f"{self.execution.node_id}/{output}"
        return folder / str(self.execution.id), folder / self.name

    def discard(self) -> None:
        """Remove everything that the execution wrote, moved or not."""
        if self.moving.exists():
            for output in self.execution.properties[OUTPUTS]:
                # Not moved from staging: the final path belongs to another execution.
                if not (self.moving / output).exists():
                    place, other = self._places(output)
                    # Moved back at once: whoever is killed here, and begins again, sees that.
                    with contextlib.suppress(FileNotFoundError):
                        (other if other.exists() else place).rename(self.moving / output)
            # From here on nothing has been moved, should this be the next to be interrupted.
            # Somebody else may be at the same.
            with contextlib.suppress(FileNotFoundError):
                self.moving.rename(self.folder)
        remove_tree(self.folder)

    def end(self) -> None:
        """Remove the staging folder and the state, once the outputs are recorded."""
        for folder in (self.moving, self.folder, self.state):
            try:
                os.rmdir(folder)  # noqa: PTH106 - the usual case, and the fastest
            except FileNotFoundError:
                continue
            except OSError:
                remove_tree(folder)

    def keep_state(self) -> None:
        """Do nothing: the folder is local."""


def _links(place: Path) -> Iterator[Path]:
    """Yield the links below a path, and itself."""
    if place.is_symlink():
        yield place
        return
    folders = [str(place)] if place.is_dir() else []
    while folders:
        with os.scandir(folders.pop()) as found:
            for entry in found:
                if entry.is_symlink():
                    yield Path(entry.path)
                elif entry.is_dir(follow_symlinks=False):
                    folders.append(entry.path)


def forget_state(root: Path, run: Run) -> None:
    """Remove the states of a run below a folder of this machine."""
    states = states_of(run)
    if states and (root / states).is_dir():
        remove_tree(root / states)


def states_of(run: Run) -> str:
    """Return the folder of a run's states below a root; empty if its names lead elsewhere."""
    if _NAME.fullmatch(run.pipeline) and _NAME.fullmatch(run.id):
        return f"{run.pipeline}/.state/{run.id}"
    return ""


def remove_tree(folder: Path) -> None:
    """Remove a folder with all that is in it, even what is read-only."""
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


def local_names(pipeline_root: Path) -> set[str]:
    """Return the names of the executions that have a staging folder."""
    folder = pipeline_root / ".staging"
    if not folder.is_dir():
        return set()
    return {entry.name.removesuffix(_MOVING) for entry in folder.iterdir()}
