"""One `put_execution`: an execution with its events, artifacts and contexts, in one transaction.

An update takes effect only on an execution that is RUNNING, so that of all who end it one does; and
a name is claimed by the unique index of the table. With all types known it is at most twelve
statements, its beginning and its end among them.
"""

from __future__ import annotations

import sys
import time
from collections.abc import Mapping, Sequence
from dataclasses import replace
from typing import Any

from msgspec import Struct, structs

from mlops_metadata.engine import reading, writing
from mlops_metadata.engine.known_types import KnownTypes
from mlops_metadata.engine.places import Learned, Places
from mlops_metadata.engine.session import Database, Session, UnclearError, chunks, marks
from mlops_metadata.layout import records
from mlops_metadata.layout.rows import (
    ArtifactCode,
    ArtifactRow,
    EventCode,
    EventRow,
    ExecutionCode,
    ExecutionRow,
)
from mlops_pipeline.errors import StoreError
from mlops_pipeline.store import (
    ArtifactRecord,
    DeletedArtifactError,
    Direction,
    Execution,
    StaleExecutionError,
    State,
)

Keys = list[tuple[str, int]]
"""Keys and indexes under which an artifact serves an execution."""


class Publication(Struct, frozen=True):
    """What puts executions into a store."""

    database: Database
    types: KnownTypes
    places: Places

    def prepare(
        self,
        execution: Execution,
        inputs: Mapping[str, Sequence[int]],
        outputs: Mapping[str, Sequence[ArtifactRecord]],
    ) -> Prepared:
        """Make rows of all that is to be written, before the transaction begins.

        Raises:
            StoreError: a value is not JSON.
        """
        any_text = self.database.any_text
        type_id = self.types.execution(execution.component)
        row = records.write_execution(execution, type_id, any_text=any_text)
        links: dict[tuple[Direction, int], Keys] = {}
        for key, ids in inputs.items():
            for index, artifact_id in enumerate(ids):
                links.setdefault((Direction.INPUT, artifact_id), []).append((key, index))
        new: list[ArtifactRecord] = []
        rows: list[ArtifactRow] = []
        events: list[EventRow] = []
        for key, found in outputs.items():
            for index, record in enumerate(found):
                if record.id:
                    known = (Direction.OUTPUT, record.id)
                    links.setdefault(known, []).append((key, index))
                    continue
                new.append(record)
                kind = self.types.artifact(record.type)
                rows.append(records.write_artifact(record, kind, any_text=any_text))
                events.append(records.write_event(Direction.OUTPUT, [(key, index)]))
        ends = bool(execution.id) and execution.state is not State.RUNNING
        if ends:
            rows = self._with_end(execution.id, rows)
        return Prepared(self, execution, outputs, row, links, new, rows, events)

    def _with_end(self, execution_id: int, rows: Sequence[ArtifactRow]) -> list[ArtifactRow]:
        """Let the end be seen by programs that have the store open through ML Metadata."""
        name = records.end_name(execution_id)
        if rows:
            return [structs.replace(rows[0], external_id=name), *rows[1:]]
        kind = self.types.artifact(records.END)
        return [ArtifactRow(kind.id, kind.name, external_id=name, state=ArtifactCode.ABANDONED)]


class Prepared(Struct, frozen=True):
    """An execution that is ready to be written.

    Args:
        links: known artifacts that it reads or writes.
        new: the artifacts that it makes; `rows` are theirs, and `events` those that go with them.
        only_live_of: the known artifacts that may not be deleted.
    """

    by: Publication
    execution: Execution
    outputs: Mapping[str, Sequence[ArtifactRecord]]
    row: ExecutionRow
    links: Mapping[tuple[Direction, int], Keys]
    new: Sequence[ArtifactRecord]
    rows: Sequence[ArtifactRow]
    events: Sequence[EventRow]
    only_live_of: frozenset[int] = frozenset()

    def put(
        self, session: Session, learned: Learned
    ) -> tuple[Execution, dict[str, list[ArtifactRecord]]]:
        """Write all of it; returns the execution and its outputs as stored.

        Raises:
            AlreadyExistsError: the name of the execution or of an output is taken.
            StaleExecutionError: the execution is no longer RUNNING.
            DeletedArtifactError: one of the known artifacts is deleted.
        """
        seconds = time.time()
        now = int(seconds * 1000)
        execution_id = self._put_row(session, now)
        links = self._new_links(session, execution_id)
        ids = writing.put_artifacts(session, self.rows, now)[: len(self.new)]
        events = [
            structs.replace(event, artifact_id=each, execution_id=execution_id)
            for event, each in zip(self.events, ids, strict=True)
        ]
        for (direction, artifact_id), keys in links.items():
            event = records.write_event(direction, keys)
            events.append(
                structs.replace(event, artifact_id=artifact_id, execution_id=execution_id)
            )
        writing.put_events(session, events, now)
        has_outputs = bool(self.outputs)
        contexts = self.by.places.attach(session, self.execution, has_outputs, learned, now)
        writing.link(session, "Association", "execution_id", contexts, [execution_id])
        used = list(dict.fromkeys([*ids, *(artifact_id for _, artifact_id in links)]))
        writing.link(session, "Attribution", "artifact_id", contexts, used)
        numbers = iter(ids)
        written = {
            key: [
                r if r.id else replace(r, id=next(numbers), created=r.created or seconds)
                for r in found
            ]
            for key, found in self.outputs.items()
        }
        return replace(self.execution, id=execution_id, heartbeat=seconds), written

    def recorded(
        self, session: Session
    ) -> tuple[Execution, dict[str, list[ArtifactRecord]]] | None:
        """Return what `put` has recorded though nobody was told; None if it has not.

        Raises:
            UnclearError: it cannot be told from others.
        """
        values: list[Any]
        where, values = "WHERE t.id = ?", [self.execution.id]
        if not self.execution.id:
            if not self.row.name:
                raise UnclearError(
                    f"nobody knows if an execution of {self.execution.node_id} was recorded in "
                    f"{self.by.database.name}: the connection was lost",
                    hint="look for it with `mlops runs`, then try again",
                )
            where, values = "WHERE t.type_id = ? AND t.name = ?", [self.row.type_id, self.row.name]
        name_of = self.by.types.names(session)
        for found in reading.executions(session, name_of, where, values):
            # Who has written it, and when, is part of the record.
            if (found.state, found.custom) == (self.row.state, self.row.custom):
                outputs = self._recorded_outputs(session, found)
                heartbeat = found.updated / 1000
                return replace(self.execution, id=found.id, heartbeat=heartbeat), outputs
        return None

    def _recorded_outputs(
        self, session: Session, row: ExecutionRow
    ) -> dict[str, list[ArtifactRecord]]:
        ids: dict[tuple[str, int], int] = {}
        for event in records.read_events(reading.events(session, "execution_id", [row.id])):
            if event.direction is Direction.OUTPUT:
                ids[event.key, event.index] = event.artifact_id
        return {
            key: [
                r if r.id else replace(r, id=ids[key, i], created=r.created or row.updated / 1000)
                for i, r in enumerate(found)
            ]
            for key, found in self.outputs.items()
        }

    def _put_row(self, session: Session, now: int) -> int:
        execution_id = self.execution.id
        if not execution_id:
            return writing.put_execution(session, self.row, now)
        changed = session.run(
            "UPDATE Execution SET last_known_state = ?, name = ?, "
            "last_update_time_since_epoch = ? WHERE id = ? AND last_known_state = ?",
            (
                int(self.row.state),
                self.row.name or None,
                now,
                execution_id,
                int(ExecutionCode.RUNNING),
            ),
        )
        if not changed:
            self._refuse(session)
        sys.audit("mlops.step", "store.checked", self.execution.node_id)
        writing.drop_properties(session, "Execution", execution_id)
        both = (self.row.properties, self.row.custom)
        writing.put_properties(session, "Execution", {execution_id: both})
        return execution_id

    def _refuse(self, session: Session) -> None:
        ids = [self.execution.id]
        name_of = self.by.types.names(session)
        for found in reading.with_ids(reading.executions, session, name_of, ids):
            raise StaleExecutionError(
                f"execution {found.id} is no longer running: it is {records.read_state(found)}",
                hint="somebody else has ended it; its result is not published",
            )
        raise StoreError(f"execution {ids[0]} is not in {self.by.database.name}")

    def _new_links(
        self, session: Session, execution_id: int
    ) -> Mapping[tuple[Direction, int], Keys]:
        """Return the links that are not written yet; MLMD takes one event for each, and once."""
        if not self.links:
            return self.links
        wanted = sorted({artifact_id for _, artifact_id in self.links})
        there: dict[int, int] = {}
        # Whoever deletes an artifact waits until this is committed, and sees that it is used then.
        lock = session.for_share if self.only_live_of else ""
        for part in chunks(wanted):
            statement = f"SELECT id, state FROM Artifact WHERE id IN ({marks(len(part))}) {lock}"
            there.update(session.rows(statement, part))
        for artifact_id in wanted:
            if artifact_id not in there:
                raise StoreError(f"artifact {artifact_id} is not in {self.by.database.name}")
            deleted = there[artifact_id] in records.DELETED_CODES
            if deleted and artifact_id in self.only_live_of:
                raise DeletedArtifactError(
                    f"artifact {artifact_id} was deleted meanwhile",
                    hint="run what made it again, in a new run",
                )
        if not self.execution.id:
            return self.links
        statement = "SELECT artifact_id, type FROM Event WHERE execution_id = ?"
        known = {(kind, each) for each, kind in session.rows(statement, [execution_id])}
        return {
            (direction, artifact_id): keys
            for (direction, artifact_id), keys in self.links.items()
            if (int(EventCode[direction.value]), artifact_id) not in known
        }
