"""Artifacts and executions as other pages name them: one line, and enough for a link."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable
from dataclasses import dataclass
from typing import Any
from urllib.parse import urlencode

from mlops_pipeline.inspection import node_name
from mlops_pipeline.run_state import elapsed
from mlops_pipeline.store import ArtifactRecord, Direction, Execution, MetadataStore, State
from mlops_pipeline.ui.views.plain_values import finite

GONE = "not in the store"
"""The state of an artifact or execution that something names, and the store does not have."""


def address_of(page: str, **query: Any) -> str:
    """Return the address of a page, relative to the first one."""
    text = urlencode({name: str(value) for name, value in query.items()}, errors="replace")
    return f"{page or './'}?{text}" if text else page or "./"


@dataclass(frozen=True)
class ArtifactLink:
    """An artifact, as an input or output names it.

    Args:
        key: the input or output.
        state: `LIVE`, `DELETED`..., or `not in the store`.
    """

    id: int
    type: str = ""
    state: str = GONE
    key: str = ""
    uri: str = ""


@dataclass(frozen=True)
class ExecutionLink:
    """An execution: a node of a run, at one attempt.

    Args:
        key: by which input or output it is linked.
    """

    id: int
    run: str = ""
    pipeline: str = ""
    node: str = ""
    state: str = GONE
    started: float = 0.0
    seconds: float = 0.0
    key: str = ""


@dataclass(frozen=True)
class Links:
    """Artifacts that one execution read and wrote, in order."""

    inputs: tuple[ArtifactLink, ...] = ()
    outputs: tuple[ArtifactLink, ...] = ()


def artifact_link(record: ArtifactRecord, key: str = "") -> ArtifactLink:
    """Return the link of an artifact that the store has."""
    return ArtifactLink(record.id, record.type, str(record.state), key, record.uri)


def execution_link(execution: Execution, key: str = "") -> ExecutionLink:
    """Return the link of an execution that the store has."""
    return ExecutionLink(
        id=execution.id,
        run=execution.run_id,
        pipeline=execution.pipeline,
        node=node_name(execution),
        state=execution.state.value,
        started=finite(execution.started),
        seconds=seconds_of(execution),
        key=key,
    )


def seconds_of(execution: Execution) -> float:
    """Return the seconds that an execution took, so far if it is running."""
    started, finished = finite(execution.started), finite(execution.finished)
    if not finished and execution.state is not State.RUNNING:
        return 0.0
    return elapsed(started, finished)


def read_links(store: MetadataStore, execution_ids: Iterable[int]) -> dict[int, Links]:
    """Return what executions read and wrote, by execution; a row that is gone is a link, too."""
    ids = list(execution_ids)
    events = store.events_by_execution(ids) if ids else []
    records = {r.id: r for r in store.artifacts({event.artifact_id for event in events})}
    found: dict[tuple[int, Direction], list[ArtifactLink]] = defaultdict(list)
    for event in sorted(events, key=lambda e: (e.execution_id, e.key, e.index)):
        record = records.get(event.artifact_id)
        link = artifact_link(record, event.key) if record else None
        found[event.execution_id, event.direction].append(
            link or ArtifactLink(event.artifact_id, key=event.key)
        )
    return {
        each: Links(
            tuple(found.get((each, Direction.INPUT), ())),
            tuple(found.get((each, Direction.OUTPUT), ())),
        )
        for each in ids
    }
