"""Nodes written: new ones in one statement for all, known ones one by one."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

from mlops_metadata.engine import Session, milliseconds, writing
from mlops_metadata.layout.rows import Kind, PropertyType, Values
from mlops_metadata.service.kinds import NodeKind
from mlops_metadata.service.nodes import nodes_with_ids, refuse_taken
from mlops_metadata.service.refused import Code, RefusedError
from mlops_metadata.service.types import types_with_ids
from mlops_metadata.service.values import stored_value
from mlops_pipeline.store import AlreadyExistsError

_FIELDS = {
    PropertyType.INT: "int_value",
    PropertyType.DOUBLE: "double_value",
    PropertyType.STRING: "string_value",
    PropertyType.STRUCT: "struct_value",
    PropertyType.PROTO: "proto_value",
    PropertyType.BOOLEAN: "bool_value",
}
_TOLD = 5
"""Nodes that an error names."""

_TIMES = ("create_time_since_epoch", "last_update_time_since_epoch")


@dataclass(frozen=True)
class Changes:
    """How nodes that are there are changed.

    Args:
        paths: fields and properties to change; empty for all.
        force_time: set the time of the change where nothing differs, too.
        unchanged_since: refuse nodes that were changed after what is sent was read.
    """

    paths: Sequence[str] = ()
    force_time: bool = False
    unchanged_since: bool = False


WHOLE = Changes()


@dataclass
class Put:
    """Nodes of one kind on their way into the tables.

    Args:
        types: properties of types, as they are looked up.
    """

    session: Session
    kind: NodeKind
    types: dict[int, Mapping[str, int]] = field(default_factory=dict)

    def nodes(self, nodes: Sequence[Any], changes: Changes = WHOLE) -> list[int]:
        """Create the nodes without id, change the others; returns the ids of all.

        Raises:
            RefusedError: a node does not fit its type, or has changed.
            AlreadyExistsError: a unique name or external id is taken.
        """
        ids: list[int] = []
        new: list[Any] = []
        for node in nodes:
            if not node.HasField("id"):
                self.check_new(node)
                new.append(node)
                continue
            # What comes before a change has to be there before it.
            ids += self._create(new)
            new = []
            self._change(node, changes)
            ids.append(node.id)
        return ids + self._create(new)

    def check_new(self, node: Any) -> None:
        """Refuse a node that is not of its type.

        Raises:
            RefusedError: the message says why.
        """
        self.check_type(node)
        if self.kind.kind is Kind.CONTEXT and not node.name:
            raise RefusedError("Context name should not be empty")

    def check_type(self, node: Any) -> None:
        """Refuse a node whose properties are not those of its type."""
        if not node.HasField("type_id"):
            raise RefusedError("Type id is missing.")
        self._check_properties(node, node.type_id, node.properties)

    def _check_properties(self, node: Any, type_id: int, names: Iterable[str]) -> None:
        declared = self._declared(type_id)
        for name in names:
            if name not in node.properties:
                continue
            if name not in declared:
                raise RefusedError(f"Found unknown property: {name}")
            wanted = _FIELDS.get(PropertyType(declared[name]))
            if node.properties[name].WhichOneof("value") != wanted:
                raise RefusedError(f"Found unmatched property type: {name}")

    def _declared(self, type_id: int) -> Mapping[str, int]:
        if type_id not in self.types:
            found = types_with_ids(self.session, self.kind, [type_id])
            if not found:
                raise RefusedError(
                    f"Cannot find type for {self.kind.word}: No type found for query, "
                    f"type_id: {type_id}",
                    Code.NOT_FOUND,
                )
            self.types[type_id] = dict(found[0].properties)
        return self.types[type_id]

    def _create(self, nodes: Sequence[Any]) -> list[int]:
        if not nodes:
            return []
        now = milliseconds()
        properties = [self._stored(node) for node in nodes]
        columns = self._columns
        rows = [tuple(_column(node, name, now) for name in columns) for node in nodes]
        try:
            ids = self.session.insert(self.kind.name, columns, rows)
        except AlreadyExistsError:
            told = ", ".join(repr(node.name or node.external_id) for node in nodes[:_TOLD])
            raise RefusedError(
                f"Given node already exists: {self.kind.name} {told}", Code.ALREADY_EXISTS
            ) from None
        writing.put_properties(
            self.session, self.kind.name, dict(zip(ids, properties, strict=True))
        )
        return ids

    def create_unless_there(self, node: Any) -> int:
        """Create a node; returns its id, or 0 if one with its names is there."""
        now, properties = milliseconds(), self._stored(node)
        row = tuple(_column(node, name, now) for name in self._columns)
        found = self.session.add_one(self.kind.name, self._columns, row)
        if found:
            writing.put_properties(self.session, self.kind.name, {found: properties})
        return found

    @property
    def _columns(self) -> list[str]:
        return [name for name in self.kind.fields if name != "id"]

    def _stored(self, node: Any) -> tuple[Values, Values]:
        declared, custom = (
            {name: stored_value(values[name], name, self.session) for name in values}
            for values in (node.properties, node.custom_properties)
        )
        return declared, custom

    def _change(self, node: Any, changes: Changes) -> None:
        known = self._locked(node, changes)
        if node.HasField("type_id") and node.type_id != known.type_id:
            raise RefusedError(
                f"Given type_id {node.type_id} is different from the one known before: "
                f"{known.type_id}"
            )
        differs = False
        for is_custom in (False, True):
            names = _names(node, known, changes.paths, is_custom=is_custom)
            if not is_custom:
                self._check_properties(node, known.type_id, names)
            differs |= self._change_properties(node, known, names, is_custom=is_custom)
        if changes.force_time or differs or _differs(node, known):
            self._change_fields(node, known, changes)

    def _locked(self, node: Any, changes: Changes) -> Any:
        """Return a node as it is, which nobody else changes until the end of the transaction."""
        statement = f"UPDATE {self.kind.name} SET type_id = type_id WHERE id = ?"
        found = []
        if self.session.run(statement, (node.id,)):
            found = nodes_with_ids(self.session, self.kind, [node.id])
        if not found:
            raise RefusedError(f"Cannot find the given id {node.id}")
        stored = found[0].last_update_time_since_epoch
        if changes.unchanged_since and node.last_update_time_since_epoch != stored:
            raise RefusedError(
                f"`abort_if_latest_updated_time_changed` is set, and the stored "
                f"{self.kind.word} with id = {node.id} has a different "
                f"last_update_time_since_epoch: {stored} from the one in the given "
                f"{self.kind.word}: {node.last_update_time_since_epoch}",
                Code.FAILED_PRECONDITION,
            )
        return found[0]

    def _change_properties(
        self, node: Any, known: Any, names: Iterable[str], *, is_custom: bool
    ) -> bool:
        """Write the properties of these names; returns True if any differs."""
        before, after = (
            each.custom_properties if is_custom else each.properties for each in (known, node)
        )
        gone: list[str] = []
        new: Values = {}
        for name in names:
            if name in before and not (name in after and before[name] == after[name]):
                gone.append(name)
            if name in after and not (name in before and before[name] == after[name]):
                new[name] = stored_value(after[name], name, self.session)
        key = self.kind.key
        for name in gone:
            self.session.run(
                f"DELETE FROM {self.kind.name}Property "
                f"WHERE {key} = ? AND name = ? AND is_custom_property = ?",
                (node.id, name, is_custom),
            )
        both: tuple[Values, Values] = ({}, new) if is_custom else (new, {})
        writing.put_properties(self.session, self.kind.name, {node.id: both})
        return bool(gone or new)

    def _change_fields(self, node: Any, known: Any, changes: Changes) -> None:
        source = node
        if changes.paths:
            source = known
            for path in changes.paths:
                # Names and types of nodes are in their keys.
                if path in self._fields():
                    if node.HasField(path):
                        setattr(source, path, getattr(node, path))
                    else:
                        source.ClearField(path)
        if self.kind.kind is Kind.CONTEXT and not source.name:
            raise RefusedError("Context name should not be empty")
        self._refuse_taken(source, known)
        names = self._fields()
        now = max(milliseconds(), known.last_update_time_since_epoch + 1)
        values = [_column(source, name, now) for name in names]
        assigned = "".join(f"{name} = ?, " for name in names)
        self.session.run(
            f"UPDATE {self.kind.name} SET {assigned}last_update_time_since_epoch = ? WHERE id = ?",
            (*values, now, node.id),
        )

    def _refuse_taken(self, source: Any, known: Any) -> None:
        table, external_id = self.kind.name, source.external_id
        if external_id and external_id != known.external_id:
            refuse_taken(self.session, table, known.id, {"external_id": external_id})
        if self.kind.kind is Kind.CONTEXT:
            both = {"type_id": known.type_id, "name": source.name}
            refuse_taken(self.session, table, known.id, both)

    def _fields(self) -> tuple[str, ...]:
        name = ("name",) if self.kind.kind is Kind.CONTEXT else ()
        return (*self.kind.own, *name, "external_id")


def _column(node: Any, name: str, now: int) -> Any:
    if name in _TIMES:
        return now
    if name == "uri":
        return node.uri
    return getattr(node, name) if node.HasField(name) else None


def _names(node: Any, known: Any, paths: Sequence[str], *, is_custom: bool) -> list[str]:
    """Return the names of the properties that are to be changed."""
    prefix = "custom_properties" if is_custom else "properties"
    if paths and prefix not in paths:
        start = f"{prefix}."
        return [path.removeprefix(start) for path in paths if path.startswith(start)]
    maps = [each.custom_properties if is_custom else each.properties for each in (node, known)]
    return sorted({name for each in maps for name in each})


def _differs(node: Any, known: Any) -> bool:
    first, second = type(node)(), type(node)()
    for target, source in ((first, node), (second, known)):
        target.CopyFrom(source)
        for name in ("type_id", "properties", "custom_properties", *_TIMES):
            target.ClearField(name)
    return bool(first != second)
