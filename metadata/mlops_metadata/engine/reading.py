"""Rows of the tables as rows of the layout: a few queries for any number of records."""

from __future__ import annotations

import base64
import binascii
from collections.abc import Callable, Iterable, Sequence
from typing import Any

from mlops_metadata.engine.session import Row, Session, chunks, marks
from mlops_metadata.layout.property_values import STRUCT_MARK
from mlops_metadata.layout.rows import (
    ArtifactRow,
    ContextRow,
    EventRow,
    ExecutionRow,
    Step,
    Struct,
    Value,
    Values,
)
from mlops_metadata.layout.wire import read_any, read_struct

TypeName = Callable[[int], str]
"""The name of a type, by its id."""

_LARGEST = 2**63 - 1
"""Largest number that a database can hold; there is no id beyond it."""

_COMMON = "name, external_id, create_time_since_epoch, last_update_time_since_epoch"
_ARTIFACT = f"t.id, t.type_id, t.uri, t.state, t.{_COMMON.replace(', ', ', t.')}"
_EXECUTION = f"t.id, t.type_id, t.last_known_state, t.{_COMMON.replace(', ', ', t.')}"
_CONTEXT = f"t.id, t.type_id, t.{_COMMON.replace(', ', ', t.')}"
_VALUES = "name, is_custom_property, int_value, double_value, string_value, proto_value, bool_value"


def known_ids(ids: Iterable[int]) -> list[int]:
    """Return the ids that a record can have, in order, each once."""
    return sorted(each for each in set(ids) if 0 < each <= _LARGEST)


def most(limit: int) -> int:
    """Return a limit as a database takes it."""
    return min(limit, _LARGEST)


def executions(
    session: Session, name_of: TypeName, where: str, values: Sequence[Any]
) -> list[ExecutionRow]:
    """Return executions with their properties.

    Args:
        where: what follows `SELECT ... FROM Execution t` in the query.
    """
    found = session.rows(f"SELECT {_EXECUTION} FROM Execution t {where}", values)
    properties = _properties(session, "Execution", [row[0] for row in found])
    return [
        ExecutionRow(
            id=row[0],
            type_id=row[1],
            type=name_of(row[1]),
            state=row[2] or 0,
            **_node(row[3:]),
            properties=properties[row[0]][0],
            custom=properties[row[0]][1],
        )
        for row in found
    ]


def artifacts(
    session: Session, name_of: TypeName, where: str, values: Sequence[Any]
) -> list[ArtifactRow]:
    """Return artifacts with their properties; `where` as for executions."""
    found = session.rows(f"SELECT {_ARTIFACT} FROM Artifact t {where}", values)
    properties = _properties(session, "Artifact", [row[0] for row in found])
    return [
        ArtifactRow(
            id=row[0],
            type_id=row[1],
            type=name_of(row[1]),
            uri=row[2] or "",
            state=row[3] or 0,
            **_node(row[4:]),
            properties=properties[row[0]][0],
            custom=properties[row[0]][1],
        )
        for row in found
    ]


def contexts(
    session: Session, name_of: TypeName, where: str, values: Sequence[Any]
) -> list[ContextRow]:
    """Return contexts with their properties; `where` as for executions."""
    found = session.rows(f"SELECT {_CONTEXT} FROM Context t {where}", values)
    properties = _properties(session, "Context", [row[0] for row in found])
    return [
        ContextRow(
            id=row[0],
            type_id=row[1],
            type=name_of(row[1]),
            **_node(row[2:]),
            properties=properties[row[0]][0],
            custom=properties[row[0]][1],
        )
        for row in found
    ]


def _node(row: Row) -> dict[str, Any]:
    return {
        "name": row[0] or "",
        "external_id": row[1] or "",
        "created": row[2],
        "updated": row[3],
    }


def _properties(
    session: Session, owner: str, ids: Sequence[int]
) -> dict[int, tuple[Values, Values]]:
    """Return declared and custom properties by the id of the record they belong to."""
    found: dict[int, tuple[Values, Values]] = {each: ({}, {}) for each in ids}
    key = f"{owner.lower()}_id"
    for part in chunks(list(found)):
        statement = (
            f"SELECT {key}, {_VALUES} FROM {owner}Property WHERE {key} IN ({marks(len(part))})"
        )
        for each, name, is_custom, *fields in session.rows(statement, part):
            found[each][1 if is_custom else 0][name] = value_of(fields, session.unpack)
    return found


def value_of(columns: Sequence[Any], unpack: Callable[[Any], bytes]) -> Value:
    """Return the value of a property from its columns, of which one is filled.

    Args:
        columns: int, double, string, proto, bool.
        unpack: makes bytes of what the column for them holds.
    """
    number, double, text, proto, truth = columns
    if number is not None:
        return int(number)
    if double is not None:
        return float(double)
    if text is not None:
        return _text(text)
    if proto is not None:
        return _proto(proto, unpack)
    return None if truth is None else bool(truth)


def _text(text: str) -> Value:
    if not text.startswith(STRUCT_MARK):
        return text
    try:
        return Struct(read_struct(base64.b64decode(text[len(STRUCT_MARK) :], validate=True)))
    except (ValueError, TypeError, AttributeError, binascii.Error, RecursionError):
        # Somebody has written over it: what is there is shown.
        return text


def _proto(stored: Any, unpack: Callable[[Any], bytes]) -> Value:
    try:
        return read_any(unpack(stored))
    except (ValueError, TypeError, AttributeError, binascii.Error):
        return stored if isinstance(stored, str) else bytes(stored).decode("utf-8", "replace")


def with_ids(
    read: Callable[[Session, TypeName, str, Sequence[Any]], list[Any]],
    session: Session,
    name_of: TypeName,
    ids: Iterable[int],
) -> list[Any]:
    """Return records by id, in the order of the ids.

    Args:
        read: `executions`, `artifacts` or `contexts`.
    """
    found = []
    for part in chunks(known_ids(ids)):
        found += read(session, name_of, f"WHERE t.id IN ({marks(len(part))}) ORDER BY t.id", part)
    return found


def events(session: Session, key: str, ids: Iterable[int]) -> list[EventRow]:
    """Return events with their paths, oldest first.

    Args:
        key: `execution_id` or `artifact_id`.
    """
    found: list[EventRow] = []
    for part in chunks(known_ids(ids)):
        rows = session.rows(
            "SELECT id, artifact_id, execution_id, type FROM Event "
            f"WHERE {key} IN ({marks(len(part))}) ORDER BY id",
            part,
        )
        paths = _paths(session, [row[0] for row in rows])
        found += [
            EventRow(kind, tuple(paths.get(each, ())), artifact, execution)
            for each, artifact, execution, kind in rows
        ]
    return found


def _paths(session: Session, ids: Sequence[int]) -> dict[int, list[Step]]:
    """Return the steps of events, by the id of the event."""
    found: dict[int, list[Step]] = {}
    for part in chunks(ids):
        statement = (
            "SELECT event_id, is_index_step, step_index, step_key FROM EventPath "
            f"WHERE event_id IN ({marks(len(part))}) {session.row_order}"
        )
        for each, is_index, index, key in session.rows(statement, part):
            found.setdefault(each, []).append((index or 0) if is_index else (key or ""))
    for steps in found.values():
        # Rows have no number: PostgreSQL puts the last ones of a path before the others where an
        # earlier page has room, as after a crash. A path begins with a key, and ends with an index.
        if isinstance(steps[0], int) and isinstance(steps[-1], str):
            steps.append(steps.pop(0))
    return found
