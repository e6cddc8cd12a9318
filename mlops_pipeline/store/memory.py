"""A store in memory, for tests and for trying things out."""

from __future__ import annotations

import hashlib
import itertools
import threading
import time
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import replace

from mlops_pipeline.store.records import (
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
    group_of,
    used_artifacts,
)


class MemoryStore:
    """A metadata store in memory, for tests and for trying things out."""

    def __init__(self) -> None:
        self._lock = threading.RLock()
        self._ids = itertools.count(1)
        self._types: dict[str, ArtifactType] = {}
        self._runs: dict[str, Run] = {}
        self._executions: dict[int, Execution] = {}
        self._artifacts: dict[int, ArtifactRecord] = {}
        self._events: list[Event] = []
        self._documents: dict[str, str] = {}

    @property
    def all_executions(self) -> list[Execution]:
        """Every execution, oldest first."""
        return list(self._executions.values())

    def register_types(self, types: Iterable[ArtifactType]) -> None:
        for kind in types:
            self._types[kind.name] = kind

    def put_run(self, run: Run, *, new: bool = False) -> None:
        with self._lock:
            if new and run.id in self._runs:
                raise AlreadyExistsError(f"run {run.id} exists")
            self._runs[run.id] = run

    def get_run(self, run_id: str) -> Run | None:
        return self._runs.get(run_id)

    def list_runs(self, *, pipeline: str = "", limit: int = 20) -> list[Run]:
        runs = [r for r in self._runs.values() if pipeline in ("", r.pipeline)]
        return runs[::-1][:limit]

    def put_execution(
        self,
        execution: Execution,
        *,
        inputs: Mapping[str, Sequence[int]] = NOTHING,
        outputs: Mapping[str, Sequence[ArtifactRecord]] = NOTHING,
        only_live: bool = False,
    ) -> tuple[Execution, dict[str, list[ArtifactRecord]]]:
        with self._lock:
            self._check(execution, outputs)
            if only_live:
                self._refuse_deleted(inputs, outputs)
            stored = replace(execution, id=execution.id or next(self._ids), heartbeat=time.time())
            written = {
                key: [self._put_artifact(record) for record in records]
                for key, records in outputs.items()
            }
            self._executions[stored.id] = stored
            self._link(stored.id, Direction.INPUT, inputs)
            produced = {key: [r.id for r in records] for key, records in written.items()}
            self._link(stored.id, Direction.OUTPUT, produced)
            return stored, written

    def _check(self, execution: Execution, outputs: Mapping[str, Sequence[ArtifactRecord]]) -> None:
        if execution.id:
            if self._executions[execution.id].state is not State.RUNNING:
                raise StaleExecutionError(f"execution {execution.id} is no longer running")
        elif execution.name and self.execution_by_name(execution.component, execution.name):
            raise AlreadyExistsError(f"execution {execution.name} exists")
        taken = {(a.type, a.name) for a in self._artifacts.values() if a.name}
        for record in itertools.chain.from_iterable(outputs.values()):
            if not record.id and (record.type, record.name) in taken:
                raise AlreadyExistsError(f"artifact {record.name} exists")

    def _refuse_deleted(
        self, inputs: Mapping[str, Sequence[int]], outputs: Mapping[str, Sequence[ArtifactRecord]]
    ) -> None:
        for found in self.artifacts(used_artifacts(inputs, outputs)):
            if found.state is ArtifactState.DELETED:
                raise DeletedArtifactError(f"artifact {found.id} was deleted")

    def _put_artifact(self, record: ArtifactRecord) -> ArtifactRecord:
        if not record.id:
            record = replace(record, id=next(self._ids), created=record.created or time.time())
            self._artifacts[record.id] = record
        return record

    def _link(
        self, execution_id: int, direction: Direction, links: Mapping[str, Sequence[int]]
    ) -> None:
        for key, ids in links.items():
            for index, artifact_id in enumerate(ids):
                event = Event(execution_id, artifact_id, direction, key, index)
                if event not in self._events:
                    self._events.append(event)

    def heartbeat(self, execution_id: int) -> None:
        with self._lock:
            execution = self._executions[execution_id]
            self._executions[execution_id] = replace(execution, heartbeat=time.time())

    def executions(self, ids: Iterable[int]) -> list[Execution]:
        return [self._executions[i] for i in sorted(set(ids)) if i in self._executions]

    def executions_of_run(self, run_id: str) -> list[Execution]:
        return [e for e in self.all_executions if e.run_id == run_id]

    def executions_by_cache_key(self, cache_key: str) -> list[Execution]:
        return [
            e for e in self.all_executions if e.cache_key == cache_key and e.state is State.COMPLETE
        ]

    def execution_by_name(self, component: str, name: str) -> Execution | None:
        for execution in self.all_executions:
            if (execution.component, execution.name) == (component, name):
                return execution
        return None

    def recent_executions(
        self, component: str, *, node: str = "", limit: int = 20
    ) -> list[Execution]:
        found = [
            e for e in self.all_executions if e.component == component and node in ("", group_of(e))
        ]
        return found[::-1][:limit]

    def artifacts(self, ids: Iterable[int]) -> list[ArtifactRecord]:
        return [self._artifacts[i] for i in sorted(set(ids)) if i in self._artifacts]

    def artifacts_by_type(self, type_name: str, *, limit: int = 100) -> list[ArtifactRecord]:
        found = [a for a in self._artifacts.values() if a.type == type_name]
        return found[::-1][:limit]

    def artifacts_by_uri(self, uri: str) -> list[ArtifactRecord]:
        return [a for a in self._artifacts.values() if a.uri == uri]

    def set_artifact_state(self, artifact_id: int, state: ArtifactState) -> None:
        with self._lock:
            self._artifacts[artifact_id] = replace(self._artifacts[artifact_id], state=state)

    def events_by_execution(self, ids: Iterable[int]) -> list[Event]:
        wanted = set(ids)
        return [e for e in self._events if e.execution_id in wanted]

    def events_by_artifact(self, ids: Iterable[int]) -> list[Event]:
        wanted = set(ids)
        return [e for e in self._events if e.artifact_id in wanted]

    def events_around(self, ids: Iterable[int], direction: Direction) -> list[Event]:
        wanted = set(ids)
        links = [e for e in self._events if e.artifact_id in wanted]
        reached = {e.execution_id for e in links if e.direction is direction}
        return [e for e in self._events if e.execution_id in reached]

    def put_document(self, text: str) -> str:
        name = hashlib.sha256(text.encode()).hexdigest()
        self._documents[name] = text
        return name

    def get_document(self, digest: str) -> str | None:
        return self._documents.get(digest)

    def close(self) -> None:
        """Do nothing: there is nothing to close."""
