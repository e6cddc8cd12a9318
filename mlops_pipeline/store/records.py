"""The records of the metadata store: artifacts, executions, events between them, and runs.

They follow MLMD (ML Metadata), where a run is a context.
"""

from __future__ import annotations

import enum
import time
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from types import MappingProxyType
from typing import Any

from mlops_pipeline.errors import StoreError
from mlops_pipeline.gate import GATE

NOTHING: Mapping[str, Any] = MappingProxyType({})
"""No items, for ever: the default of an argument that takes a mapping."""


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

    succeeded: bool
    """True if the execution has outputs that can be used."""

    def __init__(self, name: str) -> None:
        self.succeeded = name in ("COMPLETE", "CACHED")

    def __str__(self) -> str:
        return str(self.value)


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
        notes: what is recorded about it beside its content: see `names_of` and `deletion_of`.
        damage: what of its record is not as it should be; empty if nothing is.
    """

    type: str
    uri: str
    id: int = 0
    name: str = ""
    state: ArtifactState = ArtifactState.LIVE
    properties: Mapping[str, Any] = field(default_factory=dict)
    digest: str = ""
    created: float = 0.0
    notes: Mapping[str, Any] = field(default_factory=dict)
    damage: str = field(default="", compare=False)


MODEL, MODEL_CHANGE, ROLLOUT_STEP = "mlops.Model", "mlops.ModelChange", "mlops.RolloutStep"
BUSINESS_METRIC, LIFT_ESTIMATE = "mlops.BusinessMetric", "mlops.LiftEstimate"
RETRAIN_DECISION = "mlops.RetrainDecision"
"""Components of the executions that are records of a registered model, and no work.

The name of the model is their pipeline. They belong to no run, and to no node.
"""

NAMES = ("tags", "aliases")
"""Notes of an artifact that list names which people have given it."""

DELETION = "deleted"
"""Note of an artifact whose files were removed: when, why and by whom, and how large they were."""


def names_of(record: ArtifactRecord) -> tuple[str, ...]:
    """Return the tags and aliases of an artifact."""
    lists = [record.notes.get(kind) for kind in NAMES]
    return tuple(str(name) for each in lists if isinstance(each, list | tuple) for name in each)


def used_artifacts(
    inputs: Mapping[str, Sequence[int]], outputs: Mapping[str, Sequence[ArtifactRecord]]
) -> set[int]:
    """Return ids of the artifacts whose files an execution needs or hands on.

    Inputs whose names begin with `_` are left out: they decided something before it began.
    """
    read = {each for key, ids in inputs.items() if not key.startswith("_") for each in ids}
    return read | {each.id for records in outputs.values() for each in records if each.id}


def deletion_of(record: ArtifactRecord) -> str:
    """Return when, why and by whom the files of an artifact were removed; empty if they were not.

    Notes come from a store, in which anything may stand.
    """
    note = record.notes.get(DELETION)
    if not isinstance(note, Mapping):
        return ""
    at = note.get("at")
    known = isinstance(at, int | float) and 0 <= at < _LAST_TIME
    day = time.strftime("%Y-%m-%d %H:%M", time.localtime(at)) if known else "an unknown day"
    return f"deleted on {day} by {note.get('by') or 'somebody'}: {note.get('why') or 'no reason'}"


_LAST_TIME = 253_402_300_000
"""Seconds since 1970 at which years have five digits."""


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
        damage: what of its record is not as it should be; empty if nothing is.
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
    parameters: Mapping[str, Any] = field(default_factory=dict)
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
    properties: Mapping[str, Any] = field(default_factory=dict)
    damage: str = field(default="", compare=False)

    @property
    def published(self) -> bool:
        """True if it has outputs; one that its own gate has failed has them, too."""
        if self.state is State.FAILED:
            return GATE in self.properties
        return self.state.succeeded


_OF_MODELS = (
    MODEL,
    MODEL_CHANGE,
    ROLLOUT_STEP,
    BUSINESS_METRIC,
    LIFT_ESTIMATE,
    RETRAIN_DECISION,
)


def is_model_record(component: str) -> bool:
    """Return True if executions of a component are records of a registered model."""
    return component in _OF_MODELS


def group_of(execution: Execution) -> str:
    """Return the node that an execution is of, with its pipeline, or the registered model."""
    if is_model_record(execution.component):
        return execution.pipeline
    return execution.node_id and f"{execution.pipeline}.{execution.node_id}"


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
        parameters: values of the run parameters.
        base_run: the run whose results a partial run uses.
        started, finished: seconds since 1970; `finished` is 0 while it runs.
        properties: further facts, by name.
        damage: what of its record is not as it should be; empty if nothing is.
    """

    id: str
    pipeline: str
    state: State = State.RUNNING
    ir: str = ""
    parameters: Mapping[str, Any] = field(default_factory=dict)
    base_run: str = ""
    started: float = 0.0
    finished: float = 0.0
    properties: Mapping[str, Any] = field(default_factory=dict)
    damage: str = field(default="", compare=False)


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


class DeletedArtifactError(StoreError):
    """An artifact was deleted after it had been chosen: its files are removed, or soon will be."""
