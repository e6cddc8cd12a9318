"""The metadata store over ML Metadata: the whole of `MetadataStore`, on any of its databases."""

from __future__ import annotations

import hashlib
import sys
import time
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import replace
from itertools import islice
from typing import Any

from mlops_metadata.connection import Connection
from mlops_metadata.layout import records, tfx_records
from mlops_metadata.layout.contexts import group_kind
from mlops_metadata.layout.property_values import decode, encode
from mlops_metadata.layout.records import CACHE, DOCUMENT, PIPELINE, RUN
from mlops_metadata.layout.rows import ArtifactCode, ContextRow, ExecutionCode, ExecutionRow
from mlops_metadata.messages import (
    artifact_row,
    context_row,
    event_row,
    execution_row,
    fill,
    fill_event,
    fill_value,
    fill_values,
    service,
)
from mlops_metadata.paging import Wanted, by_id, newest, recent
from mlops_metadata.types_and_contexts import Contexts, Found, Types
from mlops_pipeline.errors import StoreError
from mlops_pipeline.store import (
    NOTHING,
    AlreadyExistsError,
    ArtifactRecord,
    ArtifactState,
    ArtifactType,
    DeletedArtifactError,
    Direction,
    Event,
    Execution,
    Run,
    StaleExecutionError,
    State,
    used_artifacts,
)

_TEXT = "mlops.text"
"""The property that holds a document."""


class MlmdStore:
    """A metadata store in a database of ML Metadata.

    Args:
        connection: the open database, which the store lets go of in `close`.
    """

    def __init__(self, connection: Connection) -> None:
        self._connection = connection
        self._types = Types(connection)
        self._contexts = Contexts(connection, self._types)
        self._claimed: set[int] = set()
        self._closed = False

    @property
    def connection(self) -> Connection:
        """The open database, for requests that the store does not make."""
        return self._connection

    def register_types(self, types: Iterable[ArtifactType]) -> None:
        with self._connection.lock:
            self._types.register(types)

    # Runs

    def put_run(self, run: Run, *, new: bool = False) -> None:
        context = self._contexts.new(RUN, run.id)
        fill_values(records.write_run(run), context.custom_properties)
        if_found = Found.REFUSE if new else Found.CHANGE
        self._contexts.put_run(run.pipeline, context, run.base_run, if_found)

    def get_run(self, run_id: str) -> Run | None:
        context = self._contexts.get(RUN, run_id)
        return None if context is None else self._run(context)

    def list_runs(self, *, pipeline: str = "", limit: int = 20) -> list[Run]:
        if limit < 1 or (pipeline and not self._contexts.id(PIPELINE, pipeline)):
            return []

        def fits(context: Any) -> bool:
            if context.type != RUN:
                return False
            row = context_row(context)
            if not records.may_be_of(row, pipeline):
                return False
            # The context of a run of TFX does not tell its pipeline.
            known = not pipeline or records.is_our_run(row)
            return known or self._run(row).pipeline == pipeline

        found = recent(self._connection, Wanted("Contexts", fits, limit))
        if found is None:
            found = self._all_of(pipeline) if pipeline else self._newest_runs(limit)
        return [self._run(context_row(context)) for context in found[:limit]]

    def _newest_runs(self, limit: int) -> list[Any]:
        message = service.GetContextsByTypeRequest()
        message.type_name = RUN
        listing = newest(self._connection, "GetContextsByType", message, "contexts", limit)
        return list(islice(listing, min(limit, sys.maxsize)))

    def _all_of(self, pipeline: str) -> list[Any]:
        """Return the contexts of all runs of a pipeline, newest first."""
        message = service.GetChildrenContextsByContextRequest()
        message.context_id = self._contexts.id(PIPELINE, pipeline)
        children = self._connection.read("GetChildrenContextsByContext", message).contexts
        return sorted((c for c in children if c.type == RUN), key=lambda c: -c.id)

    def _run(self, context: ContextRow) -> Run:
        if records.is_our_run(context):
            return records.read_run(context)
        message = service.GetParentContextsByContextRequest()
        message.context_id = context.id
        parents = self._connection.read("GetParentContextsByContext", message).contexts
        pipeline = next((p.name for p in parents if p.type == PIPELINE), "")
        executions = self._executions_of_context(context.id)
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
        with self._connection.lock:
            if only_live:
                self._refuse_deleted(inputs, outputs)
            if execution.id:
                # What this store has claimed, others end as `write_end` does, or not at all.
                if execution.id not in self._claimed:
                    self._check_running(execution.id)
                sys.audit("mlops.step", "store.checked", execution.node_id)
            message = service.PutExecutionRequest()
            type_id = self._types.execution(execution.component)
            any_text = self._connection.any_text
            row = records.write_execution(execution, type_id, any_text=any_text)
            fill(row, message.execution)
            new = self._add_events(message, inputs, outputs)
            contexts = self._contexts.attach(message, execution, bool(outputs))
            if execution.id and execution.state is not State.RUNNING:
                self._write_end(message)
            try:
                response = self._connection.write("PutExecution", message)
            except AlreadyExistsError as error:
                if execution.id:
                    self._check_running(execution.id)
                raise self._name_taken(execution, new, error) from error
            self._contexts.ids.update(zip(contexts, response.context_ids, strict=True))
            if execution.state is State.RUNNING:
                self._claimed.add(response.execution_id)
            else:
                self._claimed.discard(response.execution_id)
        now = time.time()
        ids = iter(response.artifact_ids)
        written = {
            key: [r if r.id else replace(r, id=next(ids), created=r.created or now) for r in found]
            for key, found in outputs.items()
        }
        return replace(execution, id=response.execution_id, heartbeat=now), written

    def _refuse_deleted(
        self, inputs: Mapping[str, Sequence[int]], outputs: Mapping[str, Sequence[ArtifactRecord]]
    ) -> None:
        """Refuse artifacts that are deleted by now: a service of MLMD has no locks to keep them."""
        for found in self.artifacts(used_artifacts(inputs, outputs)):
            if found.state is ArtifactState.DELETED:
                raise DeletedArtifactError(
                    f"artifact {found.id} was deleted meanwhile",
                    hint="run what made it again, in a new run",
                )

    def _check_running(self, execution_id: int) -> None:
        found = execution_row(self._message(execution_id))
        if found.state != ExecutionCode.RUNNING:
            raise StaleExecutionError(
                f"execution {execution_id} is no longer running: it is {records.read_state(found)}",
                hint="somebody else has ended it; its result is not published",
            )

    def _write_end(self, message: Any) -> None:
        """Let a request that ends an execution succeed only if nobody else has ended it."""
        name = records.end_name(message.execution.id)
        for pair in message.artifact_event_pairs:
            if pair.HasField("artifact"):
                pair.artifact.external_id = name
                return
        end = message.artifact_event_pairs.add().artifact
        end.type_id = self._types.artifact(records.END).id
        end.external_id, end.state = name, ArtifactCode.ABANDONED

    def _add_events(
        self,
        message: Any,
        inputs: Mapping[str, Sequence[int]],
        outputs: Mapping[str, Sequence[ArtifactRecord]],
    ) -> list[ArtifactRecord]:
        """Add events and new artifacts to a request; the new artifacts come first, in order."""
        new = []
        links: dict[tuple[Direction, int], list[tuple[str, int]]] = {}
        for key, ids in inputs.items():
            for index, artifact_id in enumerate(ids):
                links.setdefault((Direction.INPUT, artifact_id), []).append((key, index))
        flat = ((k, i, record) for k, found in outputs.items() for i, record in enumerate(found))
        for key, index, record in flat:
            if record.id:
                links.setdefault((Direction.OUTPUT, record.id), []).append((key, index))
                continue
            new.append(record)
            pair = message.artifact_event_pairs.add()
            kind, any_text = self._types.artifact(record.type), self._connection.any_text
            fill(records.write_artifact(record, kind, any_text=any_text), pair.artifact)
            fill_event(records.write_event(Direction.OUTPUT, [(key, index)]), pair.event)
        # MLMD takes one event for an artifact and a direction, and takes it once.
        if links and message.execution.id:
            for event in self.events_by_execution([message.execution.id]):
                links.pop((event.direction, event.artifact_id), None)
        for (direction, artifact_id), keys in links.items():
            event = message.artifact_event_pairs.add().event
            event.artifact_id = artifact_id
            fill_event(records.write_event(direction, keys), event)
        return new

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
            if record.name and self._artifact_by_name(record.type, record.name):
                return AlreadyExistsError(f"{record.type} {record.name!r} is published already")
        return error

    def heartbeat(self, execution_id: int) -> None:
        message = service.PutExecutionsRequest()
        # Sets the execution's time, and leaves its state alone.
        name = records.PREFIX + "beat"
        beat = message.executions.add(id=execution_id)
        beat.custom_properties[name].string_value = repr(time.time())
        message.update_mask.paths.append(f"custom_properties.{name}")
        self._connection.write("PutExecutions", message)

    def executions(self, ids: Iterable[int]) -> list[Execution]:
        return self._executions(self._messages(ids))

    def executions_of_run(self, run_id: str) -> list[Execution]:
        return self._executions_of_context(self._contexts.id(RUN, run_id))

    def executions_by_cache_key(self, cache_key: str) -> list[Execution]:
        found = self._executions_of_context(self._contexts.id(CACHE, cache_key))
        return [execution for execution in found if execution.state is State.COMPLETE]

    def _executions_of_context(self, context_id: int) -> list[Execution]:
        if not context_id:
            return []
        # Without options: with them MLMD's answer takes time quadratic in its length.
        message = service.GetExecutionsByContextRequest()
        message.context_id = context_id
        return self._executions(self._connection.read("GetExecutionsByContext", message).executions)

    def execution_by_name(self, component: str, name: str) -> Execution | None:
        message = service.GetExecutionByTypeAndNameRequest()
        message.type_name, message.execution_name = component, name
        response = self._connection.read("GetExecutionByTypeAndName", message)
        found = [response.execution] if response.HasField("execution") else []
        return next(iter(self._executions(found)), None)

    def recent_executions(
        self, component: str, *, node: str = "", limit: int = 20
    ) -> list[Execution]:
        if node:
            message = service.GetExecutionsByContextRequest()
            message.context_id = self._contexts.id(group_kind(component), node)
            if not message.context_id:
                return []
        else:
            message = service.GetExecutionsByTypeRequest()
            message.type_name = component
        method = "GetExecutionsByContext" if node else "GetExecutionsByType"
        listing = newest(self._connection, method, message, "executions", limit)
        found = (execution for execution in listing if execution.type == component)
        return self._executions(list(islice(found, min(limit, sys.maxsize))), newest_first=True)

    def _messages(self, ids: Iterable[int]) -> list[Any]:
        field = "execution_ids"
        return by_id(self._connection, "GetExecutionsByID", field, ids, "executions")

    def _message(self, execution_id: int) -> Any:
        for found in self._messages([execution_id]):
            return found
        raise StoreError(f"execution {execution_id} is not in {self._connection.name}")

    def _executions(self, messages: Iterable[Any], newest_first: bool = False) -> list[Execution]:
        found = []
        for message in messages:
            row = execution_row(message)
            read = records.read_execution if records.is_ours(row) else self._tfx_execution
            found.append(read(row))
        return sorted(found, key=lambda e: e.id, reverse=newest_first)

    def _tfx_execution(self, stored: ExecutionRow) -> Execution:
        message = service.GetContextsByExecutionRequest()
        message.execution_id = stored.id
        response = self._connection.read("GetContextsByExecution", message)
        return tfx_records.read_tfx_execution(stored, map(context_row, response.contexts))

    # Artifacts and events

    def artifacts(self, ids: Iterable[int]) -> list[ArtifactRecord]:
        found = by_id(self._connection, "GetArtifactsByID", "artifact_ids", ids, "artifacts")
        return [records.read_artifact(artifact_row(message)) for message in found]

    def artifacts_by_type(self, type_name: str, *, limit: int = 100) -> list[ArtifactRecord]:
        def fits(artifact: Any) -> bool:
            return bool(artifact.type == type_name)

        if limit < 1:
            return []
        found = recent(self._connection, Wanted("Artifacts", fits, limit, patience=1))
        if found is None:
            message = service.GetArtifactsByTypeRequest()
            message.type_name = type_name
            listing = newest(self._connection, "GetArtifactsByType", message, "artifacts", limit)
            found = list(islice(listing, min(limit, sys.maxsize)))
        return [records.read_artifact(artifact_row(artifact)) for artifact in found]

    def artifacts_by_uri(self, uri: str) -> list[ArtifactRecord]:
        message = service.GetArtifactsByURIRequest()
        message.uris.append(uri)
        response = self._connection.read("GetArtifactsByURI", message)
        found = [records.read_artifact(artifact_row(artifact)) for artifact in response.artifacts]
        return sorted(found, key=lambda record: record.id)

    def _artifact_by_name(self, type_name: str, name: str) -> bool:
        message = service.GetArtifactByTypeAndNameRequest()
        message.type_name, message.artifact_name = type_name, name
        response = self._connection.read("GetArtifactByTypeAndName", message)
        return bool(response.HasField("artifact"))

    def set_artifact_state(self, artifact_id: int, state: ArtifactState) -> None:
        with self._connection.lock:
            ids = [artifact_id]
            found = by_id(self._connection, "GetArtifactsByID", "artifact_ids", ids, "artifacts")
            if not found:
                raise StoreError(f"artifact {artifact_id} is not in {self._connection.name}")
            message = service.PutArtifactsRequest()
            number = ArtifactCode[state.value]
            message.artifacts.add(id=artifact_id, type_id=found[0].type_id, state=number)
            message.update_mask.paths.append("state")
            self._connection.write("PutArtifacts", message)

    def events_by_execution(self, ids: Iterable[int]) -> list[Event]:
        field = "execution_ids"
        found = by_id(self._connection, "GetEventsByExecutionIDs", field, ids, "events")
        return records.read_events(map(event_row, found))

    def events_by_artifact(self, ids: Iterable[int]) -> list[Event]:
        field = "artifact_ids"
        found = by_id(self._connection, "GetEventsByArtifactIDs", field, ids, "events")
        return records.read_events(map(event_row, found))

    def events_around(self, ids: Iterable[int], direction: Direction) -> list[Event]:
        found = self.events_by_artifact(ids)
        return self.events_by_execution(
            {event.execution_id for event in found if event.direction is direction}
        )

    # Documents

    def put_document(self, text: str) -> str:
        name = hashlib.sha256(text.encode()).hexdigest()
        if not self._contexts.id(DOCUMENT, name):
            context = self._contexts.new(DOCUMENT, name)
            fill_value(encode(text), context.custom_properties[_TEXT])
            self._contexts.put(DOCUMENT, context, Found.KEEP)
        return name

    def get_document(self, digest: str) -> str | None:
        context = self._contexts.get(DOCUMENT, digest)
        return None if context is None else str(decode(context.custom[_TEXT]))

    def close(self) -> None:
        if not self._closed:
            self._closed = True
            self._connection.release()
