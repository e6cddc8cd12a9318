"""Literals and casts: numbers in the forms and ranges of GoogleSQL."""

from __future__ import annotations

import re
from collections.abc import Callable
from typing import Any

import pyarrow as pa
import pyarrow.compute as pc

from mlops_components.sql._texts import as_text
from mlops_components.sql._types import NUMBERS, TEXTS, SqlError, kind, written

_LOWEST, _HIGHEST = -(1 << 63), (1 << 63) - 1
_SPACE = " \t\n\v\f\r"
_WHOLE = re.compile(r"[+-]?(0x[0-9a-f]+|[0-9]+)", re.ASCII | re.IGNORECASE)
_POINT = re.compile(
    r"[+-]?((?:[0-9]+\.?[0-9]*|\.[0-9]+)(?:e[+-]?[0-9]+)?|inf|infinity|nan)",
    re.ASCII | re.IGNORECASE,
)
_HEX_POINT = re.compile(
    r"[+-]?0x(?:[0-9a-f]+\.?[0-9a-f]*|\.[0-9a-f]+)(?:p[+-]?[0-9]+)?", re.ASCII | re.IGNORECASE
)


def literal(node: Any, *_: Any) -> Any:
    """Return the scalar of a text or a number in a query."""
    text = str(node.this)
    if node.args["is_string"]:
        return pa.scalar(text, pa.large_string())
    if re.fullmatch(r"[0-9]+", text):
        return pa.scalar(_literal_integer(text), pa.int64())
    if not _POINT.fullmatch(text):
        raise SqlError(f"{text} is not a number")
    return pa.scalar(float(text), pa.float64())


def negated_literal(node: Any) -> Any:
    """Return the scalar of a minus and an integer, such as the smallest one; None for others."""
    inner = node.this
    if type(inner).__name__ != "Literal" or not re.fullmatch(r"[0-9]+", str(inner.this)):
        return None
    if inner.args["is_string"]:
        return None
    return pa.scalar(_literal_integer("-" + str(inner.this)), pa.int64())


def _literal_integer(text: str) -> int:
    try:
        return _integer(text)
    except (ValueError, OverflowError):
        raise SqlError(
            f"Invalid integer literal: {text[:60]} is out of the range of INT64"
        ) from None


def _integer(text: str) -> int:
    bare = text.strip(_SPACE)
    if not _WHOLE.fullmatch(bare):
        raise ValueError("Bad int64 value")
    return _ranged(int(bare, 16 if "x" in bare.lower() else 10))


def _number(text: str) -> float:
    bare = text.strip(_SPACE)
    if _POINT.fullmatch(bare):
        return float(bare)
    if not _HEX_POINT.fullmatch(bare):
        raise ValueError("Bad double value")
    return float.fromhex(bare)


def _rounded(value: float) -> int:
    return _ranged(int(value))


def _ranged(value: int) -> int:
    if not _LOWEST <= value <= _HIGHEST:
        raise OverflowError("out of the range of INT64")
    return value


def cast(node: Any, of: Any, _: Any) -> Any:
    """Compute `CAST` and `SAFE_CAST`."""
    value, wanted = of(node.this), node.args["to"].sql(dialect="bigquery")
    lenient = type(node).__name__ == "TryCast"
    found = kind(value)
    if wanted == "STRING" and found in (*TEXTS, *NUMBERS, "NULL"):
        return each_value(value, lambda v: as_text(v, found), pa.large_string(), lenient)
    if wanted == "INT64" and found in ("INT64", "NULL"):
        return pc.cast(value, pa.int64())
    if wanted == "INT64" and found in NUMBERS:
        whole = pc.round(value, round_mode="half_towards_infinity")
        return each_value(whole, _rounded, pa.int64(), lenient)
    if wanted == "INT64" and found == "STRING":
        return each_value(value, _integer, pa.int64(), lenient)
    if wanted == "FLOAT64" and found == "STRING":
        return each_value(value, _number, pa.float64(), lenient)
    if wanted == "FLOAT64" and found in (*NUMBERS, "NULL"):
        return pc.cast(value, pa.float64(), safe=False)
    raise SqlError(f"{written(node)}: invalid cast from {found} to {wanted}")


def each_value(value: Any, change: Callable[[Any], Any], wanted: Any, lenient: bool) -> Any:
    """Apply a Python function to each value; what it refuses is NULL, if `lenient`.

    Args:
        change: raises ValueError or OverflowError for what it refuses.
        wanted: the Arrow type of the results.

    Raises:
        SqlError: a value is refused.
    """

    def changed(one: Any) -> Any:
        try:
            return None if one is None else change(one)
        except (ValueError, OverflowError) as error:
            if lenient:
                return None
            raise SqlError(f"Could not cast {str(one)[:60]!r}: {error}") from None

    if isinstance(value, pa.Scalar):
        return pa.scalar(changed(value.as_py()), wanted)
    return pa.array([changed(one) for one in value.to_pylist()], wanted)
