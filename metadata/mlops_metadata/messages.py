"""The only module that imports the messages of `ml_metadata`; rows as messages, and back."""

from __future__ import annotations

import contextlib
import importlib.util
import sys
from collections.abc import Iterable, Iterator, Mapping
from pathlib import Path
from types import ModuleType
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
from mlops_metadata.refusals import short, store_error
from mlops_pipeline.errors import StoreError
from mlops_pipeline.store import AlreadyExistsError

_PACKAGES = (
    "ml_metadata",
    "ml_metadata.proto",
    "ml_metadata.metadata_store",
    "ml_metadata.metadata_store.pywrap",
)


@contextlib.contextmanager
def bare_packages() -> Iterator[None]:
    """Let modules of `ml_metadata` be imported without what its packages import themselves.

    That is the client, and with it grpc: most of the time, and nothing that is used here. Who
    imports `ml_metadata` later gets all of it, with the modules that are loaded here.
    """
    found = importlib.util.find_spec("ml_metadata")
    if found is None or not found.submodule_search_locations or "ml_metadata" in sys.modules:
        yield
        return
    top = Path(found.submodule_search_locations[0])
    for name in _PACKAGES:
        package = ModuleType(name)
        package.__path__ = [str(top.joinpath(*name.split(".")[1:]))]
        sys.modules[name] = package
    try:
        yield
    finally:
        for name in _PACKAGES:
            del sys.modules[name]


try:
    from google.protobuf import json_format
    from google.protobuf.message import DecodeError

    with bare_packages():
        from ml_metadata.proto import metadata_store_pb2 as pb
        from ml_metadata.proto import metadata_store_service_pb2 as service
except ModuleNotFoundError:
    raise
except ImportError as error:
    raise StoreError(
        f"the package ml-metadata does not load: {error}",
        hint="install the version that the constraint files name for this system",
    ) from error

__all__ = ["DecodeError", "pb", "service"]

SERVICE = "MetadataStoreService"

_NOT_FOUND, _ALREADY_EXISTS = 5, 6


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


def request(method: str) -> Any:
    """Return an empty request for a method of the MLMD service."""
    return getattr(service, method + "Request")()


def respond(name: str, method: str, answer: bytes, reason: str, code: int) -> Any:
    """Return the answer to a request, as a message.

    Args:
        name: what to call the store in errors.
        code: of gRPC; 0 if all went well.

    Raises:
        AlreadyExistsError: a unique name is taken.
        StoreError: the request was refused.
    """
    response = getattr(service, method + "Response")()
    if code == 0:
        response.ParseFromString(answer)
        return response
    if code == _NOT_FOUND and method.startswith("Get"):
        # Some listings answer so when there is nothing to list, some with nothing.
        return response
    if code == _ALREADY_EXISTS:
        raise AlreadyExistsError(f"{name}: {short(reason)}")
    raise store_error(f"the metadata store {name} refuses {method}", reason)


def write_json(message: Any) -> str:
    """Return a message in the form of JSON, as some columns hold it."""
    return str(json_format.MessageToJson(message, indent=None))


def read_json(text: str, message: Any) -> None:
    """Write what is in a column into a message; something else there is left out."""
    with contextlib.suppress(json_format.ParseError):
        json_format.Parse(text, message)


def is_unicode(message: Any) -> bool:
    """Return True if all texts in a message are UTF-8; others come out of it as bytes."""
    for field, value in message.ListFields():
        if field.type == field.TYPE_STRING:
            texts = [value] if isinstance(value, str | bytes) else value
            if any(isinstance(text, bytes) for text in texts):
                return False
        elif field.type == field.TYPE_MESSAGE:
            parts: Iterable[Any] = [value] if hasattr(value, "ListFields") else value
            if field.message_type.GetOptions().map_entry:
                if any(isinstance(key, bytes) for key in value):
                    return False
                parts = value.values()
            if not all(is_unicode(part) for part in parts if hasattr(part, "ListFields")):
                return False
    return True
