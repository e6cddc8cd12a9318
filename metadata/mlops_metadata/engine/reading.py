"""Rows of the tables as rows of the layout: a few queries for any number of records."""

from __future__ import annotations

import binascii
from collections.abc import Callable, Iterable, Sequence
from typing import Any, TypeVar

import msgspec
from msgspec import field

from mlops_metadata.engine.session import CHUNK, Row, Session, chunks, marks
from mlops_metadata.layout.damage import as_text, columns, in_short
from mlops_metadata.layout.property_values import STRUCT_MARK, shown_struct, struct_bytes
from mlops_metadata.layout.rows import (
    ArtifactRow,
    ContextRow,
    EventRow,
    ExecutionRow,
    Proto,
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
_FIELDS = _VALUES.count(",") + 1

_Record = TypeVar("_Record", ExecutionRow, ArtifactRow, ContextRow)

_NODE = {
    "name": str,
    "external_id": str,
    "create_time_since_epoch": int,
    "last_update_time_since_epoch": int,
}
_STATED = {"type_id": int, "last_known_state": int}
_PLACED = {"type_id": int, "uri": str, "state": int}


def known_ids(ids: Iterable[int]) -> list[int]:
    """Return the ids that a record can have, in order, each once."""
    # SQLite keeps texts in columns of numbers, where somebody has written one.
    return sorted(each for each in set(ids) if isinstance(each, int) and 0 < each <= _LARGEST)


def rows_in(session: Session, statement: str, ids: Iterable[int]) -> list[Row]:
    """Return what a query finds for ids, in chunks of them.

    Args:
        statement: the query, with `IN (*)` where the ids belong.
    """
    found: list[Row] = []
    for part in chunks(known_ids(ids)):
        found += session.rows(statement.replace("IN (*)", f"IN ({marks(len(part))})"), part)
    return found


def rows_of_texts(session: Session, statement: str, texts: Iterable[str]) -> list[Row]:
    """Return what a query finds for texts, in chunks of them; `statement` as in `rows_in`."""
    found: list[Row] = []
    wanted = list(dict.fromkeys(texts))
    for start in range(0, len(wanted), CHUNK):
        part = wanted[start : start + CHUNK]
        found += session.rows(statement.replace("IN (*)", f"IN ({marks(len(part))})"), part)
    return found


def most(limit: int) -> int:
    """Return a limit as a database takes it."""
    return min(limit, _LARGEST)


def executions(
    session: Session,
    name_of: TypeName,
    where: str,
    values: Sequence[Any],
    *,
    newest: bool = False,
) -> list[ExecutionRow]:
    """Return executions with their properties, by their ids.

    Args:
        where: what follows `SELECT ... FROM Execution t` in the query.
        newest: the largest ids come first.
    """
    rows = []
    for row, own in _owners(session, f"SELECT {_EXECUTION} FROM Execution t {where}", values):
        head = columns(row[1:3], _STATED, own.damage)
        fields = {"id": row[0], "type_id": head[0], "state": head[1]}
        rows.append(ExecutionRow(type=name_of(head[0]), **fields, **_node(row[3:], own)))
    return _by_id(rows, newest)


def artifacts(
    session: Session,
    name_of: TypeName,
    where: str,
    values: Sequence[Any],
    *,
    newest: bool = False,
) -> list[ArtifactRow]:
    """Return artifacts with their properties; arguments as for executions."""
    rows = []
    for row, own in _owners(session, f"SELECT {_ARTIFACT} FROM Artifact t {where}", values):
        head = columns(row[1:4], _PLACED, own.damage)
        fields = {"id": row[0], "type_id": head[0], "uri": head[1], "state": head[2]}
        rows.append(ArtifactRow(type=name_of(head[0]), **fields, **_node(row[4:], own)))
    return _by_id(rows, newest)


def contexts(
    session: Session,
    name_of: TypeName,
    where: str,
    values: Sequence[Any],
    *,
    newest: bool = False,
) -> list[ContextRow]:
    """Return contexts with their properties; arguments as for executions."""
    rows = []
    for row, own in _owners(session, f"SELECT {_CONTEXT} FROM Context t {where}", values):
        (type_id,) = columns(row[1:2], {"type_id": int}, own.damage)
        fields = {"id": row[0], "type_id": type_id}
        rows.append(ContextRow(type=name_of(type_id), **fields, **_node(row[2:], own)))
    return _by_id(rows, newest)


def _by_id(rows: list[_Record], newest: bool) -> list[_Record]:
    return sorted(rows, key=lambda row: row.id, reverse=newest)


class Own(msgspec.Struct):
    """The properties of a record, and what is wrong with it."""

    declared: Values = field(default_factory=dict)
    custom: Values = field(default_factory=dict)
    damage: list[str] = field(default_factory=list)


def _node(row: Row, own: Own) -> dict[str, Any]:
    name, external_id, created, updated = columns(row, _NODE, own.damage)
    return {
        "name": name,
        "external_id": external_id,
        "created": created,
        "updated": updated,
        "properties": own.declared,
        "custom": own.custom,
        "damage": "; ".join(own.damage),
    }


def _owners(session: Session, query: str, values: Sequence[Any]) -> list[tuple[Row, Own]]:
    """Return what a query for records finds, with their properties, by one statement."""
    owner = query.partition(" FROM ")[2].partition(" ")[0]
    # A query in a query, so that its limit is one of records.
    statement = (
        f"SELECT o.*, p.{_VALUES.replace(', ', ', p.')} FROM ({query}) o "
        f"LEFT JOIN {owner}Property p ON p.{owner.lower()}_id = o.id"
    )
    found: dict[int, tuple[Row, Own]] = {}
    for row in session.rows(statement, values):
        if row[0] not in found:
            found[row[0]] = (row[:-_FIELDS], Own())
        if row[-_FIELDS] is not None:
            _add(found[row[0]][1], row[-_FIELDS:], session)
    return list(found.values())


def properties_of(session: Session, owner: str, ids: Sequence[int]) -> dict[int, Own]:
    """Return declared and custom properties by the id of the record they belong to."""
    found = {each: Own() for each in ids}
    key = f"{owner.lower()}_id"
    for part in chunks(list(found)):
        statement = (
            f"SELECT {key}, {_VALUES} FROM {owner}Property WHERE {key} IN ({marks(len(part))})"
        )
        for each, *stored in session.rows(statement, part):
            _add(found[each], stored, session)
    return found


def _add(own: Own, stored: Sequence[Any], session: Session) -> None:
    name, is_custom, *fields = stored
    try:
        value = value_of(fields, session.unpack)
        if isinstance(value, Proto) and not session.any_text:
            value = shown_struct(value)
    except (ValueError, TypeError, AttributeError, OverflowError):
        given = next(value for value in fields if value is not None)
        value = as_text(given)
        own.damage.append(f"property {in_short(name)} is {in_short(given)}")
    (own.custom if is_custom else own.declared)[as_text(name)] = value


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
        return Struct(read_struct(struct_bytes(text)))
    except (ValueError, TypeError, AttributeError, binascii.Error, RecursionError):
        # Somebody has written over it: what is there is shown.
        return text


def _proto(stored: Any, unpack: Callable[[Any], bytes]) -> Value:
    try:
        return read_any(unpack(stored))
    except (ValueError, TypeError, AttributeError, binascii.Error):
        return as_text(stored)


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
        found += read(session, name_of, f"WHERE t.id IN ({marks(len(part))})", part)
    return found


def events(session: Session, key: str, ids: Iterable[int]) -> list[EventRow]:
    """Return events with their paths, oldest first.

    Args:
        key: `execution_id` or `artifact_id`.
    """
    return _events(
        session,
        (
            _with_paths(session, "Event e", f"WHERE e.{key} IN ({marks(len(part))})", part)
            for part in chunks(known_ids(ids))
        ),
    )


def events_around(session: Session, ids: Iterable[int], codes: Sequence[int]) -> list[EventRow]:
    """Return all events of the executions that have artifacts in events of these types."""

    def part_of(some: Sequence[int]) -> list[Row]:
        reached = (
            f"SELECT DISTINCT execution_id FROM Event WHERE artifact_id IN ({marks(len(some))}) "
            f"AND type IN ({marks(len(codes))})"
        )
        tables = f"({reached}) r JOIN Event e ON e.execution_id = r.execution_id"
        return _with_paths(session, tables, "", [*some, *codes])

    return _events(session, map(part_of, chunks(known_ids(ids))))


def _with_paths(session: Session, tables: str, where: str, values: Sequence[int]) -> list[Row]:
    """Return a row for each step of an event, or one where it has none."""
    order = session.row_order.replace("ORDER BY ", "ORDER BY p.")
    return session.rows(
        "SELECT e.id, e.artifact_id, e.execution_id, e.type, "
        "p.is_index_step, p.step_index, p.step_key "
        f"FROM {tables} LEFT JOIN EventPath p ON p.event_id = e.id {where} {order}",
        values,
    )


def _events(session: Session, parts: Iterable[list[Row]]) -> list[EventRow]:
    found: dict[int, tuple[Row, list[Step]]] = {}
    for part in parts:
        # Two parts may lead to the same execution.
        before = set(found)
        for each, artifact, execution, kind, *step in part:
            if each in before:
                continue
            _, steps = found.setdefault(each, ((kind, artifact, execution), []))
            if step[0] is not None:
                steps.append(_step(*step))
    return [
        EventRow(kind, tuple(_in_order(session, steps)), artifact, execution)
        for _, ((kind, artifact, execution), steps) in sorted(found.items())
        # One that leads to no number is no link; `fsck` names it.
        if type(artifact) is int and type(execution) is int
    ]


def paths(session: Session, ids: Sequence[int]) -> dict[int, list[Step]]:
    """Return the steps of events, by the id of the event."""
    found: dict[int, list[Step]] = {}
    for part in chunks(ids):
        statement = (
            "SELECT event_id, is_index_step, step_index, step_key FROM EventPath "
            f"WHERE event_id IN ({marks(len(part))}) {session.row_order}"
        )
        for each, *step in session.rows(statement, part):
            found.setdefault(each, []).append(_step(*step))
    return {each: _in_order(session, steps) for each, steps in found.items()}


def _step(is_index: Any, index: Any, key: Any) -> Step:
    step = index if is_index else as_text(key or "")
    return step if isinstance(step, int | str) else 0


def _in_order(session: Session, steps: list[Step]) -> list[Step]:
    if steps and not session.keeps_order:
        begin_with_key(steps)
    return steps


def begin_with_key(steps: list[Step]) -> None:
    """Set right a path whose last row the database has put before the others.

    Rows have no number: PostgreSQL does so where an earlier page has room, as after a crash. A path
    of ours begins with a key, and ends with an index.
    """
    if isinstance(steps[0], int) and isinstance(steps[-1], str):
        steps.append(steps.pop(0))
