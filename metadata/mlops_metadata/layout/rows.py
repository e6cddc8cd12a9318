"""Rows of ML Metadata: types, artifacts, executions, contexts and events, with their numbers.

The numbers are those of ML Metadata's protocol buffers, which its schema keeps as they are.
"""

from __future__ import annotations

from collections.abc import Mapping
from enum import IntEnum
from typing import Any

import msgspec
from msgspec import field


class Kind(IntEnum):
    """Kind of a type."""

    EXECUTION = 0
    ARTIFACT = 1
    CONTEXT = 2


class PropertyType(IntEnum):
    """Type of a declared property."""

    UNKNOWN = 0
    INT = 1
    DOUBLE = 2
    STRING = 3
    STRUCT = 4
    PROTO = 5
    BOOLEAN = 6


class ArtifactCode(IntEnum):
    """State of an artifact."""

    UNKNOWN = 0
    PENDING = 1
    LIVE = 2
    MARKED_FOR_DELETION = 3
    DELETED = 4
    ABANDONED = 5
    REFERENCE = 6


class ExecutionCode(IntEnum):
    """State of an execution."""

    UNKNOWN = 0
    NEW = 1
    RUNNING = 2
    COMPLETE = 3
    FAILED = 4
    CACHED = 5
    CANCELED = 6


class EventCode(IntEnum):
    """Type of an event."""

    UNKNOWN = 0
    DECLARED_OUTPUT = 1
    DECLARED_INPUT = 2
    INPUT = 3
    OUTPUT = 4
    INTERNAL_INPUT = 5
    INTERNAL_OUTPUT = 6
    PENDING_OUTPUT = 7


class Struct(msgspec.Struct, frozen=True):
    """A value of the field `struct_value`: JSON whose numbers are doubles."""

    fields: Mapping[str, Any]


class Proto(msgspec.Struct, frozen=True):
    """A value of the field `proto_value`: any message, by its type and bytes."""

    type_url: str
    data: bytes = b""


Value = bool | int | float | str | Struct | Proto | None
"""The value of a property: its Python type tells the field; None where no field is filled."""

Values = dict[str, Value]


class TypeRow(msgspec.Struct, frozen=True):
    """A type.

    Args:
        base: name of the base type in capitals, such as `DATASET`; empty where there is none.
        properties: the declared ones.
    """

    id: int
    name: str
    base: str = ""
    properties: Mapping[str, PropertyType] = field(default_factory=dict)


class ArtifactRow(msgspec.Struct, frozen=True):
    """An artifact.

    Args:
        created, updated: milliseconds since 1970.
        damage: what of it is not as it should be; empty if nothing is.
    """

    type_id: int
    type: str = ""
    id: int = 0
    uri: str = ""
    state: int = 0
    name: str = ""
    external_id: str = ""
    created: int = 0
    updated: int = 0
    properties: Values = field(default_factory=dict)
    custom: Values = field(default_factory=dict)
    damage: str = ""


class ExecutionRow(msgspec.Struct, frozen=True):
    """An execution."""

    type_id: int
    type: str = ""
    id: int = 0
    state: int = 0
    name: str = ""
    external_id: str = ""
    created: int = 0
    updated: int = 0
    properties: Values = field(default_factory=dict)
    custom: Values = field(default_factory=dict)
    damage: str = ""


class ContextRow(msgspec.Struct, frozen=True):
    """A context."""

    type_id: int
    type: str = ""
    id: int = 0
    name: str = ""
    external_id: str = ""
    created: int = 0
    updated: int = 0
    properties: Values = field(default_factory=dict)
    custom: Values = field(default_factory=dict)
    damage: str = ""


Step = str | int
"""A step of the path of an event: a key, or an index."""


class EventRow(msgspec.Struct, frozen=True):
    """An event: the artifact's part in the execution."""

    type: int
    steps: tuple[Step, ...] = ()
    artifact_id: int = 0
    execution_id: int = 0
