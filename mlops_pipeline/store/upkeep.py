"""Upkeep of a store: backup of its file, what does not fit in its tables, copies.

The package of the stores does it, imported when asked.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any, TypeVar

from mlops_pipeline.store.protocol import MetadataStore
from mlops_pipeline.store.records import ArtifactRecord, Execution
from mlops_pipeline.user_code import load_target

T = TypeVar("T")

_PACKAGE = "mlops_metadata.upkeep"

FIRST = 5
"""Number of rows that a check names."""


@dataclass(frozen=True)
class Backup:
    """A copy of a store that was read back.

    Args:
        store: file of the store.
        file: file of the copy.
        size: bytes of the copy.
        rows: number of rows by table, the same in both.
    """

    store: Path
    file: Path
    size: int
    rows: Mapping[str, int]


@dataclass(frozen=True)
class StoreCheck:
    """One thing that has to be so in a store, and the rows in which it is not.

    Args:
        name: the rule, such as `events lead to artifacts`.
        table: that whose rows were looked at; empty for what is no table.
        rows: how many there are.
        misfits: how many do not fit.
        first: names of the first ones that do not fit.
        removed: how many of these were removed.
        removable: whether a repair removes such rows.
    """

    name: str
    table: str
    rows: int
    misfits: int
    first: tuple[str, ...] = ()
    removed: int = 0
    removable: bool = False

    @property
    def left(self) -> int:
        """Number of rows that still do not fit."""
        return self.misfits - self.removed


@dataclass(frozen=True)
class CopiedTable:
    """A table that is the same in a store and its copy.

    Args:
        rows: how many it has.
        new: how many of them were copied now.
        digest: SHA-256 of all rows.
    """

    table: str
    rows: int
    new: int
    digest: str


@dataclass(frozen=True)
class CopyStep:
    """How far a copy has come with a table.

    Args:
        act: `checking` what the target holds already, `copying`, or `comparing` both at the end.
        rows: how many rows of the table are done.
        total: how many it has.
    """

    act: str
    table: str
    rows: int
    total: int


def back_up(url: str, file: Path, *, replace: bool = False) -> Backup:
    """Copy the store in a SQLite file while it is used.

    Args:
        replace: take the place of an earlier backup.

    Raises:
        StoreError: the store cannot be read, the copy not be written; the message says why.
    """
    found: Backup = _load("back_up")(url, file, replace)
    return found


def check_tables(url: str, *, repair: bool = False) -> list[StoreCheck]:
    """Check that the rows of a store fit each other.

    Where the file of a store is damaged, nothing else is checked or repaired.

    Args:
        repair: remove the rows that belong to rows which are gone, all or none.

    Raises:
        StoreError: it cannot be opened, or is not in a database; the message says why.
    """
    found: list[StoreCheck] = _load("check_tables")(url, repair)
    return found


def running_executions(url: str) -> list[Execution]:
    """Return the executions that a store has as RUNNING; those of TFX are left out."""
    found: list[Execution] = _load("running_executions")(url)
    return found


def live_artifacts(url: str) -> Iterator[ArtifactRecord]:
    """Yield id, type and place of each artifact that a store has as LIVE."""
    found: Iterator[ArtifactRecord] = _load("live_artifacts")(url)
    return found


def marked_artifacts(url: str) -> Iterator[ArtifactRecord]:
    """Yield id, type and place of each artifact that is marked for removal and not yet removed."""
    found: Iterator[ArtifactRecord] = _load("marked_artifacts")(url)
    return found


def copy_store(
    source: str, target: str, told: Callable[[CopyStep], object] = lambda step: None
) -> list[CopiedTable]:
    """Copy a store into another database, which is empty or has the beginning of it.

    Args:
        source: URL of the store, of which one state is copied.
        target: URL of the copy, which is made where it is missing.
        told: called with each step, some 2,000 rows.

    Raises:
        StoreError: one cannot be opened, or the target holds something else; the message says why.
    """
    found: list[CopiedTable] = _load("copy_store")(source, target, told)
    return found


def all_at_once(url: str, work: Callable[[MetadataStore], T]) -> T:
    """Do work on a store as one transaction: all of it is recorded, or nothing.

    Args:
        url: URL of the store, which is made where it is missing.
        work: may be done again from its start, where the database asks for that.

    Raises:
        StoreError: it cannot be opened, or is not in a database; the message says why.
    """
    found: T = _load("all_at_once")(url, work)
    return found


def _load(name: str) -> Any:
    return load_target(f"{_PACKAGE}:{name}")
