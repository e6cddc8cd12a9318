"""Functions for each kind of node in a tree of SQL, by Arrow's kernels."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import pyarrow as pa
import pyarrow.compute as pc

from mlops_components.sql import _branches, _casts
from mlops_components.sql._branches import Resolve
from mlops_components.sql._types import (
    NUMBERS,
    TEXTS,
    SqlError,
    alike,
    check_types,
    kind,
    parts_of,
    written,
)


def _not(node: Any, of: Any, _: Any) -> Any:
    value = of(node.this)
    check_types(node, [value], "BOOL")
    return pc.invert(pc.cast(value, pa.bool_()))


def _compared(kernel: Any) -> Any:
    def function(node: Any, of: Any, _: Any) -> Any:
        return kernel(*alike(node, [of(node.this), of(node.expression)]))

    return function


def _logical(kernel: Any) -> Any:
    def function(node: Any, of: Any, _: Any) -> Any:
        values = [of(node.this), of(node.expression)]
        check_types(node, values, "BOOL")
        return kernel(*(pc.cast(v, pa.bool_()) for v in values))

    return function


def _arithmetic(kernel: Any, *, whole: bool = True) -> Any:
    """Of integers integers, if `whole`; of anything else doubles."""

    def function(node: Any, of: Any, _: Any) -> Any:
        values = [of(node.this), of(node.expression)]
        check_types(node, values, *NUMBERS)
        is_whole = whole and {kind(v) for v in values} <= {"INT64", "NULL"}
        wide = pa.int64() if is_whole else pa.float64()
        return kernel(*(pc.cast(v, wide, safe=False) for v in values))

    return function


def _rest(left: Any, right: Any) -> Any:
    # The smallest integer cannot be divided by -1; the rest is 0, as it is by 1.
    right = pc.if_else(pc.equal(right, -1), pa.scalar(1, pa.int64()), right)
    # As in C, the rest has the sign of what is divided.
    return pc.subtract(left, pc.multiply(pc.divide_checked(left, right), right))


def _integers(kernel: Any) -> Any:
    def function(node: Any, of: Any, _: Any) -> Any:
        values = [of(node.this), of(node.expression)]
        check_types(node, values, "INT64")
        return kernel(*(pc.cast(v, pa.int64()) for v in values))

    return function


def _of_number(kernel: Any) -> Any:
    """Make a kernel that keeps the type of its number."""

    def function(node: Any, of: Any, _: Any) -> Any:
        value = of(node.this)
        check_types(node, [value], *NUMBERS)
        # Of an integer, floor and ceil are doubles.
        keeps = kind(value) == "FLOAT" or kernel in (pc.abs_checked, pc.negate_checked)
        return kernel(value if keeps else pc.cast(value, pa.float64(), safe=False))

    return function


def _minus(node: Any, of: Any, resolve: Resolve) -> Any:
    smallest = _casts.negated_literal(node)
    return _of_number(pc.negate_checked)(node, of, resolve) if smallest is None else smallest


def _rounded(value: Any) -> Any:
    return pc.round(value, round_mode="half_towards_infinity")


def _null(node: Any, of: Any, resolve: Resolve) -> Any:
    if type(node.expression).__name__ != "Null":
        raise SqlError(f"{written(node)} is not supported; IS [NOT] NULL is")
    return pc.is_null(of(node.this))


def _listed(node: Any, of: Any, _: Any) -> Any:
    value = of(node.this)
    found: Any = pa.scalar(False)
    for each in node.expressions:
        found = pc.or_kleene(found, pc.equal(*alike(node, [value, of(each)])))
    return found


def _between(node: Any, of: Any, _: Any) -> Any:
    value, low, high = of(node.this), of(node.args["low"]), of(node.args["high"])
    return pc.and_kleene(
        pc.greater_equal(*alike(node, [value, low])), pc.less_equal(*alike(node, [value, high]))
    )


def _like(node: Any, of: Any, _: Any) -> Any:
    value, pattern = alike(node, [of(node.this), of(node.expression)])
    if not isinstance(pattern, pa.Scalar) or pattern.as_py() is None:
        raise SqlError(f"{written(node)}: the pattern must be a literal")
    check_types(node, [value], *TEXTS)
    return pc.match_like(value, pattern.as_py())


def _length(node: Any, of: Any, _: Any) -> Any:
    value = of(node.this)
    check_types(node, [value], *TEXTS)
    is_text = kind(value) == "STRING"
    return pc.cast(pc.utf8_length(value) if is_text else pc.binary_length(value), pa.int64())


def _of_text(kernel: Any) -> Any:
    def function(node: Any, of: Any, _: Any) -> Any:
        value = of(node.this)
        check_types(node, [value], "STRING")
        return kernel(value)

    return function


def _affix(kernel: Any) -> Any:
    def function(node: Any, of: Any, _: Any) -> Any:
        value, affix = alike(node, [of(node.this), of(node.expression)])
        if not isinstance(affix, pa.Scalar) or affix.as_py() is None:
            raise SqlError(f"{written(node)}: the second argument must be a literal")
        check_types(node, [value], *TEXTS)
        return kernel(value, affix.as_py())

    return function


def _joined(node: Any, of: Any, _: Any) -> Any:
    given = node.expressions or [node.this, node.expression]
    values = alike(node, [of(each) for each in given])
    check_types(node, values, *TEXTS)
    empty = pa.scalar(b"" if kind(values[0]) == "BYTES" else "", values[0].type)
    return pc.binary_join_element_wise(*values, empty, null_handling="emit_null")


def _part(node: Any, of: Any, _: Any) -> Any:
    value, start = of(node.this), of(node.args["start"])
    length = of(node.args["length"]) if node.args.get("length") else None
    check_types(node, [value], *TEXTS)
    bounds = [each for each in (start, length) if each is not None]
    if any(not isinstance(b, pa.Scalar) or kind(b) != "INT64" or not b.is_valid for b in bounds):
        raise SqlError(f"{written(node)}: position and length must be integers")
    first = start.as_py()
    count = None if length is None else length.as_py()
    if first < 1 or (count is not None and count < 0):
        raise SqlError(f"{written(node)}: positions start at 1, and a length is not negative")
    stop = None if count is None else first - 1 + count
    wanted = pa.large_binary() if kind(value) == "BYTES" else pa.large_string()
    return _casts.each_value(value, lambda v: v[first - 1 : stop], wanted, False)


def _array_length(node: Any, of: Any, resolve: Resolve) -> Any:
    value = resolve(parts_of(node.this))
    check_types(node, [value], "ARRAY")
    if pa.types.is_struct(value.type):
        raise SqlError(f"{written(node)}: that is not an array")
    return pc.cast(pc.list_value_length(value), pa.int64())


_TWO = ("this", "expression")
NODES: Mapping[str, tuple[Any, tuple[str, ...]]] = {
    "Literal": (_casts.literal, ("this",)),
    "ByteString": (lambda n, *_: pa.scalar(str(n.this).encode(), pa.large_binary()), ("this",)),
    "Boolean": (lambda n, *_: pa.scalar(bool(n.this)), ("this",)),
    "Null": (lambda *_: pa.scalar(None), ()),
    "Column": (
        lambda n, _, resolve: resolve(parts_of(n)), ("this", "table", "db", "catalog")
    ),
    "Dot": (lambda n, _, resolve: resolve(parts_of(n)), _TWO),
    "Paren": (lambda n, of, _: of(n.this), ("this",)),
    "EQ": (_compared(pc.equal), _TWO),
    "NEQ": (_compared(pc.not_equal), _TWO),
    "LT": (_compared(pc.less), _TWO),
    "LTE": (_compared(pc.less_equal), _TWO),
    "GT": (_compared(pc.greater), _TWO),
    "GTE": (_compared(pc.greater_equal), _TWO),
    "And": (_logical(pc.and_kleene), _TWO),
    "Or": (_logical(pc.or_kleene), _TWO),
    "Not": (_not, ("this",)),
    "Add": (_arithmetic(pc.add_checked), _TWO),
    "Sub": (_arithmetic(pc.subtract_checked), _TWO),
    "Mul": (_arithmetic(pc.multiply_checked), _TWO),
    "Div": (_arithmetic(pc.divide_checked, whole=False), (*_TWO, "typed")),
    "IntDiv": (_integers(pc.divide_checked), _TWO),
    "Mod": (_integers(_rest), _TWO),
    "Neg": (_minus, ("this",)),
    "Abs": (_of_number(pc.abs_checked), ("this",)),
    "Floor": (_of_number(pc.floor), ("this",)),
    "Ceil": (_of_number(pc.ceil), ("this",)),
    "Round": (_of_number(_rounded), ("this",)),
    "Is": (_null, _TWO),
    "In": (_listed, ("this", "expressions")),
    "Between": (_between, ("this", "low", "high")),
    "Like": (_like, _TWO),
    "If": (_branches.if_else, ("this", "true", "false")),
    "Case": (_branches.case, ("this", "ifs", "default")),
    "Coalesce": (_branches.coalesce, ("this", "expressions")),
    "Cast": (_casts.cast, ("this", "to")),
    "TryCast": (_casts.cast, ("this", "to")),
    "Length": (_length, ("this",)),
    "Lower": (_of_text(pc.utf8_lower), ("this",)),
    "Upper": (_of_text(pc.utf8_upper), ("this",)),
    "Concat": (_joined, ("expressions",)),
    "DPipe": (_joined, _TWO),
    "Substring": (_part, ("this", "start", "length")),
    "StartsWith": (_affix(pc.starts_with), _TWO),
    "EndsWith": (_affix(pc.ends_with), _TWO),
    "ArraySize": (_array_length, ("this",)),
}  # fmt: skip
"""Nodes of sqlglot's tree: what computes them, and the parts that it looks at."""
