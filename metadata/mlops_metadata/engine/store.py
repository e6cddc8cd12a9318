"""The metadata store over the engine: the whole of `MetadataStore`, on any of its databases."""

from __future__ import annotations

import hashlib
import time
from collections.abc import Callable, Iterable, Mapping, Sequence
from typing import Any, TypeVar

from msgspec.structs import replace

from mlops_metadata.engine import reading
from mlops_metadata.engine.known_types import KnownTypes
from mlops_metadata.engine.places import Learned, Places
from mlops_metadata.engine.publication import Publication
from mlops_metadata.engine.session import Database, Session, UnclearError
from mlops_metadata.layout import records, tfx_records
from mlops_metadata.layout.contexts import group_kind
from mlops_metadata.layout.property_values import decode, encode
from mlops_metadata.layout.records import CACHE, DOCUMENT, PIPELINE, RUN
from mlops_metadata.layout.rows import (
    ArtifactCode,
    ContextRow,
    ExecutionCode,
    ExecutionRow,
    Kind,
)
from mlops_pipeline.errors import StoreError
from mlops_pipeline.store import (
    NOTHING,
    AlreadyExistsError,
    ArtifactRecord,
    ArtifactState,
    ArtifactType,
    Direction,
    Event,
    Execution,
    Run,
    State,
    used_artifacts,
)

_TEXT = "mlops.text"
"""The property that holds a document."""

_ALIVE = (int(ExecutionCode.NEW), int(ExecutionCode.RUNNING))

_FROM_LINKS = "+ 0"
"""After the id in a link: the newest are found by going back along the links, which only so is the
one way that a database has; it may guess that going through all records is shorter."""

T = TypeVar("T")


def milliseconds() -> int:
    """Return the time as ML Metadata keeps it."""
    return int(time.time() * 1000)


class SqlStore:
    """A metadata store in a database of ML Metadata's schema.

    Args:
        database: the open database, which the store closes in `close`.
    """

    def __init__(self, database: Database) -> None:
        self._database = database
        self._types = KnownTypes(database)
        self._places = Places(self._types)
        self._closed = False

    @property
    def database(self) -> Database:
        """The database, for what looks after it as a whole."""
        return self._database

    def register_types(self, types: Iterable[ArtifactType]) -> None:
        self._types.register(types)

    def _write(
        self,
        work: Callable[[Session, Learned], T],
        recorded: Callable[[Session], T | None] | None = None,
        *,
        lasting: bool = True,
    ) -> T:
        """Do work in a transaction, and remember what it learned once it is committed.

        Args:
            recorded: what the work has done, if it was recorded though nobody was told; work
                without it may be done twice.
            lasting: as for the database.
        """
        self._types.contexts()

        def whole(session: Session) -> tuple[T, Learned]:
            learned = Learned()
            return work(session, learned), learned

        for again in (True, True, False):
            try:
                done, learned = self._database.write(
                    whole, lasting=lasting, once=recorded is not None
                )
            except UnclearError:
                found = self._database.read(recorded) if recorded else None
                if found is not None:
                    return found
                if not again:
                    raise
                continue
            break
        self._places.keep(learned)
        return done

    def _ask(self, work: Callable[[Session], T]) -> T:
        """Do work that asks one question where all types are known and all records are ours."""
        return self._database.read(work, single=True)

    # Runs

    def put_run(self, run: Run, *, new: bool = False) -> None:
        place, custom = (RUN, run.id), records.write_run(run)

        def work(session: Session, learned: Learned) -> bool:
            now = milliseconds()
            put = self._places.add if new else self._places.put
            if not put(session, place, custom, learned, now=now):
                raise AlreadyExistsError(f"there is a run {run.id!r} already")
            above = (run.pipeline, run.base_run)
            self._places.place_run(session, place, above, learned, now=now)
            return True

        def recorded(session: Session) -> bool | None:
            context = self._places.get(session, *place)
            return None if context is None or context.custom != custom else True

        self._write(work, recorded if new else None)

    def get_run(self, run_id: str) -> Run | None:
        def work(session: Session) -> Run | None:
            context = self._places.get(session, RUN, run_id)
            return None if context is None else self._run(session, context)

        return self._ask(work)

    def list_runs(self, *, pipeline: str = "", limit: int = 20) -> list[Run]:
        if limit < 1:
            return []

        def work(session: Session) -> list[Run]:
            type_id = self._types.find(session, Kind.CONTEXT, RUN)
            where = "WHERE t.type_id = ? ORDER BY t.id DESC LIMIT ?"
            values: list[int | str] = [type_id, reading.most(limit)]
            if pipeline:
                above, place = self._places.named(session, PIPELINE, pipeline)
                where = (
                    f"JOIN ParentContext p ON t.id = p.context_id {_FROM_LINKS} "
                    f"WHERE p.parent_context_id = {above} "
                    "AND t.type_id = ? ORDER BY p.context_id DESC LIMIT ?"
                )
                values = [*place, *values]
            names = self._types.names(session)
            found = reading.contexts(session, names, where, values, newest=True)
            return [self._run(session, context) for context in found]

        return self._ask(work)

    def _run(self, session: Session, context: ContextRow) -> Run:
        if records.is_our_run(context):
            return records.read_run(context)
        parents = self._places.parents(session, context.id)
        pipeline = next((name for kind, name in parents if kind == PIPELINE), "")
        executions = self._of_context(session, "?", (context.id,))
        return tfx_records.read_tfx_run(context, pipeline, executions)

    # Executions

    def put_execution(
        self,
        execution: Execution,
        *,
        inputs: Mapping[str, Sequence[int]] = NOTHING,
        outputs: Mapping[str, Sequence[ArtifactRecord]] = NOTHING,
        only_live: bool = False,
    ) -> tuple[Execution, dict[str, list[ArtifactRecord]]]:
        publication = Publication(self._database, self._types, self._places)
        prepared = publication.prepare(execution, inputs, outputs)
        if only_live:
            prepared = replace(prepared, only_live_of=frozenset(used_artifacts(inputs, outputs)))
        # What was reused is found again; the end of the run waits for the disk.
        lasting = execution.state is not State.CACHED
        try:
            return self._write(prepared.put, prepared.recorded, lasting=lasting)
        except AlreadyExistsError as error:
            raise self._name_taken(execution, prepared.new, error) from error

    def _name_taken(
        self, execution: Execution, new: Sequence[ArtifactRecord], error: AlreadyExistsError
    ) -> AlreadyExistsError:
        if execution.name and not execution.id:
            taken = self.execution_by_name(execution.component, execution.name)
            if taken:
                return AlreadyExistsError(
                    f"{execution.component} {execution.name!r} is claimed by "
                    f"execution {taken.id}, which is {taken.state}"
                )
        for record in new:
            if record.name and self._artifact_is_there(record.type, record.name):
                return AlreadyExistsError(f"{record.type} {record.name!r} is published already")
        return error

    def _artifact_is_there(self, type_name: str, name: str) -> bool:
        def work(session: Session) -> bool:
            type_id = self._types.find(session, Kind.ARTIFACT, type_name)
            statement = "SELECT id FROM Artifact WHERE type_id = ? AND name = ?"
            return bool(session.rows(statement, (type_id, name)))

        return self._ask(work)

    def heartbeat(self, execution_id: int) -> None:
        def work(session: Session) -> None:
            beaten = session.run(
                "UPDATE Execution SET last_update_time_since_epoch = ? WHERE id = ? "
                "AND last_known_state IN (?, ?)",
                (milliseconds(), execution_id, *_ALIVE),
            )
            if beaten:
                return
            if not session.rows("SELECT id FROM Execution WHERE id = ?", (execution_id,)):
                raise StoreError(f"execution {execution_id} is not in {self._database.name}")

        self._database.write(work)

    def executions(self, ids: Iterable[int]) -> list[Execution]:
        wanted = list(ids)

        def work(session: Session) -> list[Execution]:
            names = self._types.names(session)
            found = reading.with_ids(reading.executions, session, names, wanted)
            return self._read_executions(session, found)

        return self._ask(work)

    def executions_of_run(self, run_id: str) -> list[Execution]:
        return self._in_context(RUN, run_id)

    def executions_by_cache_key(self, cache_key: str) -> list[Execution]:
        complete = f"AND t.last_known_state = {int(ExecutionCode.COMPLETE)}"
        return self._in_context(CACHE, cache_key, complete)

    def _in_context(self, kind: str, name: str, condition: str = "") -> list[Execution]:
        def work(session: Session) -> list[Execution]:
            return self._of_context(session, *self._places.named(session, kind, name), condition)

        return self._ask(work)

    def _of_context(
        self, session: Session, context: str, values: Sequence[Any], condition: str = ""
    ) -> list[Execution]:
        where = (
            "JOIN Association a ON a.execution_id = t.id "
            f"WHERE a.context_id = {context} {condition}"
        )
        return self._where(session, where, values)

    def _where(
        self, session: Session, where: str, values: Sequence[Any], *, newest: bool = False
    ) -> list[Execution]:
        names = self._types.names(session)
        found = reading.executions(session, names, where, values, newest=newest)
        return self._read_executions(session, found)

    def execution_by_name(self, component: str, name: str) -> Execution | None:
        def work(session: Session) -> Execution | None:
            type_id = self._types.find(session, Kind.EXECUTION, component)
            where = "WHERE t.type_id = ? AND t.name = ?"
            return next(iter(self._where(session, where, (type_id, name))), None)

        return self._ask(work)

    def recent_executions(
        self, component: str, *, node: str = "", limit: int = 20
    ) -> list[Execution]:
        if limit < 1:
            return []

        def work(session: Session) -> list[Execution]:
            type_id = self._types.find(session, Kind.EXECUTION, component)
            where = "WHERE t.type_id = ? ORDER BY t.id DESC LIMIT ?"
            values: list[int | str] = [type_id, reading.most(limit)]
            if node:
                context, place = self._places.named(session, group_kind(component), node)
                where = (
                    f"JOIN Association a ON t.id = a.execution_id {_FROM_LINKS} "
                    f"WHERE a.context_id = {context} "
                    "AND t.type_id = ? ORDER BY a.execution_id DESC LIMIT ?"
                )
                values = [*place, *values]
            return self._where(session, where, values, newest=True)

        return self._ask(work)

    def _read_executions(self, session: Session, rows: Iterable[ExecutionRow]) -> list[Execution]:
        return [
            records.read_execution(row) if records.is_ours(row) else self._of_tfx(session, row)
            for row in rows
        ]

    def _of_tfx(self, session: Session, row: ExecutionRow) -> Execution:
        where = "JOIN Association a ON a.context_id = t.id WHERE a.execution_id = ?"
        contexts = reading.contexts(session, self._types.names(session), where, (row.id,))
        return tfx_records.read_tfx_execution(row, contexts)

    # Artifacts and events

    def artifacts(self, ids: Iterable[int]) -> list[ArtifactRecord]:
        wanted = list(ids)

        def work(session: Session) -> list[ArtifactRecord]:
            names = self._types.names(session)
            found = reading.with_ids(reading.artifacts, session, names, wanted)
            return [records.read_artifact(row) for row in found]

        return self._ask(work)

    def artifacts_by_type(self, type_name: str, *, limit: int = 100) -> list[ArtifactRecord]:
        if limit < 1:
            return []

        def work(session: Session) -> list[ArtifactRecord]:
            type_id = self._types.find(session, Kind.ARTIFACT, type_name)
            where = "WHERE t.type_id = ? ORDER BY t.id DESC LIMIT ?"
            values = (type_id, reading.most(limit))
            return self._artifacts(session, where, values, newest=True)

        return self._ask(work)

    def artifacts_by_uri(self, uri: str) -> list[ArtifactRecord]:
        where = "WHERE t.uri = ?"
        return self._ask(lambda session: self._artifacts(session, where, (uri,)))

    def _artifacts(
        self, session: Session, where: str, values: Sequence[Any], *, newest: bool = False
    ) -> list[ArtifactRecord]:
        names = self._types.names(session)
        found = reading.artifacts(session, names, where, values, newest=newest)
        return [records.read_artifact(row) for row in found]

    def set_artifact_state(self, artifact_id: int, state: ArtifactState) -> None:
        def work(session: Session) -> None:
            statement = (
                "UPDATE Artifact SET state = ?, last_update_time_since_epoch = ? WHERE id = ?"
            )
            values = (int(ArtifactCode[state.value]), milliseconds(), artifact_id)
            if not session.run(statement, values):
                raise StoreError(f"artifact {artifact_id} is not in {self._database.name}")

        self._database.write(work)

    def events_by_execution(self, ids: Iterable[int]) -> list[Event]:
        return self._events("execution_id", ids)

    def events_by_artifact(self, ids: Iterable[int]) -> list[Event]:
        return self._events("artifact_id", ids)

    def events_around(self, ids: Iterable[int], direction: Direction) -> list[Event]:
        wanted = list(ids)
        codes = records.event_codes(direction)
        found = self._ask(lambda session: reading.events_around(session, wanted, codes))
        return records.read_events(found)

    def _events(self, key: str, ids: Iterable[int]) -> list[Event]:
        wanted = list(ids)
        found = self._ask(lambda session: reading.events(session, key, wanted))
        return records.read_events(found)

    # Documents

    def put_document(self, text: str) -> str:
        name = hashlib.sha256(text.encode()).hexdigest()
        place, custom = (DOCUMENT, name), {_TEXT: encode(text)}

        def work(session: Session, learned: Learned) -> None:
            self._places.add(session, place, custom, learned, now=milliseconds())

        if not self._ask(lambda session: self._places.id(session, *place)):
            self._write(work)
        return name

    def get_document(self, digest: str) -> str | None:
        context = self._ask(lambda session: self._places.get(session, DOCUMENT, digest))
        return None if context is None else str(decode(context.custom.get(_TEXT)))

    def close(self) -> None:
        if not self._closed:
            self._closed = True
            self._database.close()
