"""Rows as messages of ML Metadata's protocol buffers, and back."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from mlops_metadata.layout.rows import (
    ArtifactRow,
    ContextRow,
    EventRow,
    ExecutionRow,
    PropertyType,
    Proto,
    Struct,
    TypeRow,
    Value,
    Values,
)
from mlops_metadata.layout.wire import read_struct, write_struct
from mlops_metadata.library import pb


def fill_value(value: Value, target: Any) -> None:
    """Write the value of a property into a `Value` message."""
    if isinstance(value, bool):
        target.bool_value = value
    elif isinstance(value, int):
        target.int_value = value
    elif isinstance(value, float):
        target.double_value = value
    elif isinstance(value, str):
        target.string_value = value
    elif isinstance(value, Struct):
        target.struct_value.ParseFromString(write_struct(value.fields))
        target.struct_value.SetInParent()
    elif isinstance(value, Proto):
        target.proto_value.type_url = value.type_url
        target.proto_value.value = value.data


def read_value(message: Any) -> Value:
    """Return the value of a property in a `Value` message."""
    field = message.WhichOneof("value")
    if field is None:
        return None
    found = getattr(message, field)
    if field == "struct_value":
        return Struct(read_struct(found.SerializeToString()))
    if field == "proto_value":
        return Proto(found.type_url, found.value)
    return found  # type: ignore[no-any-return]


def fill_values(values: Mapping[str, Value], properties: Any) -> None:
    """Write values into a map of properties."""
    for name, value in values.items():
        fill_value(value, properties[name])


def _values(properties: Any) -> Values:
    return {name: read_value(value) for name, value in properties.items()}


def fill(row: ArtifactRow | ExecutionRow | ContextRow, message: Any) -> None:
    """Write a row into an empty `Artifact`, `Execution` or `Context`."""
    if row.id:
        message.id = row.id
    message.type_id = row.type_id
    if row.name:
        message.name = row.name
    if isinstance(row, ExecutionRow):
        message.last_known_state = row.state
    elif isinstance(row, ArtifactRow):
        message.uri, message.state = row.uri, row.state
    fill_values(row.properties, message.properties)
    fill_values(row.custom, message.custom_properties)


def fill_event(row: EventRow, message: Any) -> None:
    """Write the type and the path of an event into a message."""
    message.type = row.type
    for step in row.steps:
        if isinstance(step, str):
            message.path.steps.add(key=step)
        else:
            message.path.steps.add(index=step)


def _common(message: Any) -> dict[str, Any]:
    return {
        "type_id": message.type_id,
        "type": message.type,
        "id": message.id,
        "name": message.name,
        "external_id": message.external_id,
        "created": message.create_time_since_epoch,
        "updated": message.last_update_time_since_epoch,
        "properties": _values(message.properties),
        "custom": _values(message.custom_properties),
    }


def artifact_row(message: Any) -> ArtifactRow:
    """Return the artifact in a message."""
    return ArtifactRow(uri=message.uri, state=message.state, **_common(message))


def execution_row(message: Any) -> ExecutionRow:
    """Return the execution in a message."""
    return ExecutionRow(state=message.last_known_state, **_common(message))


def context_row(message: Any) -> ContextRow:
    """Return the context in a message."""
    return ContextRow(**_common(message))


def event_row(message: Any) -> EventRow:
    """Return the event in a message."""
    steps = tuple(s.key if s.HasField("key") else s.index for s in message.path.steps)
    return EventRow(message.type, steps, message.artifact_id, message.execution_id)


def artifact_type_row(message: Any) -> TypeRow:
    """Return the artifact type in a message."""
    base = pb.ArtifactType.SystemDefinedBaseType.Name(message.base_type or 0)
    properties = {name: PropertyType(kind) for name, kind in message.properties.items()}
    return TypeRow(message.id, message.name, "" if base == "UNSET" else base, properties)
