"""Restore the code of a run into a work tree, beside links to the data that it lies with today."""

from __future__ import annotations

import json
import os
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path, PurePosixPath

from mlops_pipeline.errors import NotFoundError, PipelineError
from mlops_pipeline.snapshot import Snapshot, is_own_snapshot, read_bundles, read_snapshot
from mlops_pipeline.store import MetadataStore, Run

NOT_RECORDED = (
    "no snapshot: the run was recorded before runs kept one, or its folder could not be read; the "
    "sources are those of its cache keys, without settings, lock file and packages"
)

_PROGRAMS = (".py", ".pyi", ".pyc")


@dataclass(frozen=True)
class WorkTree:
    """Code that was restored.

    Args:
        moved: the folders of the run, and where each is now.
        missing: what could not be restored, in words.
    """

    folder: Path
    moved: Mapping[str, str]
    snapshot: Snapshot | None = None
    missing: tuple[str, ...] = ()

    def path(self, old: str) -> str:
        """Return where a path of the run is in the work tree; itself if it is elsewhere."""
        for folder, new in sorted(self.moved.items(), key=lambda each: -len(each[0])):
            if f"{old}/".startswith(f"{folder}/"):
                return new + old[len(folder) :]
        return old

    @property
    def lock(self) -> Path | None:
        """The lock file of the run, if it was restored."""
        if self.snapshot is None or not self.snapshot.lock:
            return None
        number, _, rest = self.snapshot.lock.partition("/")
        if not number.isdecimal() or int(number) >= len(self.snapshot.places):
            return None
        found = Path(self.moved[self.snapshot.places[int(number)]]) / rest
        return found if found.is_file() else None


def restore_code(
    store: MetadataStore, run: Run, folder: Path, *, trust: bool = False, again: bool = False
) -> WorkTree:
    """Restore the sources of a run.

    Args:
        folder: is made; it has to be empty if it is there.
        trust: take code that somebody else has recorded.
        again: the folder has the code of this run already, and is left as it is.

    Raises:
        PipelineError: the folder is not empty, or the code is not this user's.
        NotFoundError: the store has lost the code.
    """
    snapshot = read_snapshot(store, run)
    if not trust and not (snapshot and is_own_snapshot(run)):
        raise PipelineError(
            f"the code of run {run.id} is not known to be yours: anybody may have written it into "
            "the store",
            hint="look at it with `mlops repeat RUN --only-restore --trust --into DIR`; "
            "with --trust it is run",
        )
    places = snapshot.places if snapshot else _places_of(run)
    moved = _moved(places, folder)
    if again:
        return WorkTree(folder, moved, snapshot)
    if folder.exists() and (not folder.is_dir() or any(folder.iterdir())):
        raise PipelineError(f"{folder} is not empty", hint="name a new folder for the work tree")
    for each in (folder, *map(Path, moved.values())):
        each.mkdir(parents=True, exist_ok=True)
    missing: list[str] = []
    if snapshot is None:
        missing.append(NOT_RECORDED)
    else:
        missing += _write_files(store, snapshot, moved)
        missing += [f"{name}: {why}" for name, why in snapshot.left_out.items()]
    _write_reached(store, run, moved)
    for old, new in moved.items():
        _link_data(Path(old), Path(new))
    return WorkTree(folder, moved, snapshot, tuple(missing))


def _places_of(run: Run) -> tuple[str, ...]:
    base = str(run.properties.get("base_dir") or "")
    paths = [base, *map(str, run.properties.get("import_paths") or ())]
    found = tuple(dict.fromkeys(each for each in paths if each.startswith("/")))
    if not found:
        raise NotFoundError(
            f"run {run.id} has no snapshot, and its record names no folder of its code",
            hint="it was written by another program: only runs of `mlops` can be repeated",
        )
    return found


def _moved(places: tuple[str, ...], folder: Path) -> dict[str, str]:
    """Return where each place goes: as they lay to each other, below the folder."""
    clean = {place: os.path.normpath(f"/{place}") for place in places}
    top = os.path.commonpath(list(clean.values())) if clean else "/"
    return {
        place: os.path.normpath(folder / os.path.relpath(where, top))
        for place, where in clean.items()
    }


def _write_files(
    store: MetadataStore, snapshot: Snapshot, moved: Mapping[str, str]
) -> Iterator[str]:
    """Write the files of a snapshot; yields those that cannot be, in words."""
    contents = read_bundles(store, snapshot)
    for name, digest in sorted(snapshot.files.items()):
        number, _, rest = name.partition("/")
        parts = PurePosixPath(rest).parts
        fits = number.isdecimal() and int(number) < len(snapshot.places) and parts
        if not fits or rest.startswith("/") or ".." in parts or "\0" in rest:
            yield f"{name!r}: its name leads out of the work tree"
        elif digest not in contents:
            yield f"{name}: the store has lost it"
        else:
            path = Path(moved[snapshot.places[int(number)]]).joinpath(*parts)
            try:
                path.parent.mkdir(parents=True, exist_ok=True)
                path.write_bytes(contents[digest])
            except OSError as error:
                yield f"{name}: it cannot be written: {(error.strerror or str(error)).lower()}"


def _write_reached(store: MetadataStore, run: Run, moved: Mapping[str, str]) -> None:
    """Write the sources that cache keys of the run name, where the snapshot does not have them."""
    folder = next(iter(moved.values()))
    for execution in store.executions_of_run(run.id):
        for name, document in _sources_of(execution.manifest).items():
            file = name.partition("::")[0]
            parts = PurePosixPath(file).parts
            if not file.endswith(".py") or ".." in parts or file.startswith("/") or "\0" in file:
                continue
            if any(Path(each, file).exists() for each in moved.values()):
                continue
            text = store.get_document(document)
            if text is not None:
                path = Path(folder, *parts)
                path.parent.mkdir(parents=True, exist_ok=True)
                path.write_text(text, "utf-8", "surrogateescape")


def _sources_of(manifest: str) -> dict[str, str]:
    try:
        sources = json.loads(manifest or "{}")["sources"]
        return {str(name): str(document) for name, document in sources.items()}
    except (ValueError, KeyError, TypeError, AttributeError, RecursionError):
        return {}


def _link_data(old: Path, new: Path) -> None:
    """Link what lies beside the code and is none: relative paths of a pipeline lead to it."""
    try:
        entries = sorted(old.iterdir())
    except OSError:
        return
    for entry in entries:
        here = new / entry.name
        if entry.name.startswith(".") or entry.name == "__pycache__":
            continue
        if here.is_dir() and not here.is_symlink() and entry.is_dir():
            _link_data(entry, here)
        elif not here.exists() and not entry.name.endswith(_PROGRAMS) and not _has_programs(entry):
            here.symlink_to(entry)


def _has_programs(path: Path) -> bool:
    try:
        return path.is_dir() and any(each.name.endswith(_PROGRAMS) for each in path.iterdir())
    except OSError:
        return True
