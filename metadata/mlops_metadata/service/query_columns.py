"""The names in a `filter_query`, as columns of tables that are joined for them.

A node that has no such neighbour or property is not found, whatever else the query says: that is
how ML Metadata answers.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

from mlops_metadata.layout.rows import Kind
from mlops_metadata.messages import pb
from mlops_metadata.service.kinds import ARTIFACT, CONTEXT, EXECUTION, NodeKind
from mlops_metadata.service.query_words import Word, refusal

MOST = 20
"""Neighbours and properties in one query."""

INT, DOUBLE, TEXT, TRUTH, ENUM = "INT64", "DOUBLE", "STRING", "BOOL", "ENUM"

_TIMES = {"create_time_since_epoch": INT, "last_update_time_since_epoch": INT}
_COMMON = {"id": INT, "name": TEXT, "type": TEXT, **_TIMES}
_NODE = {**_COMMON, "type_id": INT, "external_id": TEXT}
_VALUES = {"int_value": INT, "double_value": DOUBLE, "string_value": TEXT, "bool_value": TRUTH}
_OWN = {Kind.ARTIFACT: {"uri": TEXT, "state": ENUM}, Kind.EXECUTION: {"last_known_state": ENUM}}
_EVENT = {"type": ENUM, "milliseconds_since_epoch": INT}

# How a neighbour is reached: its table, the table between, the node's column there, and its own.
_NEIGHBOURS: Mapping[Kind, Mapping[str, tuple[NodeKind, str, str, str]]] = {
    Kind.ARTIFACT: {"contexts_": (CONTEXT, "Attribution", "artifact_id", "context_id")},
    Kind.EXECUTION: {"contexts_": (CONTEXT, "Association", "execution_id", "context_id")},
    Kind.CONTEXT: {
        "artifacts_": (ARTIFACT, "Attribution", "context_id", "artifact_id"),
        "executions_": (EXECUTION, "Association", "context_id", "execution_id"),
        "parent_contexts_": (CONTEXT, "ParentContext", "context_id", "parent_context_id"),
        "child_contexts_": (CONTEXT, "ParentContext", "parent_context_id", "context_id"),
    },
}


@dataclass(frozen=True)
class Column:
    """A column in a condition.

    Args:
        numbers: of an enumeration, by name.
    """

    sql: str
    type: str
    numbers: Mapping[str, int] = field(default_factory=dict)


class QueryColumns:
    """The columns of a query over nodes of a kind, and what they join.

    Args:
        kind: the nodes that are looked for; their table is called `n`.
    """

    def __init__(self, kind: NodeKind) -> None:
        self._kind = kind
        self._joined: dict[tuple[str, ...], str] = {}
        self._parts: list[str] = []
        self._values: list[Any] = []

    @property
    def joins(self) -> tuple[str, list[Any]]:
        """The tables that are joined, and the values in that."""
        return " ".join(self._parts), self._values

    def named(self, word: Word) -> Column:
        """Return the column of a name.

        Raises:
            RefusedError: there is none.
        """
        if word.kind == "property":
            return self._property(word)
        first, _, rest = word.text.partition(".")
        if not rest:
            return self._attribute(word, first.strip("`").lower())
        return self._neighbour(word, first.strip("`"), rest.strip("`").lower())

    def _attribute(self, word: Word, name: str) -> Column:
        known = {**_NODE, **_OWN.get(self._kind.kind, {})}
        if name not in known:
            raise refusal(f"Unrecognized name: {word.text}", word.place)
        if name == "type":
            return Column(f"{self._type_of('n', word)}.name", TEXT)
        return Column(f"n.{name}", known[name], _numbers(self._kind, name))

    def _property(self, word: Word) -> Column:
        group, _, rest = word.text.partition(".")
        name, _, part = rest.rpartition(".")
        if part not in _VALUES:
            raise refusal(f"a property has no {part}, but {', '.join(_VALUES)}", word.place)
        name = name.strip("`")
        is_custom = group == "custom_properties"

        def join(alias: str) -> str:
            self._values += [name, is_custom]
            return (
                f"JOIN {self._kind.name}Property {alias} ON {alias}.{self._kind.key} = n.id "
                f"AND {alias}.name = ? AND {alias}.is_custom_property = ?"
            )

        alias = self._alias((group, name), word, join)
        return Column(f"{alias}.{part}", _VALUES[part])

    def _neighbour(self, word: Word, first: str, name: str) -> Column:
        ways = _NEIGHBOURS[self._kind.kind]
        prefix = next((each for each in ways if first.startswith(each)), "")
        if prefix and first != prefix:
            return self._node(word, first.lower(), ways[prefix], name)
        if first.startswith("events_") and first != "events_" and self._kind is not CONTEXT:
            return self._event(word, first.lower(), name)
        raise refusal(f"Unrecognized name: {first}", word.place)

    def _node(
        self, word: Word, first: str, way: tuple[NodeKind, str, str, str], name: str
    ) -> Column:
        kind, table, own, other = way
        known = {**_COMMON, **_OWN.get(kind.kind, {})}
        if kind is not CONTEXT:
            known["external_id"] = TEXT
        if name not in known:
            raise refusal(f"Field name {name} does not exist in {first}", word.place)
        alias = self._alias(
            (first,),
            word,
            lambda a: (
                f"JOIN {table} {a}_link ON {a}_link.{own} = n.id "
                f"JOIN {kind.name} {a} ON {a}.id = {a}_link.{other}"
            ),
        )
        if name == "type":
            return Column(f"{self._type_of(alias, word)}.name", TEXT)
        return Column(f"{alias}.{name}", known[name], _numbers(kind, name))

    def _event(self, word: Word, first: str, name: str) -> Column:
        other = EXECUTION.key if self._kind is ARTIFACT else ARTIFACT.key
        known = {**_EVENT, other: INT}
        if name not in known:
            raise refusal(f"Field name {name} does not exist in {first}", word.place)
        alias = self._alias(
            (first,), word, lambda a: f"JOIN Event {a} ON {a}.{self._kind.key} = n.id"
        )
        numbers = dict(pb.Event.Type.items()) if name == "type" else {}
        return Column(f"{alias}.{name}", known[name], numbers)

    def _type_of(self, alias: str, word: Word) -> str:
        return self._alias(
            ("type of", alias), word, lambda a: f"JOIN Type {a} ON {a}.id = {alias}.type_id"
        )

    def _alias(self, key: tuple[str, ...], word: Word, join: Any) -> str:
        """Return the name of a table, which is joined where it is named for the first time."""
        if key not in self._joined:
            if len(self._joined) >= MOST:
                raise refusal(f"more than {MOST} neighbours and properties", word.place)
            alias = self._joined[key] = f"t{len(self._joined) + 1}"
            self._parts.append(join(alias))
        return self._joined[key]


def _numbers(kind: NodeKind, name: str) -> Mapping[str, int]:
    if name == "state":
        return dict(pb.Artifact.State.items())
    return dict(pb.Execution.State.items()) if name == "last_known_state" else {}
