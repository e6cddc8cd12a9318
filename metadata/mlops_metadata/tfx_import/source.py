"""Reads all that a metadata store of TFX holds, in either of its two layouts.

The portable launcher writes contexts `pipeline_run` and `node`; Airflow, notebooks and TFX before
2021 write contexts `run` and `component_run`, and say the rest in properties of the execution.
"""

from __future__ import annotations

import hashlib
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any
from urllib.parse import quote

from mlops_metadata.connection import Connection
from mlops_metadata.layout.records import RUN
from mlops_metadata.library import pb, request, service
from mlops_metadata.mlmd import MlmdStore
from mlops_metadata.paging import PAGE, newest
from mlops_metadata.sqlite_file import locate, open_copy
from mlops_pipeline.store import ArtifactRecord, ArtifactType, Direction, Event, Execution

_CHUNK = 200
"""Executions that are read at once."""


@dataclass(frozen=True)
class Step:
    """An execution with all that it read and wrote, by input and output."""

    execution: Execution
    inputs: Mapping[str, Sequence[ArtifactRecord]] = field(default_factory=dict)
    outputs: Mapping[str, Sequence[ArtifactRecord]] = field(default_factory=dict)


class Source:
    """A store of TFX.

    Args:
        connection: the open database, which is only read.
    """

    def __init__(self, connection: Connection) -> None:
        self.name = connection.name
        self._connection = connection
        self._store = MlmdStore(connection)

    def identity(self) -> str:
        """Return a text that identifies this store, wherever it is and however it grows."""
        digest = hashlib.sha256()
        for method, field_name in (("GetContexts", "contexts"), ("GetExecutions", "executions")):
            message = request(method)
            message.options.max_result_size = 1
            message.options.order_by_field.field = pb.ListOperationOptions.OrderByField.ID
            message.options.order_by_field.is_asc = True
            for first in getattr(self._connection.read(method, message), field_name):
                first_record = (first.id, first.type, first.name, first.create_time_since_epoch)
                digest.update(repr(first_record).encode())
        return digest.hexdigest()[:12]

    def types(self) -> list[ArtifactType]:
        """Return the artifact types, without those that only MLMD itself uses."""
        response = self._connection.read("GetArtifactTypes", service.GetArtifactTypesRequest())
        return [
            ArtifactType(kind.name, _base_type(kind), _properties(kind))
            for kind in response.artifact_types
            if not kind.name.startswith("mlmd.")
        ]

    def steps(self) -> Iterator[Step]:
        """Yield the executions, oldest first."""
        listing = newest(
            self._connection, "GetExecutions", service.GetExecutionsRequest(), "executions", PAGE
        )
        ids = sorted(message.id for message in listing)
        for start in range(0, len(ids), _CHUNK):
            yield from self._read(ids[start : start + _CHUNK])

    def _read(self, ids: Sequence[int]) -> Iterator[Step]:
        events = self._store.events_by_execution(ids)
        known = {a.id: a for a in self._store.artifacts({event.artifact_id for event in events})}
        for execution in self._store.executions(ids):
            own = [e for e in events if e.execution_id == execution.id and e.artifact_id in known]
            inputs = _by_key(own, Direction.INPUT, known)
            yield Step(execution, inputs, _by_key(own, Direction.OUTPUT, known))

    def base_run(self, run_id: str) -> str:
        """Return the run that a partial run goes on from; empty if there is none."""
        message = service.GetContextByTypeAndNameRequest()
        message.type_name, message.context_name = RUN, run_id
        found = self._connection.read("GetContextByTypeAndName", message)
        if not found.HasField("context"):
            return ""
        message = service.GetParentContextsByContextRequest()
        message.context_id = found.context.id
        parents = self._connection.read("GetParentContextsByContext", message).contexts
        return next((parent.name for parent in parents if parent.type == RUN), "")


def _base_type(kind: Any) -> str | None:
    if not kind.base_type:
        return None
    return str(pb.ArtifactType.SystemDefinedBaseType.Name(kind.base_type)).capitalize()


def _properties(kind: Any) -> dict[str, str]:
    names = {name: pb.PropertyType.Name(value) for name, value in kind.properties.items()}
    # Of others (structs and protos) no more is known than that they are custom properties here.
    return {name: value for name, value in names.items() if value in ("INT", "DOUBLE", "STRING")}


def _by_key(
    events: Sequence[Event], direction: Direction, known: Mapping[int, ArtifactRecord]
) -> dict[str, list[ArtifactRecord]]:
    found: dict[str, list[ArtifactRecord]] = {}
    for event in sorted(events, key=lambda event: (event.key, event.index)):
        if event.direction is direction:
            found.setdefault(event.key, []).append(known[event.artifact_id])
    return found


@contextmanager
def open_source(source: str | Path) -> Iterator[Source]:
    """Open a store of TFX: a SQLite file, or its URL.

    Raises:
        StoreError: it cannot be read; the message says why.
    """
    text = str(source)
    url = text if text.startswith("sqlite:") else f"sqlite:///{quote(str(Path(text).absolute()))}"
    with open_copy(locate(url)) as connection:
        yield Source(connection)
