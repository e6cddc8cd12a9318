"""Our records as rows of ML Metadata in TFX's layout, and back.

Parameters and artifact properties are MLMD properties by their plain names. What only we know
is a custom property that begins with `mlops.`. Names that begin with `__` are TFX's own.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from typing import Any

from msgspec import Struct, field

from mlops_metadata.layout.damage import (
    Check,
    in_short,
    is_mapping,
    is_text,
    is_time,
    is_whole,
    is_wholes,
    sound,
)
from mlops_metadata.layout.property_values import decode, encode, encode_all, plain_field
from mlops_metadata.layout.rows import (
    ArtifactCode,
    ArtifactRow,
    ContextRow,
    EventCode,
    EventRow,
    ExecutionCode,
    ExecutionRow,
    PropertyType,
    Step,
    TypeRow,
    Value,
    Values,
)
from mlops_metadata.layout.tfx_values import (
    read_parameters,
    read_properties,
    write_parameters,
    write_property,
)
from mlops_pipeline.artifacts import LAYOUT_PROPERTY, has_old_layout
from mlops_pipeline.store import (
    DELETION,
    NAMES,
    ArtifactRecord,
    ArtifactState,
    Direction,
    Event,
    Execution,
    Run,
    State,
)

PIPELINE, RUN, NODE, CACHE = "pipeline", "pipeline_run", "node", "execution_cache"
DOCUMENT, MODEL = "mlops.document", "mlops.model"
CONTEXT_TYPES = (PIPELINE, RUN, NODE, CACHE, DOCUMENT, MODEL)

PREFIX = "mlops."
OTHER = PREFIX + "property."
"""Before the name of a further property of a run."""

EXACT = "exact"
"""Fact: the parameters or properties that do not come back exactly from the form of TFX."""

END = PREFIX + "End"
"""Type of the artifacts that only say that an execution has ended."""

TFX_LAYOUT = "1.16.0"
"""Value of `tfx_version` for what we write: from 0.29 on, TFX looks for `Split-<name>` folders."""

_ARTIFACT_STATES: dict[int, ArtifactState] = {
    ArtifactCode.PENDING: ArtifactState.PENDING,
    ArtifactCode.REFERENCE: ArtifactState.PENDING,
    ArtifactCode.MARKED_FOR_DELETION: ArtifactState.DELETED,
    ArtifactCode.DELETED: ArtifactState.DELETED,
    ArtifactCode.ABANDONED: ArtifactState.DELETED,
}
DELETED_CODES = frozenset({int(ArtifactCode.MARKED_FOR_DELETION), int(ArtifactCode.DELETED)})
_STATE_WORDS = {
    "pending": ArtifactState.PENDING,
    "marked_for_deletion": ArtifactState.DELETED,
    "deleted": ArtifactState.DELETED,
    "abandoned": ArtifactState.DELETED,
}
EXECUTION_STATES: dict[int, State] = {
    ExecutionCode.NEW: State.RUNNING,
    ExecutionCode.RUNNING: State.RUNNING,
    ExecutionCode.COMPLETE: State.COMPLETE,
    ExecutionCode.FAILED: State.FAILED,
    ExecutionCode.CACHED: State.CACHED,
    ExecutionCode.CANCELED: State.CANCELED,
}
_DIRECTIONS: dict[int, Direction] = {
    EventCode.INPUT: Direction.INPUT,
    EventCode.DECLARED_INPUT: Direction.INPUT,
    EventCode.INTERNAL_INPUT: Direction.INPUT,
    EventCode.OUTPUT: Direction.OUTPUT,
    EventCode.DECLARED_OUTPUT: Direction.OUTPUT,
    EventCode.INTERNAL_OUTPUT: Direction.OUTPUT,
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


class Parts(Struct, frozen=True):
    """Custom properties, sorted out."""

    facts: dict[str, Any] = field(default_factory=dict)
    other: dict[str, Any] = field(default_factory=dict)
    named: dict[str, Any] = field(default_factory=dict)


def _sort_out(properties: Mapping[str, Value]) -> Parts:
    parts = Parts()
    for name, value in properties.items():
        if not name.startswith(PREFIX):
            parts.named[name] = decode(value)
        elif name.startswith(OTHER):
            parts.other[name[len(OTHER) :]] = decode(value)
        else:
            parts.facts[name[len(PREFIX) :]] = decode(value)
    return parts


def write_execution(execution: Execution, type_id: int, *, any_text: bool = False) -> ExecutionRow:
    """Return an execution as a row.

    Args:
        any_text: the database takes texts of any length, with backslashes.
    """
    skipped = execution.state is State.SKIPPED
    state = State.CANCELED if skipped else execution.state
    properties: Values = {}
    if skipped:
        properties[PREFIX + "state"] = execution.state.value
    facts = {name: getattr(execution, name) for name in (*_PLAIN, *_RECORD)}
    plain = {n: facts[n] for n, none in _PLAIN.items() if facts[n] != none}
    encode_all(plain, properties, PREFIX)
    record = {name: facts[name] for name, none in _RECORD.items() if facts[name] != none}
    # A name like TFX's own must not be taken for a schema.
    is_ours = any(name.startswith("__") for name in execution.parameters)
    other = {}
    for name, value in execution.parameters.items():
        if is_ours or plain_field(value) not in ("", "bool_value"):
            properties[name] = encode(value, name=name)
        else:
            other[name] = value
    if other and (exact := write_parameters(other, properties, any_text=any_text)):
        record[EXACT] = exact
    properties[PREFIX + "record"] = encode(record, name=f"execution of {execution.node_id}")
    return ExecutionRow(
        type_id,
        execution.component,
        execution.id,
        ExecutionCode[state.value],
        execution.name,
        custom=properties,
    )


def end_name(execution_id: int) -> str:
    """Return the external id of the artifact that ends an execution.

    Whoever ends an execution puts an artifact with it, which ML Metadata takes once: of two
    processes that have both seen it RUNNING, the second changes nothing. It is the first new
    output; an execution without new outputs gets an artifact of the type `END` without event.
    """
    return f"{PREFIX}end/{execution_id}"


def is_ours(row: ExecutionRow) -> bool:
    """Return True if we wrote this execution: its properties name its node then."""
    return PREFIX + "node_id" in row.custom


def read_state(row: ExecutionRow) -> State:
    """Return the state of one of our executions; of a damaged one, that it has failed."""
    word = row.custom.get(PREFIX + "state")
    if word is None:
        return EXECUTION_STATES.get(row.state, State.FAILED)
    return State(word) if isinstance(word, str) and word in _STATES else State.FAILED


def _is_state(value: Any) -> bool:
    return isinstance(value, str) and value in _STATES


_STATES = frozenset(state.value for state in State)
_EXECUTION_CHECKS: dict[str, Check] = {
    **dict.fromkeys(("pipeline", "run_id", "details", "manifest", "log", "host"), is_text),
    **dict.fromkeys(("node_id", "cache_key", "reason", "error"), is_text),
    **dict.fromkeys(("attempt", "pid"), is_whole),
    **dict.fromkeys(("started", "finished"), is_time),
    **dict.fromkeys(("properties", EXACT, "record"), is_mapping),
    "iteration": is_wholes,
    "state": _is_state,
}


def read_execution(row: ExecutionRow) -> Execution:
    """Return the execution in a row that `write_execution` made."""
    parts, damage = _sort_out(row.custom), [row.damage] if row.damage else []
    own = sound(parts.facts, _EXECUTION_CHECKS, damage)
    if "record" not in parts.facts:
        damage.append("its mlops.record is gone")
    record = sound(own.get("record", {}), _EXECUTION_CHECKS, damage)
    facts = {"pipeline": "", "run_id": "", "node_id": "", **own, **record}
    if "state" not in parts.facts and row.state not in EXECUTION_STATES:
        damage.append(f"last_known_state is {row.state}")
    if not row.type:
        damage.append(f"its type {row.type_id} is gone")
    facts["iteration"] = tuple(facts.get("iteration", ()))
    exact, parameters = facts.get(EXACT, {}), dict(sorted(parts.named.items()))
    if exact or any(name.startswith("__") for name in parameters):
        try:
            parameters = read_parameters(parameters, exact)
        except (ValueError, TypeError, RecursionError):
            damage.append("its parameters are no JSON")
    return Execution(
        component=row.type,
        state=read_state(row),
        id=row.id,
        name=row.name,
        parameters=parameters,
        heartbeat=row.updated / 1000,
        damage="; ".join(damage),
        **{name: value for name, value in facts.items() if name in _PLAIN or name in _RECORD},
    )


def write_artifact(record: ArtifactRecord, kind: TypeRow, *, any_text: bool = False) -> ArtifactRow:
    """Return an artifact of the type `kind` as a row; `any_text` as for executions."""
    exact: dict[str, Any] = {}
    properties: Values = {}
    custom: Values = {}
    for name, value in record.properties.items():
        if name == LAYOUT_PROPERTY:
            continue
        declared = _declared_field(kind, name)
        if declared and declared == plain_field(value):
            properties[name] = value
            if name not in _BOTH_WAYS:
                continue
        if plain_field(value):
            custom[name] = encode(value, name=name)
        else:
            write_property(name, value, custom, exact, any_text=any_text)
    # What TFX wrote long ago says so, and is left in its layout.
    layout = str(record.properties.get(LAYOUT_PROPERTY, TFX_LAYOUT))
    if layout:
        custom[LAYOUT_PROPERTY] = layout
    facts = {"digest": record.digest, "created": record.created, EXACT: exact}
    encode_all({name: value for name, value in facts.items() if value}, custom, PREFIX)
    encode_all(record.notes, custom, PREFIX)
    state = ArtifactCode[record.state.value]
    return ArtifactRow(
        kind.id,
        kind.name,
        uri=record.uri,
        state=state,
        name=record.name,
        properties=properties,
        custom=custom,
    )


_ARTIFACT_FACTS = ("digest", "created", EXACT)
"""Properties of ours that are fields of an artifact, and no notes."""

_FIELDS = {
    PropertyType.INT: "int_value",
    PropertyType.DOUBLE: "double_value",
    PropertyType.STRING: "string_value",
}


def _declared_field(kind: TypeRow, name: str) -> str:
    return _FIELDS.get(kind.properties.get(name, PropertyType.UNKNOWN), "")


_ARTIFACT_CHECKS: dict[str, Check] = {
    "digest": is_text,
    "created": is_time,
    EXACT: is_mapping,
    DELETION: is_mapping,
    **dict.fromkeys(NAMES, lambda value: isinstance(value, list)),
}


def read_artifact(row: ArtifactRow) -> ArtifactRecord:
    """Return the artifact in a row."""
    parts, damage = _sort_out(row.custom), [row.damage] if row.damage else []
    facts = sound(parts.facts, _ARTIFACT_CHECKS, damage)
    properties = {name: decode(value) for name, value in row.properties.items()}
    exact = facts.get(EXACT, {})
    properties.update(read_properties(parts.named, exact) if exact else parts.named)
    properties.setdefault(LAYOUT_PROPERTY, "")
    if not has_old_layout(properties):
        del properties[LAYOUT_PROPERTY]
    if not row.type:
        damage.append(f"its type {row.type_id} is gone")
    elif not row.uri and row.type != END:
        damage.append("it has no URI")
    elif "\0" in row.uri:
        damage.append(f"its URI is {in_short(row.uri)}")
    if row.state not in _KNOWN_CODES:
        damage.append(f"state is {row.state}")
    return ArtifactRecord(
        type=row.type,
        uri=row.uri,
        id=row.id,
        name=row.name,
        state=_artifact_state(row, properties),
        properties=properties,
        digest=facts.get("digest", ""),
        created=facts.get("created") or row.created / 1000,
        notes={name: value for name, value in facts.items() if name not in _ARTIFACT_FACTS},
        damage="; ".join(damage),
    )


_KNOWN_CODES = frozenset(map(int, ArtifactCode))


def _artifact_state(row: ArtifactRow, properties: Mapping[str, Any]) -> ArtifactState:
    if row.state == ArtifactCode.UNKNOWN:
        # Before MLMD had states, TFX kept them in a property.
        return _STATE_WORDS.get(str(properties.get("state", "")), ArtifactState.LIVE)
    if row.state not in _KNOWN_CODES:
        # Nothing uses what may be anything.
        return ArtifactState.PENDING
    return _ARTIFACT_STATES.get(row.state, ArtifactState.LIVE)


def read_events(rows: Iterable[EventRow]) -> list[Event]:
    """Return the events in rows: one of MLMD may stand for several keys of one artifact."""
    found = []
    for row in rows:
        direction = _DIRECTIONS.get(row.type)
        if direction is None:
            continue
        for key, index in _keys(row.steps):
            found.append(Event(row.execution_id, row.artifact_id, direction, key, index))
    return found


def event_codes(direction: Direction) -> list[int]:
    """Return the types of events that stand for a direction."""
    return [int(code) for code, each in _DIRECTIONS.items() if each is direction]


def write_event(direction: Direction, keys: Sequence[tuple[str, int]]) -> EventRow:
    """Return an event as a row, with the keys that its artifact serves."""
    steps = [step for key_and_index in keys for step in key_and_index]
    return EventRow(EventCode[direction.value], tuple(steps))


def _keys(steps: Sequence[Step]) -> list[tuple[str, int]]:
    found: list[tuple[str, int]] = []
    for step in steps:
        if isinstance(step, str):
            found.append((step, 0))
        elif found:
            found[-1] = (found[-1][0], step)
        else:
            found.append(("", step))
    return found or [("", 0)]


def write_run(run: Run) -> Values:
    """Return the custom properties of a `pipeline_run` context."""
    properties: Values = {}
    facts = {
        "pipeline": run.pipeline,
        "state": run.state.value,
        "ir": run.ir,
        "base_run": run.base_run,
        "started": run.started,
        "finished": run.finished,
    }
    encode_all({k: v for k, v in facts.items() if v}, properties, PREFIX)
    encode_all(run.parameters, properties)
    encode_all(run.properties, properties, OTHER)
    return properties


def is_our_run(row: ContextRow) -> bool:
    """Return True if `write_run` has filled this context."""
    return PREFIX + "state" in row.custom


def may_be_of(row: ContextRow, pipeline: str) -> bool:
    """Return True if a run may be of this pipeline (empty: any), as its context shows."""
    if not pipeline or not is_our_run(row):
        return True
    return bool(decode(row.custom.get(PREFIX + "pipeline")) == pipeline)


_RUN_CHECKS: dict[str, Check] = {
    **dict.fromkeys(("pipeline", "ir", "base_run"), is_text),
    **dict.fromkeys(("started", "finished"), is_time),
    "state": _is_state,
}


def read_run(row: ContextRow) -> Run:
    """Return the run in a context that `write_run` filled; a damaged state is a failure."""
    parts, damage = _sort_out(row.custom), [row.damage] if row.damage else []
    facts = sound(parts.facts, _RUN_CHECKS, damage)
    return Run(
        id=row.name,
        pipeline=facts.get("pipeline", ""),
        state=State(facts.get("state", State.FAILED)),
        ir=facts.get("ir", ""),
        parameters=parts.named,
        base_run=facts.get("base_run", ""),
        started=facts.get("started", 0.0),
        finished=facts.get("finished", 0.0),
        properties=parts.other,
        damage="; ".join(damage),
    )
