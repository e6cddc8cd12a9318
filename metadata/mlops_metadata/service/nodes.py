"""Nodes read from the tables: artifacts, executions and contexts as messages."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from contextlib import suppress
from typing import Any

from mlops_metadata.engine import Row, Session, chunks, marks, reading
from mlops_metadata.messages import fill_value
from mlops_metadata.service.kinds import NodeKind
from mlops_metadata.service.refused import Code, RefusedError
from mlops_metadata.service.values import shown_value

_TYPE = ("name", "version", "description", "external_id")


def read_nodes(session: Session, kind: NodeKind, where: str, values: Sequence[Any]) -> list[Any]:
    """Return nodes in the order of their ids.

    Args:
        where: what follows `FROM ... n` in the query.
    """
    columns = ", ".join(f"n.{name}" for name in kind.fields)
    rows = session.rows(
        f"SELECT {columns}, t.name FROM {kind.name} n LEFT JOIN Type t ON t.id = n.type_id "
        f"{where} ORDER BY n.id",
        values,
    )
    found = {}
    for row in rows:
        message = found[row[0]] = kind.new()
        fill_fields(message, (*kind.fields, "type"), row)
    _add_properties(session, kind, found)
    return list(found.values())


def fill_fields(message: Any, names: Sequence[str], row: Row) -> None:
    """Write the columns of a row into the fields of these names, as far as they can hold them."""
    for name, value in zip(names, row, strict=True):
        if value is not None:
            # A damaged value, or a state of a later version, hides nothing else.
            with suppress(TypeError, ValueError):
                setattr(message, name, value)


def _add_properties(session: Session, kind: NodeKind, found: dict[int, Any]) -> None:
    for each, own in reading.properties_of(session, kind.name, list(found)).items():
        maps = (found[each].properties, found[each].custom_properties)
        for values, target in zip((own.declared, own.custom), maps, strict=True):
            for name, value in values.items():
                if value is not None:
                    with suppress(TypeError, ValueError):
                        fill_value(shown_value(value, session), target[name])


def nodes_with_ids(session: Session, kind: NodeKind, ids: Iterable[int]) -> list[Any]:
    """Return the nodes that are there of these ids, in the order of the ids."""
    found = []
    for part in chunks(reading.known_ids(ids)):
        found += read_nodes(session, kind, f"WHERE n.id IN ({marks(len(part))})", part)
    return found


def types_of(session: Session, kind: NodeKind, type_ids: Iterable[int]) -> list[Any]:
    """Return the types of nodes, with all that a row says of them."""
    found = []
    for type_id in dict.fromkeys(type_ids):
        rows = session.rows(f"SELECT {', '.join(_TYPE)} FROM Type WHERE id = ?", (type_id,))
        for row in rows:
            message = kind.new_type()
            fill_fields(message, ("id", *_TYPE), (type_id, *row))
            found.append(message)
    return found


def ids_there(session: Session, kind: NodeKind, ids: Iterable[int]) -> set[int]:
    """Return those of the ids that nodes have."""
    rows = reading.rows_in(session, f"SELECT id FROM {kind.name} WHERE id IN (*)", ids)
    return {each for (each,) in rows}


def refuse_taken(session: Session, table: str, own_id: int, values: Mapping[str, Any]) -> None:
    """Refuse values that another row of a table has, which have to be unique together.

    Raises:
        RefusedError: there is one.
    """
    where = " AND ".join(f"{name} = ?" for name in values)
    found = session.rows(
        f"SELECT id FROM {table} WHERE {where} AND id != ?", (*values.values(), own_id)
    )
    if found:
        told = ", ".join(f"{name} {value!r}" for name, value in values.items())
        raise RefusedError(f"{table} {found[0][0]} has {told} already", Code.ALREADY_EXISTS)
