"""All that a store holds, read at one moment, and artifacts marked as deleted on a condition.

The package of the stores does it, imported when asked.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any, NamedTuple

from mlops_pipeline.store.records import ArtifactRecord, Event, Execution, Run
from mlops_pipeline.user_code import load_target

_PACKAGE = "mlops_metadata.upkeep"


class Seen(NamedTuple):
    """An artifact as it was seen: if any of this has changed, somebody has used or changed it.

    Args:
        state: the number in its row.
        changed: when its row was last written, in milliseconds since 1970.
        uses: number of events with it.
    """

    state: int
    changed: int
    uses: int


@dataclass(frozen=True)
class Contents:
    """What a store holds; long texts and most properties are left out.

    Args:
        artifacts, executions: by id.
        runs: by id.
        seen: how each artifact was seen, by its id.
        changed: when the row of a run was last written, in milliseconds since 1970.
        marked: ids of artifacts that are marked as deleted, and whose files may still be there.
        damaged: what cannot be read, by name; the artifacts among them are here with their place.
    """

    artifacts: Mapping[int, ArtifactRecord] = field(default_factory=dict)
    executions: Mapping[int, Execution] = field(default_factory=dict)
    events: Sequence[Event] = ()
    runs: Mapping[str, Run] = field(default_factory=dict)
    seen: Mapping[int, Seen] = field(default_factory=dict)
    changed: Mapping[str, int] = field(default_factory=dict)
    marked: frozenset[int] = frozenset()
    damaged: Sequence[str] = ()


@dataclass(frozen=True)
class Doomed:
    """Artifacts in one place, which are deleted together or not at all.

    Args:
        place: the end of their path, from the pipeline to the execution.
        seen: how each was seen, by its id.
        note: when, why and by whom; kept with each.
    """

    place: str
    seen: Mapping[int, Seen]
    note: Mapping[str, Any]


@dataclass(frozen=True)
class Ended:
    """What is RUNNING in a store, and is known to have ended: it keeps nothing.

    Args:
        runs: by id, with the time in `Contents.changed`; one that goes on has another one.
        executions: by id, with the milliseconds of their last sign of life.
        newest: largest id of an artifact that was seen.
    """

    runs: Mapping[str, int] = field(default_factory=dict)
    executions: Mapping[int, int] = field(default_factory=dict)
    newest: int = 0


def read_contents(url: str) -> Contents:
    """Read a store, as it is at one moment.

    Raises:
        StoreError: it cannot be opened, or is not in a database; the message says why.
    """
    found: Contents = _load("read_contents")(url)
    return found


def mark_deleted(url: str, doomed: Sequence[Doomed], ended: Ended) -> list[Doomed]:
    """Mark artifacts as deleted, in one transaction; returns those that are marked now.

    Left as they are: artifacts that are not as they were seen, those that anything which runs has
    read or written, and those in a place that a new artifact is in, too.

    Raises:
        StoreError: the store cannot be written.
    """
    found: list[Doomed] = _load("mark_deleted")(url, doomed, ended)
    return found


def finish_deleted(url: str, ids: Sequence[int]) -> None:
    """Say of marked artifacts that their files are gone."""
    _load("finish_deleted")(url, ids)


def _load(name: str) -> Any:
    return load_target(f"{_PACKAGE}:{name}")
