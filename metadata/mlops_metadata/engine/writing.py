"""Rows of the layout into the tables: one statement for any number of rows of a table."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from typing import Any

from mlops_metadata.engine.session import Row, Session
from mlops_metadata.layout.property_values import long_struct, struct_text
from mlops_metadata.layout.rows import (
    ArtifactRow,
    EventRow,
    ExecutionRow,
    Proto,
    Struct,
    Value,
    Values,
)
from mlops_metadata.layout.wire import write_any, write_struct

_TIMES = ("create_time_since_epoch", "last_update_time_since_epoch")
_ARTIFACT = ("type_id", "uri", "state", "name", "external_id", *_TIMES)
_EXECUTION = ("type_id", "last_known_state", "name", "external_id", *_TIMES)
_CONTEXT = ("type_id", "name", "external_id", *_TIMES)
_EVENT = ("artifact_id", "execution_id", "type", "milliseconds_since_epoch")
_STEP = ("event_id", "is_index_step", "step_index", "step_key")
_VALUES = (
    "name",
    "is_custom_property",
    "int_value",
    "double_value",
    "string_value",
    "proto_value",
    "bool_value",
)


def fields(value: Value, pack: Callable[[bytes], Any], any_text: bool = True) -> Row:
    """Return the columns of a value: int, double, string, proto, bool.

    Args:
        pack: makes bytes what the column for them holds.
        any_text: the database takes texts of any length.
    """
    if isinstance(value, bool):
        return (None, None, None, None, value)
    if isinstance(value, int):
        return (value, None, None, None, None)
    if isinstance(value, float):
        return (None, value, None, None, None)
    if isinstance(value, str):
        return (None, None, value, None, None)
    if isinstance(value, Struct):
        data = write_struct(value.fields)
        if not any_text and (kept := long_struct(data)):
            return (None, None, None, pack(write_any(kept)), None)
        return (None, None, struct_text(data), None, None)
    if isinstance(value, Proto):
        return (None, None, None, pack(write_any(value)), None)
    return (None, None, None, None, None)


def put_properties(
    session: Session, owner: str, properties: Mapping[int, tuple[Values, Values]]
) -> None:
    """Insert declared and custom properties, by the id of the record that they belong to."""
    rows = [
        (each, name, is_custom, *fields(value, session.pack, session.any_text))
        for each, both in properties.items()
        for is_custom, values in zip((False, True), both, strict=True)
        for name, value in values.items()
        if value is not None
    ]
    if rows:
        session.insert(f"{owner}Property", (f"{owner.lower()}_id", *_VALUES), rows)


def drop_properties(session: Session, owner: str, record_id: int) -> None:
    """Delete all properties of a record, of which new ones are put."""
    session.run(f"DELETE FROM {owner}Property WHERE {owner.lower()}_id = ?", (record_id,))


def put_execution(session: Session, row: ExecutionRow, now: int) -> int:
    """Insert an execution with its properties; returns its id."""
    values = (row.type_id, int(row.state), row.name or None, row.external_id or None, now, now)
    (found,) = session.insert("Execution", _EXECUTION, [values])
    put_properties(session, "Execution", {found: (row.properties, row.custom)})
    return found


def put_artifacts(session: Session, rows: Sequence[ArtifactRow], now: int) -> list[int]:
    """Insert artifacts with their properties; returns their ids."""
    if not rows:
        return []
    values = [
        (r.type_id, r.uri, int(r.state), r.name or None, r.external_id or None, now, now)
        for r in rows
    ]
    ids = session.insert("Artifact", _ARTIFACT, values)
    put_properties(
        session,
        "Artifact",
        {each: (row.properties, row.custom) for each, row in zip(ids, rows, strict=True)},
    )
    return ids


def add_context(session: Session, type_id: int, name: str, now: int) -> int:
    """Insert a context without properties; returns its id, or 0 if it is there."""
    return session.add_one("Context", _CONTEXT, (type_id, name, None, now, now))


def add_contexts(
    session: Session, wanted: Sequence[tuple[int, str]], now: int
) -> dict[tuple[int, str], int]:
    """Insert the contexts, by type and name, that are not there yet; returns the ids of all."""
    rows = [(type_id, name, None, now, now) for type_id, name in wanted]
    if len(rows) == 1 and (found := session.add_one("Context", _CONTEXT, rows[0])):
        return {wanted[0]: found}
    if len(rows) > 1:
        session.add("Context", _CONTEXT, rows)
    where = " OR ".join(["(type_id = ? AND name = ?)"] * len(rows))
    values = [value for each in wanted for value in each]
    there = session.rows(f"SELECT type_id, name, id FROM Context WHERE {where}", values)
    return {(type_id, name): each for type_id, name, each in there}


def put_events(session: Session, rows: Sequence[EventRow], now: int) -> None:
    """Insert events with their paths."""
    if not rows:
        return
    values = [(r.artifact_id, r.execution_id, int(r.type), now) for r in rows]
    ids = session.insert("Event", _EVENT, values)
    steps: list[tuple[Any, ...]] = [
        (each, False, None, step) if isinstance(step, str) else (each, True, step, None)
        for each, row in zip(ids, rows, strict=True)
        for step in row.steps
    ]
    if steps:
        session.insert("EventPath", _STEP, steps)


def link(
    session: Session, table: str, key: str, contexts: Sequence[int], ids: Sequence[int]
) -> None:
    """Put executions or artifacts into contexts, where they are not yet.

    Args:
        table: `Association` or `Attribution`, and `key` its other column.
    """
    pairs = [(context, each) for context in contexts for each in ids]
    if pairs:
        session.add(table, ("context_id", key), pairs)
