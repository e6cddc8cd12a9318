"""Functions for each kind of node in a tree of SQL, by Arrow's kernels."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from typing import Any

import pyarrow as pa
import pyarrow.compute as pc

from mlops_components.sql._texts import as_text
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

Resolve = Callable[[list[str]], Any]
"""From the parts of a name (`example.island`) to an Arrow array or scalar."""


def _negated(value: Any) -> Any:
    return pc.invert(pc.cast(value, pa.bool_()))


def _literal(node: Any, *_: Any) -> Any:
    text = str(node.this)
    if node.args["is_string"]:
        return pa.scalar(text, pa.large_string())
    if text.isdigit():
        return pa.scalar(int(text), pa.int64())
    return pa.scalar(float(text), pa.float64())


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
        return kernel(*(pc.cast(v, pa.int64() if is_whole else pa.float64()) for v in values))

    return function


def _divided(left: Any, right: Any) -> Any:
    if (
        pc.any(pc.equal(right, 0)).as_py()
        if not isinstance(right, pa.Scalar)
        else (right.as_py() == 0)
    ):
        raise SqlError("division by zero")
    return pc.divide(left, right)


def _rest(left: Any, right: Any) -> Any:
    # As in C, the rest has the sign of what is divided.
    return pc.subtract(left, pc.multiply(_divided(left, right), right))


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
        return kernel(value if keeps else pc.cast(value, pa.float64()))

    return function


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


def _chosen(pairs: Sequence[tuple[Any, Any]], default: Any, node: Any) -> Any:
    *values, found = alike(node, [*(value for _, value in pairs), default])
    for (condition, _), value in reversed(list(zip(pairs, values, strict=True))):
        check_types(node, [condition], "BOOL")
        # A condition that is NULL is not met.
        found = pc.if_else(pc.fill_null(pc.cast(condition, pa.bool_()), False), value, found)
    return found


def _if(node: Any, of: Any, _: Any) -> Any:
    other = of(node.args["false"]) if node.args.get("false") else pa.scalar(None)
    return _chosen([(of(node.this), of(node.args["true"]))], other, node)


def _case(node: Any, of: Any, _: Any) -> Any:
    pairs = []
    for each in node.args["ifs"]:
        condition = of(each.this)
        if node.this:
            condition = pc.equal(*alike(node, [of(node.this), condition]))
        pairs.append((condition, of(each.args["true"])))
    default = of(node.args["default"]) if node.args.get("default") else pa.scalar(None)
    return _chosen(pairs, default, node)


def _coalesce(node: Any, of: Any, _: Any) -> Any:
    return pc.coalesce(*alike(node, [of(node.this), *map(of, node.expressions)]))


def _cast(node: Any, of: Any, _: Any) -> Any:
    value, wanted = of(node.this), node.args["to"].sql(dialect="bigquery")
    lenient = type(node).__name__ == "TryCast"
    found = kind(value)
    if wanted == "STRING" and found in (*TEXTS, *NUMBERS, "NULL"):
        return _each(value, lambda v: as_text(v, found), pa.large_string(), lenient)
    if wanted == "INT64" and found in (*NUMBERS, "NULL"):
        return _each(pc.round(value, round_mode="half_towards_infinity"), int, pa.int64(), lenient)
    if wanted == "INT64" and found == "STRING":
        return _each(value, int, pa.int64(), lenient)
    if wanted == "FLOAT64" and found in ("STRING", *NUMBERS, "NULL"):
        return _each(value, float, pa.float64(), lenient)
    raise SqlError(f"Invalid cast from {found} to {wanted}")


def _each(value: Any, change: Callable[[Any], Any], wanted: Any, lenient: bool) -> Any:
    """Apply a Python function to each value; what it refuses is NULL, if `lenient`."""

    def changed(one: Any) -> Any:
        try:
            return None if one is None else change(one)
        except (ValueError, OverflowError) as error:
            if lenient:
                return None
            raise SqlError(f"Could not cast {one!r}: {error}") from None

    if isinstance(value, pa.Scalar):
        return pa.scalar(changed(value.as_py()), wanted)
    return pa.array([changed(one) for one in value.to_pylist()], wanted)


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
    if any(not isinstance(each, pa.Scalar) or kind(each) != "INT64" for each in bounds):
        raise SqlError(f"{written(node)}: position and length must be integers")
    first = start.as_py()
    count = None if length is None else length.as_py()
    if first < 1 or (count is not None and count < 0):
        raise SqlError(f"{written(node)}: positions start at 1, and a length is not negative")
    stop = None if count is None else first - 1 + count
    if kind(value) == "STRING":
        return pc.utf8_slice_codeunits(value, first - 1, stop)
    return _each(value, lambda v: v[first - 1 : stop], pa.large_binary(), False)


def _array_length(node: Any, of: Any, resolve: Resolve) -> Any:
    value = resolve(parts_of(node.this))
    check_types(node, [value], "ARRAY")
    if pa.types.is_struct(value.type):
        raise SqlError(f"{written(node)}: that is not an array")
    return pc.cast(pc.list_value_length(value), pa.int64())


_TWO = ("this", "expression")
NODES: Mapping[str, tuple[Any, tuple[str, ...]]] = {
    "Literal": (_literal, ("this",)),
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
    "Not": (lambda n, of, _: _negated(of(n.this)), ("this",)),
    "Add": (_arithmetic(pc.add_checked), _TWO),
    "Sub": (_arithmetic(pc.subtract_checked), _TWO),
    "Mul": (_arithmetic(pc.multiply_checked), _TWO),
    "Div": (_arithmetic(_divided, whole=False), (*_TWO, "typed")),
    "IntDiv": (_integers(_divided), _TWO),
    "Mod": (_integers(_rest), _TWO),
    "Neg": (_of_number(pc.negate_checked), ("this",)),
    "Abs": (_of_number(pc.abs_checked), ("this",)),
    "Floor": (_of_number(pc.floor), ("this",)),
    "Ceil": (_of_number(pc.ceil), ("this",)),
    "Round": (_of_number(_rounded), ("this",)),
    "Is": (_null, _TWO),
    "In": (_listed, ("this", "expressions")),
    "Between": (_between, ("this", "low", "high")),
    "Like": (_like, _TWO),
    "If": (_if, ("this", "true", "false")),
    "Case": (_case, ("this", "ifs", "default")),
    "Coalesce": (_coalesce, ("this", "expressions")),
    "Cast": (_cast, ("this", "to")),
    "TryCast": (_cast, ("this", "to")),
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
