"""Slices by SQL where tfx_bsl has no engine for them: `SELECT STRUCT(island) FROM example.island`.

Each row of a batch is a struct `example` of lists. `FROM` takes lists apart, the rows that `WHERE`
keeps are slices, named by the fields of the struct.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Sequence
from typing import Any

import numpy as np
import pyarrow as pa

from mlops_components.sql._evaluate import SUPPORTED, compute, parse
from mlops_components.sql._texts import as_text
from mlops_components.sql._types import SqlError, kind, parts_of, written

SHAPE = (
    "SELECT STRUCT(value [AS name], ...) [FROM example.feature [AS name], ...] [WHERE condition]"
)
"""The form of a query."""

Slices = list[list[list[tuple[str, str]]]]
"""For each row the slices it is in, each of them as names and values."""


class SliceQuery:
    """A query that was read, and fits a schema.

    Args:
        sql: of the form `SHAPE`; values and conditions are of what `SUPPORTED` says.
        schema: of the batches.

    Raises:
        SqlError: it is of another form, names what is not there, or its types do not fit.
    """

    def __init__(self, sql: str, schema: pa.Schema) -> None:
        tree = parse(sql)
        self._fields = _fields(tree)
        self._sources = _sources(tree)
        where = tree.args.get("where")
        self._where = where.this if where else None
        self._sql = sql
        self.execute(pa.RecordBatch.from_pylist([], schema=schema))

    def execute(self, batch: pa.RecordBatch) -> Slices:
        """Return the slices of each row.

        Raises:
            SqlError: a value cannot be computed, or a slice is no text.
        """
        scope = _Scope(batch)
        for path, alias in self._sources:
            scope.unnest(path, alias)
        if self._where is not None:
            met = compute(self._where, scope.resolve)
            if kind(met) not in ("BOOL", "NULL"):
                raise SqlError(f"WHERE must be a condition; it has the type {kind(met)}")
            scope.keep(met)
        names = [name for name, _ in self._fields]
        texts = [self._texts(name, node, scope) for name, node in self._fields]
        found: Slices = [[] for _ in range(batch.num_rows)]
        for row, *values in zip(scope.rows.tolist(), *texts, strict=True):
            found[row].append(list(zip(names, values, strict=True)))
        return found

    def _texts(self, name: str, node: Any, scope: _Scope) -> list[str]:
        value = compute(node, scope.resolve)
        found = kind(value)
        if found in ("BOOL", "ARRAY", "OTHER"):
            raise SqlError(f"slices values must have primitive types. Found: {name}: {found}")
        try:
            if isinstance(value, pa.Scalar):
                return [as_text(value.as_py(), found)] * len(scope.rows)
            return [as_text(each, found) for each in value.to_pylist()]
        except UnicodeDecodeError as error:
            raise SqlError(f"{name}: a value is no UTF-8: {error}") from None


def _fields(tree: Any) -> list[tuple[str, Any]]:
    """Names and expressions of the struct that a query selects."""
    given = {name for name, value in tree.args.items() if value}
    extra = sorted(given - {"expressions", "from_", "from", "joins", "where"})
    selected = tree.args.get("expressions") or []
    if type(tree).__name__ != "Select" or extra:
        named = f": {', '.join(e.rstrip('_').upper() for e in extra)} is not supported"
        raise SqlError(f"a query has the form {SHAPE}{named if extra else ''}")
    if len(selected) == 1 and type(selected[0]).__name__ == "Struct":
        return [_field(each) for each in selected[0].expressions]
    for each in selected:
        # Named first, as it is the likelier mistake.
        if type(each).__name__ == "Column" and not given & {"from_", "from"}:
            raise SqlError(f"Unrecognized name: {each.name}; a query has the form {SHAPE}")
    raise SqlError(f"the query must select one STRUCT: {SHAPE}")


def _field(node: Any) -> tuple[str, Any]:
    if type(node).__name__ == "PropertyEQ":
        return str(node.this.this), node.expression
    return (parts_of(node)[-1] if type(node).__name__ in ("Column", "Dot") else ""), node


def _sources(tree: Any) -> list[tuple[list[str], str]]:
    """Return the lists that a query takes apart, and their names in it."""
    begin = tree.args.get("from_") or tree.args.get("from")
    nodes = []
    if begin:
        _allow(begin, {"this"})
        nodes.append(begin.this)
    for join in tree.args.get("joins") or ():
        if join.args.get("kind") not in (None, "", "CROSS", "INNER"):
            raise SqlError(f"{join.args['kind']} JOIN is not supported; {_INSTEAD}")
        _allow(join, {"this", "kind"})
        nodes.append(join.this)
    found = [_source(each) for each in nodes]
    names = [alias.lower() for _, alias in found if alias]
    for name in names:
        if names.count(name) > 1:
            raise SqlError(f"Duplicate alias {name} in FROM; give one of them a name with AS")
    return found


_INSTEAD = "list features with commas, and use WHERE"
_CLAUSES = {
    "sample": "TABLESAMPLE", "version": "FOR SYSTEM_TIME", "when": "FOR SYSTEM_TIME",
    "system_time": "FOR SYSTEM_TIME", "pivots": "PIVOT", "offset": "WITH OFFSET",
    "ordinality": "WITH ORDINALITY", "hints": "a hint", "columns": "a list of columns",
}  # fmt: skip


def _allow(node: Any, parts: set[str]) -> None:
    """Refuse a part of FROM that has more than these parts."""
    given = [part for part, value in node.args.items() if value and part not in parts]
    if not given:
        return
    if type(node).__name__ == "Join":
        raise SqlError(f"{written(node).strip()}: such a JOIN is not supported; {_INSTEAD}")
    clause = _CLAUSES.get(given[0], given[0].rstrip("_").upper())
    raise SqlError(f"{clause} is not supported in FROM: {written(node)}")


def _source(node: Any) -> tuple[list[str], str]:
    name = type(node).__name__
    alias = node.args.get("alias")
    if name == "Unnest" and len(node.expressions) == 1:
        _allow(node, {"expressions", "alias"})
        path = parts_of(node.expressions[0])
        columns = alias.args.get("columns") if alias else None
        return path, str(columns[0].this) if columns else ""
    if name == "Table" and type(node.this).__name__ == "Identifier":
        _allow(node, {"this", "db", "catalog", "alias"})
        if alias:
            _allow(alias, {"this"})
        path = [str(part.this) for part in node.parts]
        if len(path) == 1:
            raise SqlError(f"Table not found: {path[0]}; write example.{path[0]}")
        return path, str(alias.this.this) if alias else path[-1]
    raise SqlError(f"FROM takes features, as example.feature; supported are {SUPPORTED}")


class _Scope:
    """The names that an expression may use, and their values by row of the result."""

    def __init__(self, batch: pa.RecordBatch) -> None:
        self._features: dict[str, list[Any]] = defaultdict(list)
        """Columns by their exact names."""
        self._spellings: dict[str, list[str]] = defaultdict(list)
        """Exact names by those in small letters: SQL does not tell them apart."""
        for i, name in enumerate(batch.schema.names):
            self._features[name].append(batch.column(i))
            self._spellings[name.lower()].append(name)
        self._taken: dict[str, Any] = {}
        self.rows: Any = np.arange(batch.num_rows)

    def resolve(self, path: Sequence[str]) -> Any:
        """Return the values of a name."""
        first, *rest = (part.lower() for part in path)
        if first in self._taken and not rest:
            return self._taken[first]
        if first in self._taken:
            raise SqlError(f"Cannot access field {path[1]} on a value of {path[0]}")
        return self._feature(path).take(pa.array(self.rows))

    def _feature(self, path: Sequence[str]) -> Any:
        inside = path[0].lower() == "example"
        name = path[-1]
        if len(path) > 2 or (len(path) == 2 and not inside):
            raise SqlError(f"Unrecognized name: {'.'.join(path)}")
        spellings = self._spellings.get(name.lower(), [])
        if not spellings:
            known = "; ".join(sorted(self._spellings)[:10])
            said = (
                f"Name {name} not found inside example" if inside else f"Unrecognized name: {name}"
            )
            raise SqlError(f"{said}; there are {known}")
        found = spellings if name not in spellings else self._features[name]
        if len(found) > 1:
            raise SqlError(f"{name} is ambiguous: there are {', '.join(spellings)}")
        return self._features[name if name in spellings else spellings[0]][0]

    def unnest(self, path: Sequence[str], alias: str) -> None:
        """Make a row of each value of a list."""
        if len(path) == 1:
            raise SqlError(f"FROM takes example.{path[0]}, not {path[0]}")
        lists = self._feature(path)
        if pa.types.is_null(lists.type):
            # No row of the batch has the feature.
            lists = pa.array([None] * len(lists), pa.large_list(pa.null()))
        if not pa.types.is_list(lists.type) and not pa.types.is_large_list(lists.type):
            raise SqlError(f"{'.'.join(path)} is not a list")
        lengths = lists.value_lengths().fill_null(0).to_numpy(zero_copy_only=False)
        starts = np.concatenate([[0], np.cumsum(lengths)])[:-1]
        counts = lengths[self.rows]
        nth = np.arange(counts.sum()) - np.repeat(np.cumsum(counts) - counts, counts)
        taken = pa.array(np.repeat(starts[self.rows], counts) + nth, pa.int64())
        self._take(np.repeat(np.arange(len(self.rows)), counts))
        self._taken[alias.lower()] = lists.flatten().take(taken)

    def keep(self, met: Any) -> None:
        """Keep the rows for which a condition is true."""
        if isinstance(met, pa.Scalar):
            self._take(np.arange(len(self.rows) if met.as_py() else 0))
            return
        self._take(np.flatnonzero(met.fill_null(False).to_numpy(zero_copy_only=False)))

    def _take(self, indices: Any) -> None:
        self.rows = self.rows[indices]
        taken = pa.array(indices, pa.int64())
        self._taken = {name: values.take(taken) for name, values in self._taken.items()}
