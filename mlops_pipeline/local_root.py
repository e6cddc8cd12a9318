"""An artifact root that is a folder of this machine: outputs are moved into it."""

from __future__ import annotations

import shutil
from collections.abc import Mapping
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path

from mlops_pipeline.content import StatCache
from mlops_pipeline.staging import STAGING, LocalStaging, local_names, sweep
from mlops_pipeline.store import NOTHING, Execution, MetadataStore

ROOT = "root"
"""Execution property that names the root, where that is not on this machine."""


@dataclass(frozen=True)
class LocalRoot:
    """A folder."""

    folder: Path

    @property
    def url(self) -> str:
        """The folder as a path."""
        return str(self.folder)

    @property
    def facts(self) -> Mapping[str, str]:
        """What an execution says of the root: nothing, for it is on the machine of its process."""
        return NOTHING

    @cached_property
    def digests(self) -> StatCache:
        """Digests of files that have been read before, kept beside the artifacts."""
        self.folder.mkdir(parents=True, exist_ok=True)
        return StatCache(self.folder / ".digests.db")

    def staging(self, execution: Execution) -> LocalStaging | None:
        """The staging folder of an execution, if it ever had one here."""
        if STAGING not in execution.properties or ROOT in execution.properties:
            return None
        return LocalStaging(self.folder / execution.pipeline, execution)

    def sweep(self, pipeline: str, store: MetadataStore) -> list[Execution]:
        """Remove what ended executions left behind; returns those that are RUNNING."""
        return sweep(local_names(self.folder / pipeline), self.staging, store)

    def log_path(self, execution: Execution) -> Path:
        """Where the output of an executor is written."""
        return log_path(self.folder, execution)

    def keep_log(self, execution: Execution, path: Path) -> str:
        """The output of an executor stays where it was written."""
        return str(path)

    def state_dir(self, execution: Execution) -> Path:
        """The folder that later attempts of the same node in the same run find again."""
        return state_dir(self.folder, execution)

    def bring_state(self, execution: Execution, folder: Path) -> None:
        """What earlier attempts left in the folder is there."""

    def keep_state(self, execution: Execution, folder: Path) -> None:
        """What a failed attempt left in the folder stays there."""

    def drop_state(self, execution: Execution, folder: Path) -> None:
        """Remove the folder: the node has succeeded."""
        shutil.rmtree(folder, ignore_errors=True)


def log_path(folder: Path, execution: Execution) -> Path:
    """Where the output of an executor is written, below a folder."""
    name = f"{place_name(execution)}.{execution.attempt}.log"
    return folder / f"{execution.pipeline}/.logs/{execution.run_id}/{name}"


def state_dir(folder: Path, execution: Execution) -> Path:
    """The folder for what outlasts an attempt, below a folder."""
    return folder / f"{execution.pipeline}/.state/{execution.run_id}/{place_name(execution)}"


def place_name(execution: Execution) -> str:
    """The node of an execution with its place in the loops, as a part of a path."""
    return "-".join([execution.node_id, *map(str, execution.iteration)])
