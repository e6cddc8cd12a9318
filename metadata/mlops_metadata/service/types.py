"""Types of nodes: registered, extended, and read."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from typing import Any

from mlops_metadata.engine import Session, chunks, marks, reading
from mlops_metadata.engine.schema import first_types
from mlops_metadata.layout.rows import Kind
from mlops_metadata.messages import pb, read_json, write_json
from mlops_metadata.service.kinds import NodeKind
from mlops_metadata.service.nodes import fill_fields, refuse_taken
from mlops_metadata.service.refused import Code, RefusedError

_COLUMNS = ("id", "name", "version", "description", "external_id")
_STRUCTURES = ("input_type", "output_type")
_SIMPLE = frozenset(name for name, _ in first_types())

BASES: Mapping[Kind, Mapping[str, int]] = {
    Kind.ARTIFACT: {"mlmd.Dataset": 1, "mlmd.Model": 2, "mlmd.Metrics": 3, "mlmd.Statistics": 4},
    Kind.EXECUTION: {
        "mlmd.Train": 1,
        "mlmd.Transform": 2,
        "mlmd.Process": 3,
        "mlmd.Evaluate": 4,
        "mlmd.Deploy": 5,
    },
    Kind.CONTEXT: {},
}
"""The types that stand for base types, with the numbers of these."""


def find_types(session: Session, kind: NodeKind, where: str, values: Sequence[Any]) -> list[Any]:
    """Return types with their properties, in the order of their ids.

    Args:
        where: a condition on the columns of `Type`.
    """
    structures = _STRUCTURES if kind.kind is Kind.EXECUTION else ()
    names = (*_COLUMNS, *structures)
    rows = session.rows(
        f"SELECT {', '.join(names)} FROM Type WHERE type_kind = ? AND {where} ORDER BY id",
        (int(kind.kind), *values),
    )
    found = {}
    for row in rows:
        message = found[row[0]] = kind.new_type()
        fill_fields(message, _COLUMNS, row[: len(_COLUMNS)])
        for name, text in zip(structures, row[len(_COLUMNS) :], strict=True):
            if text:
                read_json(text, getattr(message, name))
    add_properties(session, found.values())
    return list(found.values())


def add_properties(session: Session, types: Iterable[Any]) -> None:
    """Write their declared properties into types that have an id."""
    known: dict[int, list[Any]] = {}
    for each in types:
        known.setdefault(each.id, []).append(each)
    statement = "SELECT type_id, name, data_type FROM TypeProperty WHERE type_id IN (*)"
    for type_id, name, number in reading.rows_in(session, statement, known):
        for message in known[type_id]:
            message.properties[name] = number or 0


def add_bases(session: Session, kind: NodeKind, types: Iterable[Any]) -> None:
    """Write their base types into types."""
    known: dict[int, list[Any]] = {}
    for each in types:
        known.setdefault(each.id, []).append(each)
    statement = (
        "SELECT p.type_id, t.name FROM ParentType p JOIN Type t ON t.id = p.parent_type_id "
        "WHERE p.type_id IN (*)"
    )
    for type_id, name in reading.rows_in(session, statement, known):
        number = BASES[kind.kind].get(name)
        for message in known[type_id] if number else ():
            message.base_type = number


def base_name(session: Session, type_id: int) -> str:
    """Return the name of the type above one; empty if there is none."""
    rows = session.rows(
        "SELECT t.name FROM ParentType p JOIN Type t ON t.id = p.parent_type_id "
        "WHERE p.type_id = ? ORDER BY t.id",
        (type_id,),
    )
    return str(rows[0][0]) if rows else ""


def version_condition(version: str) -> tuple[str, list[Any]]:
    """Return the condition for a version; an empty one means none."""
    return ("version = ?", [version]) if version else ("version IS NULL", [])


def type_by_name(session: Session, kind: NodeKind, name: str, version: str) -> Any:
    """Return a type; None if there is none."""
    condition, values = version_condition(version)
    found = find_types(session, kind, f"name = ? AND {condition}", [name, *values])
    return found[0] if found else None


def type_id_by_name(session: Session, kind: NodeKind, name: str, version: str) -> int:
    """Return the id of a type; 0 if there is none."""
    condition, values = version_condition(version)
    rows = session.rows(
        f"SELECT id FROM Type WHERE type_kind = ? AND name = ? AND {condition} ORDER BY id",
        (int(kind.kind), name, *values),
    )
    return int(rows[0][0]) if rows else 0


def all_types(session: Session, kind: NodeKind) -> list[Any]:
    """Return all types but those that stand for base types."""
    found = find_types(session, kind, "id > ?", [0])
    kept = [message for message in found if message.name not in _SIMPLE]
    for message in kept:
        message.ClearField("external_id")
    return kept


def types_with_ids(session: Session, kind: NodeKind, ids: Sequence[int]) -> list[Any]:
    """Return the types that are there, in the order of the ids as they are asked for."""
    found = {}
    for part in chunks(reading.known_ids(ids)):
        types = find_types(session, kind, f"id IN ({marks(len(part))})", part)
        found.update({message.id: message for message in types})
    return [found[each] for each in ids if each in found]


def put_types(
    session: Session, kind: NodeKind, types: Sequence[Any], *, add: bool, omit: bool
) -> list[int]:
    """Register types, or extend those that are there; returns their ids.

    Args:
        add: known types may gain properties.
        omit: they may have properties that are not named here.

    Raises:
        RefusedError: a type contradicts the one that is there, or is none.
    """
    return [_put_type(session, kind, each, add=add, omit=omit) for each in types]


def _put_type(session: Session, kind: NodeKind, wanted: Any, *, add: bool, omit: bool) -> int:
    known = type_by_name(session, kind, wanted.name, wanted.version)
    if known is None:
        type_id = _insert(session, kind, wanted)
    else:
        type_id = known.id
        _check_same(known, wanted, add=add, omit=omit)
        new = {n: v for n, v in wanted.properties.items() if n not in known.properties}
        _put_properties(session, type_id, new)
        if wanted.external_id and wanted.external_id != known.external_id:
            refuse_taken(session, "Type", type_id, {"external_id": wanted.external_id})
            statement = "UPDATE Type SET external_id = ? WHERE id = ?"
            session.run(statement, (wanted.external_id, type_id))
    _put_base(session, kind, wanted, type_id)
    return type_id


def _insert(session: Session, kind: NodeKind, wanted: Any) -> int:
    if not wanted.name:
        raise RefusedError("No type name is specified.")
    names = ["name", "type_kind", "version"]
    values: list[Any] = [wanted.name, int(kind.kind), wanted.version or None]
    for name in ("description", "external_id"):
        if wanted.HasField(name):
            names.append(name)
            values.append(getattr(wanted, name))
    for name in _STRUCTURES if kind.kind is Kind.EXECUTION else ():
        if wanted.HasField(name):
            names.append(name)
            values.append(write_json(getattr(wanted, name)))
    (type_id,) = session.insert("Type", names, [tuple(values)])
    _put_properties(session, type_id, dict(wanted.properties))
    return type_id


def _put_properties(session: Session, type_id: int, properties: Mapping[str, int]) -> None:
    for name, number in properties.items():
        if number == pb.UNKNOWN:
            raise RefusedError(f"Property {name} is UNKNOWN.")
    rows = [(type_id, name, number) for name, number in properties.items()]
    if rows:
        session.insert("TypeProperty", ("type_id", "name", "data_type"), rows)


def _check_same(known: Any, wanted: Any, *, add: bool, omit: bool) -> None:
    start = "Type already exists with different properties: "
    for name, number in known.properties.items():
        if name in wanted.properties:
            if wanted.properties[name] != number:
                raise RefusedError(
                    f"{start}property {name} of {known.name} has another type", Code.ALREADY_EXISTS
                )
        elif not omit:
            raise RefusedError(
                f"{start}can_omit_fields is false while {known.name} has {name}",
                Code.ALREADY_EXISTS,
            )
    more = sorted(name for name in wanted.properties if name not in known.properties)
    if more and not add:
        raise RefusedError(
            f"{start}can_add_fields is false while {known.name} has no {more[0]}",
            Code.ALREADY_EXISTS,
        )


def _put_base(session: Session, kind: NodeKind, wanted: Any, type_id: int) -> None:
    if not wanted.HasField("base_type"):
        return
    names = {number: name for name, number in BASES[kind.kind].items()}
    base = names.get(wanted.base_type, "")
    if not base:
        raise RefusedError("base_type deletion is not supported yet", Code.UNIMPLEMENTED)
    known = base_name(session, type_id)
    if known and known != base:
        raise RefusedError("base_type update is not supported yet", Code.UNIMPLEMENTED)
    if not known:
        parent = type_id_by_name(session, kind, base, "")
        session.insert("ParentType", ("type_id", "parent_type_id"), [(type_id, parent)])
