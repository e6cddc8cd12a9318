"""Our records as MLMD messages in TFX's layout, and back.

Parameters and artifact properties are MLMD properties by their plain names. What only we know
is a custom property that begins with `mlops.`. Names that begin with `__` are TFX's own.
"""

from __future__ import annotations

import time
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

from mlops_metadata.library import pb
from mlops_metadata.property_values import decode, encode, encode_all, plain_field
from mlops_metadata.tfx_values import (
    read_parameters,
    read_properties,
    write_parameters,
    write_property,
)
from mlops_pipeline.artifacts import LAYOUT_PROPERTY, has_old_layout
from mlops_pipeline.store import (
    ArtifactRecord,
    ArtifactState,
    Direction,
    Event,
    Execution,
    Run,
    State,
)

PREFIX = "mlops."
OTHER = PREFIX + "property."
"""Before the name of a further property of a run."""

EXACT = "exact"
"""Fact: the parameters or properties that do not come back exactly from the form of TFX."""

END = PREFIX + "End"
"""Type of the artifacts that only say that an execution has ended."""

TFX_LAYOUT = "1.16.0"
"""Value of `tfx_version` for what we write: from 0.29 on, TFX looks for `Split-<name>` folders."""

_ARTIFACT_STATES = {
    pb.Artifact.PENDING: ArtifactState.PENDING,
    pb.Artifact.REFERENCE: ArtifactState.PENDING,
    pb.Artifact.MARKED_FOR_DELETION: ArtifactState.DELETED,
    pb.Artifact.DELETED: ArtifactState.DELETED,
    pb.Artifact.ABANDONED: ArtifactState.DELETED,
}
_STATE_WORDS = {
    "pending": ArtifactState.PENDING,
    "marked_for_deletion": ArtifactState.DELETED,
    "deleted": ArtifactState.DELETED,
    "abandoned": ArtifactState.DELETED,
}
EXECUTION_STATES = {
    pb.Execution.NEW: State.RUNNING,
    pb.Execution.RUNNING: State.RUNNING,
    pb.Execution.COMPLETE: State.COMPLETE,
    pb.Execution.FAILED: State.FAILED,
    pb.Execution.CACHED: State.CACHED,
    pb.Execution.CANCELED: State.CANCELED,
}
_DIRECTIONS = {
    pb.Event.INPUT: Direction.INPUT,
    pb.Event.DECLARED_INPUT: Direction.INPUT,
    pb.Event.INTERNAL_INPUT: Direction.INPUT,
    pb.Event.OUTPUT: Direction.OUTPUT,
    pb.Event.DECLARED_OUTPUT: Direction.OUTPUT,
    pb.Event.INTERNAL_OUTPUT: Direction.OUTPUT,
}
_BOTH_WAYS = ("span", "version")
"""Properties that some TFX readers look for among the declared ones, some among the others."""

_PLAIN: dict[str, Any] = {
    # Written even if it is empty: it is the sign that we wrote the execution.
    "node_id": None,
    "cache_key": "",
    "reason": "",
    "error": "",
}
"""Fields of an execution that MLMD does not have, as properties of their own.

Each comes with the value that is not written.
"""

_RECORD: dict[str, Any] = {
    "pipeline": "",
    "run_id": "",
    "iteration": (),
    "attempt": 1,
    "details": "",
    "manifest": "",
    "log": "",
    "host": "",
    "pid": 0,
    "started": 0.0,
    "finished": 0.0,
    "properties": {},
}
"""Further fields, together in `mlops.record`: MLMD takes its time for each property."""


@dataclass(frozen=True)
class Parts:
    """Custom properties, sorted out."""

    facts: dict[str, Any] = field(default_factory=dict)
    other: dict[str, Any] = field(default_factory=dict)
    named: dict[str, Any] = field(default_factory=dict)


def _sort_out(properties: Any) -> Parts:
    parts = Parts()
    for name, value in properties.items():
        if not name.startswith(PREFIX):
            parts.named[name] = decode(value)
        elif name.startswith(OTHER):
            parts.other[name[len(OTHER) :]] = decode(value)
        else:
            parts.facts[name[len(PREFIX) :]] = decode(value)
    return parts


def write_execution(
    execution: Execution, type_id: int, message: Any, *, any_text: bool = False
) -> None:
    """Fill an empty MLMD execution.

    Args:
        any_text: the database takes texts of any length, with backslashes.
    """
    if execution.id:
        message.id = execution.id
    message.type_id = type_id
    if execution.name:
        message.name = execution.name
    skipped = execution.state is State.SKIPPED
    state = State.CANCELED if skipped else execution.state
    message.last_known_state = pb.Execution.State.Value(state.value)
    properties = message.custom_properties
    if skipped:
        properties[PREFIX + "state"].string_value = execution.state.value
    facts = {name: getattr(execution, name) for name in (*_PLAIN, *_RECORD)}
    plain = {n: facts[n] for n, none in _PLAIN.items() if facts[n] != none}
    encode_all(plain, properties, PREFIX)
    record = {name: facts[name] for name, none in _RECORD.items() if facts[name] != none}
    # A name like TFX's own must not be taken for a schema.
    is_ours = any(name.startswith("__") for name in execution.parameters)
    other = {}
    for name, value in execution.parameters.items():
        if is_ours or plain_field(value) not in ("", "bool_value"):
            encode(value, properties[name], name=name)
        else:
            other[name] = value
    if other and (exact := write_parameters(other, properties, any_text=any_text)):
        record[EXACT] = exact
    encode(record, properties[PREFIX + "record"], name=f"execution of {execution.node_id}")


def write_end(message: Any, end_type: Callable[[], int]) -> None:
    """Let a `PutExecution` request that ends an execution succeed only if nobody else has ended it.

    Whoever ends an execution puts an artifact with the same external id, which MLMD takes once: of
    two processes that have both seen it RUNNING, on any database, the second changes nothing. It
    is the first new output; an execution without new outputs gets an artifact that has no event.

    Args:
        end_type: gives the id of the artifact type `END`.
    """
    name = f"{PREFIX}end/{message.execution.id}"
    for pair in message.artifact_event_pairs:
        if pair.HasField("artifact"):
            pair.artifact.external_id = name
            return
    end = message.artifact_event_pairs.add().artifact
    end.type_id, end.external_id, end.state = end_type(), name, pb.Artifact.ABANDONED


def write_beat(execution_id: int, message: Any) -> None:
    """Fill a `PutExecutions` request that sets an execution's time and leaves its state alone."""
    name = PREFIX + "beat"
    beat = message.executions.add(id=execution_id)
    beat.custom_properties[name].string_value = repr(time.time())
    message.update_mask.paths.append(f"custom_properties.{name}")


def is_ours(message: Any) -> bool:
    """Return True if we wrote this execution: its properties name its node then."""
    return PREFIX + "node_id" in message.custom_properties


def read_state(message: Any) -> State:
    """Return the state of one of our executions."""
    if PREFIX + "state" in message.custom_properties:
        return State(message.custom_properties[PREFIX + "state"].string_value)
    return EXECUTION_STATES.get(message.last_known_state, State.COMPLETE)


def read_execution(message: Any) -> Execution:
    """Return the execution in a message that `write_execution` filled."""
    parts = _sort_out(message.custom_properties)
    facts = {"pipeline": "", "run_id": "", **parts.facts, **parts.facts.get("record", {})}
    state = facts.get("state") or EXECUTION_STATES[message.last_known_state]
    facts["iteration"] = tuple(facts.get("iteration", ()))
    exact, parameters = facts.get(EXACT), dict(sorted(parts.named.items()))
    if exact or any(name.startswith("__") for name in parameters):
        parameters = read_parameters(parameters, exact or {})
    return Execution(
        component=message.type,
        state=State(state),
        id=message.id,
        name=message.name,
        parameters=parameters,
        heartbeat=message.last_update_time_since_epoch / 1000,
        **{name: value for name, value in facts.items() if name in _PLAIN or name in _RECORD},
    )


def write_artifact(
    record: ArtifactRecord, kind: Any, message: Any, *, any_text: bool = False
) -> None:
    """Fill an empty MLMD artifact of the type `kind`; `any_text` as for executions."""
    exact: dict[str, Any] = {}
    message.type_id = kind.id
    message.uri = record.uri
    if record.name:
        message.name = record.name
    message.state = pb.Artifact.State.Value(record.state.value)
    custom = message.custom_properties
    for name, value in record.properties.items():
        if name == LAYOUT_PROPERTY:
            continue
        declared = _declared_field(kind, name)
        if declared and declared == plain_field(value):
            setattr(message.properties[name], declared, value)
            if name not in _BOTH_WAYS:
                continue
        if plain_field(value):
            encode(value, custom[name], name=name)
        else:
            write_property(name, value, custom, exact, any_text=any_text)
    # What TFX wrote long ago says so, and is left in its layout.
    layout = str(record.properties.get(LAYOUT_PROPERTY, TFX_LAYOUT))
    if layout:
        custom[LAYOUT_PROPERTY].string_value = layout
    facts = {"digest": record.digest, "created": record.created, EXACT: exact}
    encode_all({name: value for name, value in facts.items() if value}, custom, PREFIX)


def _declared_field(kind: Any, name: str) -> str:
    if name not in kind.properties:
        return ""
    return {pb.INT: "int_value", pb.DOUBLE: "double_value", pb.STRING: "string_value"}.get(
        kind.properties[name], ""
    )


def read_artifact(message: Any) -> ArtifactRecord:
    """Return the artifact in a message."""
    parts = _sort_out(message.custom_properties)
    properties = {name: decode(value) for name, value in message.properties.items()}
    exact = parts.facts.get(EXACT)
    properties.update(read_properties(parts.named, exact) if exact else parts.named)
    properties.setdefault(LAYOUT_PROPERTY, "")
    if not has_old_layout(properties):
        del properties[LAYOUT_PROPERTY]
    return ArtifactRecord(
        type=message.type,
        uri=message.uri,
        id=message.id,
        name=message.name,
        state=_artifact_state(message, properties),
        properties=properties,
        digest=parts.facts.get("digest", ""),
        created=parts.facts.get("created") or message.create_time_since_epoch / 1000,
    )


def _artifact_state(message: Any, properties: Mapping[str, Any]) -> ArtifactState:
    if message.state == pb.Artifact.UNKNOWN:
        # Before MLMD had states, TFX kept them in a property.
        return _STATE_WORDS.get(str(properties.get("state", "")), ArtifactState.LIVE)
    return _ARTIFACT_STATES.get(message.state, ArtifactState.LIVE)


def read_events(messages: Any) -> list[Event]:
    """Return the events in messages: one MLMD event may stand for several keys of one artifact."""
    found = []
    for message in messages:
        direction = _DIRECTIONS.get(message.type)
        if direction is None:
            continue
        for key, index in _keys(message.path.steps):
            found.append(Event(message.execution_id, message.artifact_id, direction, key, index))
    return found


def write_event(message: Any, direction: Direction, keys: Sequence[tuple[str, int]]) -> None:
    """Fill in the direction of an event, and the keys that its artifact serves."""
    message.type = pb.Event.Type.Value(direction.value)
    for key, index in keys:
        message.path.steps.add(key=key)
        message.path.steps.add(index=index)


def _keys(steps: Any) -> list[tuple[str, int]]:
    found: list[tuple[str, int]] = []
    for step in steps:
        if step.HasField("key"):
            found.append((step.key, 0))
        elif found:
            found[-1] = (found[-1][0], step.index)
        else:
            found.append(("", step.index))
    return found or [("", 0)]


def write_run(run: Run, message: Any) -> None:
    """Fill the custom properties of a `pipeline_run` context."""
    facts = {
        "pipeline": run.pipeline,
        "state": run.state.value,
        "ir": run.ir,
        "base_run": run.base_run,
        "started": run.started,
        "finished": run.finished,
    }
    encode_all({k: v for k, v in facts.items() if v}, message.custom_properties, PREFIX)
    encode_all(run.parameters, message.custom_properties)
    encode_all(run.properties, message.custom_properties, OTHER)


def is_our_run(message: Any) -> bool:
    """Return True if `write_run` has filled this context."""
    return PREFIX + "state" in message.custom_properties


def may_be_of(message: Any, pipeline: str) -> bool:
    """Return True if a run may be of this pipeline (empty: any), as its context shows."""
    if not pipeline or not is_our_run(message):
        return True
    return bool(decode(message.custom_properties[PREFIX + "pipeline"]) == pipeline)


def read_run(message: Any) -> Run:
    """Return the run in a context that `write_run` filled."""
    parts = _sort_out(message.custom_properties)
    return Run(
        id=message.name,
        pipeline=parts.facts.get("pipeline", ""),
        state=State(parts.facts["state"]),
        ir=parts.facts.get("ir", ""),
        parameters=parts.named,
        base_run=parts.facts.get("base_run", ""),
        started=parts.facts.get("started", 0.0),
        finished=parts.facts.get("finished", 0.0),
        properties=parts.other,
    )
