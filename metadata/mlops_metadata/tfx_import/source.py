"""Reads all that a metadata store of TFX holds, in either of its two layouts.

The portable launcher writes contexts `pipeline_run` and `node`; Airflow, notebooks and TFX before
2021 write contexts `run` and `component_run`, and say the rest in properties of the execution.
"""

from __future__ import annotations

import hashlib
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field
from functools import partial
from pathlib import Path
from urllib.parse import quote

from mlops_metadata.engine import Database, KnownTypes, Places, Session, SqlStore
from mlops_metadata.engine.locations import locate
from mlops_metadata.layout.records import RUN
from mlops_metadata.layout.rows import TypeRow
from mlops_metadata.tfx_import.snapshot import open_copy
from mlops_pipeline.errors import StoreError
from mlops_pipeline.store import ArtifactRecord, ArtifactType, Direction, Event, Execution
from mlops_pipeline.uris import with_home, without_password

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
        database: the open database, which is only read.
        name: what to call it.
    """

    def __init__(self, database: Database, name: str) -> None:
        self.name = name
        self._database = database
        self._store = SqlStore(database)
        self._types = KnownTypes(database)
        self._places = Places(self._types)

    def identity(self) -> str:
        """Return a text that identifies this store, wherever it is and however it grows."""
        digest = hashlib.sha256()
        for table in ("Context", "Execution"):
            for first in self._database.read(partial(self._first_of, table=table)):
                digest.update(repr(first).encode())
        return digest.hexdigest()[:12]

    def _first_of(self, session: Session, table: str) -> list[tuple[int, str, str, int]]:
        rows = session.rows(
            f"SELECT id, type_id, name, create_time_since_epoch FROM {table} ORDER BY id LIMIT 1"
        )
        name_of = self._types.names(session)
        return [(each, name_of(kind), name or "", made) for each, kind, name, made in rows]

    def types(self) -> list[ArtifactType]:
        """Return the artifact types, without those that only MLMD itself uses."""
        return [
            ArtifactType(kind.name, kind.base.capitalize() or None, _properties(kind))
            for kind in self._database.read(self._types.artifacts)
            if not kind.name.startswith("mlmd.")
        ]

    def steps(self) -> Iterator[Step]:
        """Yield the executions, oldest first."""
        rows = self._database.read(lambda s: s.rows("SELECT id FROM Execution ORDER BY id"))
        ids = [each for (each,) in rows]
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

        def above(session: Session) -> list[tuple[str, str]]:
            found = self._places.id(session, RUN, run_id)
            return self._places.parents(session, found) if found else []

        return next((name for kind, name in self._database.read(above) if kind == RUN), "")


def _properties(kind: TypeRow) -> dict[str, str]:
    names = {name: value.name for name, value in kind.properties.items()}
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
    if "://" in text and not text.startswith("sqlite:"):
        raise StoreError(
            f"{without_password(text)} is not a file: stores of TFX are imported from SQLite files",
            hint="a database of ML Metadata is a store as it is: name it with --store, or copy it "
            "with `mlops metadata copy`",
        )
    is_url = text.startswith("sqlite:")
    url = text if is_url else f"sqlite:///{quote(str(with_home(text).absolute()))}"
    location = locate(url)
    with open_copy(location) as database:
        yield Source(database, str(location.path))
