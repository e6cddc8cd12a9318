"""The seam to the metadata store: its records, its protocol, and a store in memory.

Everything that is remembered between nodes goes through `MetadataStore`. It follows MLMD
(ML Metadata): artifacts, executions, events between them, and runs as contexts. Back ends are
found by URL scheme through entry points of the group `mlops_pipeline.stores`.
"""

from __future__ import annotations

import enum
import hashlib
import itertools
import threading
import time
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field, replace
from typing import Any, Protocol

from mlops_pipeline.errors import StoreError
from mlops_pipeline.gate import GATE


class _Nothing(Mapping[str, Any]):
    """No items, for ever; hashable and no dict, as Python wants the default of a dataclass."""

    def __getitem__(self, key: str) -> Any:
        raise KeyError(key)

    def __iter__(self) -> Iterator[str]:
        return iter(())

    def __len__(self) -> int:
        return 0

    def __hash__(self) -> int:
        return 0

    def __repr__(self) -> str:
        return "{}"


NOTHING: Mapping[str, Any] = _Nothing()


class State(str, enum.Enum):
    """State of an execution or a run.

    MLMD knows all but `SKIPPED`, which its stores keep as CANCELED with a custom property.
    """

    RUNNING = "RUNNING"
    COMPLETE = "COMPLETE"
    CACHED = "CACHED"
    SKIPPED = "SKIPPED"
    FAILED = "FAILED"
    CANCELED = "CANCELED"

    def __str__(self) -> str:
        return self.value

    @property
    def succeeded(self) -> bool:
        """True if the execution has outputs that can be used."""
        return self in (State.COMPLETE, State.CACHED)


class ArtifactState(str, enum.Enum):
    """State of an artifact; only `LIVE` ones are used."""

    PENDING = "PENDING"
    LIVE = "LIVE"
    DELETED = "DELETED"

    def __str__(self) -> str:
        return self.value


@dataclass(frozen=True)
class ArtifactRecord:
    """An artifact as stored.

    Args:
        id: given by the store; 0 for one that is not stored yet.
        type: name of the artifact type.
        name: unique among artifacts of its type where it is not empty.
        digest: digest of the content, empty where unknown.
        created: seconds since 1970; the store sets it where it is 0.
    """

    type: str
    uri: str
    id: int = 0
    name: str = ""
    state: ArtifactState = ArtifactState.LIVE
    properties: Mapping[str, Any] = NOTHING
    digest: str = ""
    created: float = 0.0


@dataclass(frozen=True)
class Execution:
    """One attempt at running a node, or the record that it did not need to run.

    Args:
        id: given by the store; 0 for one that is not stored yet.
        component: identity of the component: the MLMD execution type.
        name: unique among executions of the component; the claim on the work.
        iteration: indexes in the loops around the node, outermost first.
        attempt: 1 for the first try in this run.
        parameters: resolved values, secrets left out.
        cache_key: digest of all that decides the result; empty where it was not computed.
        reason: why it was cached, skipped, or had to run.
        error: message of the failure; `details` the tail of its traceback.
        manifest: JSON that lists the parts of the cache key, for `mlops why`.
        log: where the output of the executor is kept.
        host, pid: who runs it.
        started, finished, heartbeat: seconds since 1970; `finished` is 0 while it runs.
        properties: further facts, by name.
    """

    component: str
    pipeline: str
    run_id: str
    node_id: str
    state: State
    id: int = 0
    name: str = ""
    iteration: tuple[int, ...] = ()
    attempt: int = 1
    parameters: Mapping[str, Any] = NOTHING
    cache_key: str = ""
    reason: str = ""
    error: str = ""
    details: str = ""
    manifest: str = ""
    log: str = ""
    host: str = ""
    pid: int = 0
    started: float = 0.0
    finished: float = 0.0
    heartbeat: float = 0.0
    properties: Mapping[str, Any] = NOTHING

    @property
    def published(self) -> bool:
        """True if it has outputs; one that its own gate has failed has them, too."""
        if self.state is State.FAILED:
            return GATE in self.properties
        return self.state.succeeded


class Direction(str, enum.Enum):
    """Direction of an event: an execution read or wrote an artifact."""

    INPUT = "INPUT"
    OUTPUT = "OUTPUT"

    def __str__(self) -> str:
        return self.value


@dataclass(frozen=True)
class Event:
    """An artifact's part in an execution: the input or output, and the index in it."""

    execution_id: int
    artifact_id: int
    direction: Direction
    key: str
    index: int


@dataclass(frozen=True)
class Run:
    """One run of a pipeline.

    Args:
        id: unique in the store.
        ir: digest of the document that holds the compiled pipeline.
        parameters: values of the run-time parameters.
        base_run: the run whose results a partial run uses.
        started, finished: seconds since 1970; `finished` is 0 while it runs.
        properties: further facts, by name.
    """

    id: str
    pipeline: str
    state: State = State.RUNNING
    ir: str = ""
    parameters: Mapping[str, Any] = NOTHING
    base_run: str = ""
    started: float = 0.0
    finished: float = 0.0
    properties: Mapping[str, Any] = NOTHING


@dataclass(frozen=True)
class ArtifactType:
    """A type to register: `properties` maps names to `INT`, `DOUBLE` or `STRING`."""

    name: str
    base_type: str | None = None
    properties: Mapping[str, str] = field(default_factory=dict)


class AlreadyExistsError(StoreError):
    """A name is taken: another process has claimed the work, or published its result."""


class StaleExecutionError(StoreError):
    """An execution is no longer RUNNING: it was reaped, and its result must not be published."""


class MetadataStore(Protocol):
    """Interface of a metadata store. Every call is atomic.

    All listings are ordered by id, oldest first, unless they say otherwise.
    """

    def register_types(self, types: Iterable[ArtifactType]) -> None:
        """Make artifact types known; known ones may gain properties."""

    def put_run(self, run: Run) -> None:
        """Create the run, or replace what is stored of it."""

    def get_run(self, run_id: str) -> Run | None:
        """Return the run with this id."""

    def list_runs(self, *, pipeline: str = "", limit: int = 20) -> list[Run]:
        """Return the newest runs, newest first."""

    def put_execution(
        self,
        execution: Execution,
        *,
        inputs: Mapping[str, Sequence[int]] = NOTHING,
        outputs: Mapping[str, Sequence[ArtifactRecord]] = NOTHING,
    ) -> tuple[Execution, dict[str, list[ArtifactRecord]]]:
        """Create (`id` 0) or update an execution with its events and artifacts, all or nothing.

        Args:
            inputs: ids of the artifacts read, by input.
            outputs: artifacts written, by output; those with an `id` exist and get an event only.

        Returns:
            The stored execution, and the outputs with their ids.

        Raises:
            AlreadyExistsError: the name of the execution or of an output is taken.
            StaleExecutionError: an update of an execution that is no longer RUNNING.
        """

    def heartbeat(self, execution_id: int) -> None:
        """Show that the execution is alive: sets its `heartbeat` to now."""

    def executions(self, ids: Iterable[int]) -> list[Execution]:
        """Return executions by id; unknown ids are left out."""

    def executions_of_run(self, run_id: str) -> list[Execution]:
        """Return all executions of a run."""

    def executions_by_cache_key(self, cache_key: str) -> list[Execution]:
        """Return the COMPLETE executions that have this cache key."""

    def execution_by_name(self, component: str, name: str) -> Execution | None:
        """Return the execution of a component that has claimed this name."""

    def recent_executions(
        self, component: str, *, node: str = "", limit: int = 20
    ) -> list[Execution]:
        """Return the newest executions of a component, newest first.

        Args:
            node: `<pipeline>.<node id>`, to list only those of one node.
        """

    def artifacts(self, ids: Iterable[int]) -> list[ArtifactRecord]:
        """Return artifacts by id; unknown ids are left out."""

    def artifacts_by_type(self, type_name: str, *, limit: int = 100) -> list[ArtifactRecord]:
        """Return the newest artifacts of a type, newest first, whatever their state."""

    def artifacts_by_uri(self, uri: str) -> list[ArtifactRecord]:
        """Return all artifacts with a URI."""

    def set_artifact_state(self, artifact_id: int, state: ArtifactState) -> None:
        """Say what has become of an artifact."""

    def events_by_execution(self, ids: Iterable[int]) -> list[Event]:
        """Return all events of these executions."""

    def events_by_artifact(self, ids: Iterable[int]) -> list[Event]:
        """Return all events of these artifacts."""

    def put_document(self, text: str) -> str:
        """Keep a text under its digest (IR, cache manifests, sources); returns the digest."""

    def get_document(self, digest: str) -> str | None:
        """Return the text that `put_document` kept under this digest."""

    def close(self) -> None:
        """Let go of files and connections."""


def document_digest(text: str) -> str:
    """Return the name under which a store keeps a document: SHA-256 in hexadecimal."""
    return hashlib.sha256(text.encode()).hexdigest()


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

    def put_run(self, run: Run) -> None:
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
    ) -> tuple[Execution, dict[str, list[ArtifactRecord]]]:
        with self._lock:
            self._check(execution, outputs)
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
            e
            for e in self.all_executions
            if e.component == component and node in ("", f"{e.pipeline}.{e.node_id}")
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

    def put_document(self, text: str) -> str:
        name = document_digest(text)
        self._documents[name] = text
        return name

    def get_document(self, digest: str) -> str | None:
        return self._documents.get(digest)

    def close(self) -> None:
        """Do nothing: there is nothing to close."""
