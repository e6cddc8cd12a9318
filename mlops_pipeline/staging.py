"""Where executors write, and how what they wrote becomes visible: all of it or nothing.

An execution writes into a staging folder of its own. The publisher moves each output to
`<root>/<pipeline>/<node>/<output>/<execution id>`, after noting in a journal what it will move,
so that whoever finds the execution dead can undo a half-done move.
"""

from __future__ import annotations

import json
import shutil
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from pathlib import Path

from mlops_pipeline.store import Execution, MetadataStore, State

STAGING = "staging"
"""Execution property that makes the name of the staging folder unique across stores."""


@dataclass(frozen=True)
class Staging:
    """The folders of one execution.

    Args:
        pipeline_root: `<root>/<pipeline>`.
        name: name of the staging folder: unique, even where two stores share a root.
    """

    pipeline_root: Path
    name: str

    @property
    def folder(self) -> Path:
        """What the execution may write below."""
        return self.pipeline_root / ".staging" / self.name

    @property
    def scratch(self) -> Path:
        """A folder for temporary files."""
        return self.folder / ".scratch"

    def output(self, output: str) -> Path:
        """Where an output is written."""
        return self.folder / output

    @property
    def _journal(self) -> Path:
        return self.folder / ".moves.json"

    def create(self, outputs: Iterable[str]) -> None:
        """Make the folders."""
        self.scratch.mkdir(parents=True)
        for output in outputs:
            self.output(output).mkdir()

    def move(self, places: Mapping[str, Path]) -> None:
        """Move each output to its place; `undo` takes it back."""
        moves = {output: str(place) for output, place in places.items()}
        self._journal.write_text(json.dumps(moves))
        for output, place in places.items():
            place.parent.mkdir(parents=True, exist_ok=True)
            self.output(output).rename(place)

    def undo(self) -> None:
        """Remove everything that the execution wrote, moved or not."""
        if self._journal.exists():
            for output, place in json.loads(self._journal.read_text() or "{}").items():
                # What still lies in staging was not moved: the place then is somebody else's.
                if not self.output(output).exists():
                    shutil.rmtree(place, ignore_errors=True)
        self.remove()

    def remove(self) -> None:
        """Remove the staging folder."""
        shutil.rmtree(self.folder, ignore_errors=True)


def final_place(pipeline_root: Path, node_id: str, output: str, execution: Execution) -> Path:
    """Where an output of an execution goes: a folder that does not exist yet."""
    folder = pipeline_root / node_id / output
    place = folder / str(execution.id)
    # Another store that shares the root may have given out the same number.
    return folder / _name(execution) if place.exists() else place


def staging_of(root: Path, execution: Execution) -> Staging | None:
    """The staging folder of an execution, if it ever had one."""
    if STAGING not in execution.properties:
        return None
    return Staging(root / execution.pipeline, _name(execution))


def _name(execution: Execution) -> str:
    return f"{execution.id}-{execution.properties[STAGING]}"


def sweep(root: Path, pipeline: str, store: MetadataStore) -> None:
    """Remove the staging folders that ended executions of this store left behind."""
    folder = root / pipeline / ".staging"
    if not folder.is_dir():
        return
    names = {entry.name for entry in folder.iterdir()}
    ids = [int(name.split("-")[0]) for name in names if name.split("-")[0].isdigit()]
    for execution in store.executions(ids):
        staging = staging_of(root, execution)
        if staging is None or staging.name not in names or execution.state is State.RUNNING:
            continue
        if execution.state is State.COMPLETE:
            staging.remove()
        else:
            staging.undo()
