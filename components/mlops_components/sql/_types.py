"""Types of SQL for Arrow's, and the rules by which values of several types go together."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc


class SqlError(ValueError):
    """A query that cannot be read, or not be computed; says why."""


def parts_of(node: Any) -> list[str]:
    """Return the parts of a dotted name.

    Raises:
        SqlError: it is something else.
    """
    if type(node).__name__ == "Dot":
        return [*parts_of(node.this), *parts_of(node.expression)]
    if type(node).__name__ == "Identifier":
        return [str(node.this)]
    if type(node).__name__ != "Column" or type(node.this).__name__ != "Identifier":
        raise SqlError(f"{written(node)} is not a name")
    return [str(part.this) for part in node.parts]


def written(node: Any) -> str:
    """Write a part of a query much as its user wrote it."""
    return str(node.sql(dialect="bigquery"))[:200]


_TYPES = {
    "int64": "INT64", "float": "FLOAT", "double": "DOUBLE", "string": "STRING", "bool": "BOOL",
    "large_string": "STRING", "binary": "BYTES", "large_binary": "BYTES", "null": "NULL",
}  # fmt: skip
NUMBERS = frozenset({"INT64", "FLOAT", "DOUBLE"})
TEXTS = frozenset({"STRING", "BYTES"})


def kind(value: Any) -> str:
    """Return the name that SQL has for an Arrow type."""
    return _TYPES.get(str(value.type), "ARRAY" if pa.types.is_nested(value.type) else "OTHER")


def check_types(node: Any, values: Sequence[Any], *allowed: str) -> None:
    """Refuse values of other types; NULL is of any."""
    for value in values:
        if kind(value) not in (*allowed, "NULL"):
            found = ", ".join(map(kind, values))
            raise SqlError(f"No matching signature for {written(node)} for argument types: {found}")


def _is_single(value: Any) -> bool:
    """Return whether a 32 bit float holds a value, if it is an integer of a query."""
    if not isinstance(value, pa.Scalar) or kind(value) != "INT64" or not value.is_valid:
        return True
    number: int = value.as_py()
    return int(np.float32(number)) == number


def alike(node: Any, values: Sequence[Any]) -> list[Any]:
    """Return the values in one type, as far as GoogleSQL lets them be compared."""
    kinds = {kind(v) for v in values} - {"NULL"}
    if not kinds - NUMBERS:
        # A number with a point is as exact as what it is compared with.
        columns = {kind(v) for v in values if not isinstance(v, pa.Scalar)} - {"NULL"} or kinds
        wide = pa.int64() if kinds <= {"INT64"} else pa.float64()
        if columns == {"FLOAT"} and all(map(_is_single, values)):
            wide = pa.float32()
        # GoogleSQL compares large integers with doubles as doubles.
        return [pc.cast(v, wide, safe=False) for v in values]
    if len(kinds) > 1 or kinds & {"ARRAY", "OTHER"}:
        found = ", ".join(map(kind, values))
        hint = ". To write a BYTES literal, use b'...'" if kinds == TEXTS else ""
        raise SqlError(
            f"No matching signature for {written(node)} for argument types: {found}{hint}"
        )
    wide = {"STRING": pa.large_string(), "BYTES": pa.large_binary(), "BOOL": pa.bool_()}[
        kinds.pop()
    ]
    return [pc.cast(v, wide) for v in values]
