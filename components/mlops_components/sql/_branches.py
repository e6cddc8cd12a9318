"""IF, CASE and COALESCE: each branch is computed for the rows that take it, and for no others."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Any

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc

from mlops_components.sql._types import alike, check_types

Resolve = Callable[[list[str]], Any]
"""From the parts of a name (`example.island`) to an Arrow array or scalar."""

_NO_ROWS = np.zeros(0, dtype=np.int64)
_Part = tuple[Any, Any]
"""The indices of rows, or None for all there are, and their values."""


def if_else(node: Any, of: Any, resolve: Resolve) -> Any:
    """Compute `IF`."""
    pair = (lambda names: of(node.this, names), node.args["true"])
    return _chosen(node, [pair], node.args.get("false"), of, resolve)


def case(node: Any, of: Any, resolve: Resolve) -> Any:
    """Compute `CASE`, with a value to compare or without."""

    def met(each: Any) -> Callable[[Resolve], Any]:
        if not node.this:
            return lambda names: of(each.this, names)
        return lambda names: pc.equal(*alike(node, [of(node.this, names), of(each.this, names)]))

    pairs = [(met(each), each.args["true"]) for each in node.args["ifs"]]
    return _chosen(node, pairs, node.args.get("default"), of, resolve)


def coalesce(node: Any, of: Any, resolve: Resolve) -> Any:
    """Compute `COALESCE` and `IFNULL`."""
    left: Any = None
    parts: list[_Part] = []
    for each in [node.this, *node.expressions]:
        value = of(each, _narrowed(resolve, left))
        there = pc.is_valid(value)
        taken, left = _split(left, there)
        parts.append((taken, value if isinstance(value, pa.Scalar) else value.filter(there)))
    return _together(node, [*parts, (left, pa.scalar(None))])


def _chosen(
    node: Any,
    pairs: Sequence[tuple[Callable[[Resolve], Any], Any]],
    default: Any,
    of: Any,
    resolve: Resolve,
) -> Any:
    left: Any = None
    parts: list[_Part] = []
    for condition, value in pairs:
        met = condition(_narrowed(resolve, left))
        check_types(node, [met], "BOOL")
        # A condition that is NULL is not met.
        taken, left = _split(left, pc.fill_null(pc.cast(met, pa.bool_()), False))
        parts.append((taken, of(value, _narrowed(resolve, taken))))
    other = of(default, _narrowed(resolve, left)) if default else pa.scalar(None)
    return _together(node, [*parts, (left, other)])


def _narrowed(resolve: Resolve, rows: Any) -> Resolve:
    """Return names whose values are those of some rows; of all, if there is None."""
    if rows is None:
        return resolve

    def narrowed(path: list[str]) -> Any:
        value = resolve(path)
        return value if isinstance(value, pa.Scalar) else value.take(pa.array(rows, pa.int64()))

    return narrowed


def _split(rows: Any, met: Any) -> tuple[Any, Any]:
    """Return the rows for which a condition is true, and the others."""
    if isinstance(met, pa.Scalar):
        return (rows, _NO_ROWS) if met.as_py() else (_NO_ROWS, rows)
    every = np.arange(len(met)) if rows is None else rows
    mask = met.to_numpy(zero_copy_only=False).astype(bool)
    return every[mask], every[~mask]


def _together(node: Any, parts: Sequence[_Part]) -> Any:
    """Put the values of branches into the order of the rows."""
    values = alike(node, [value for _, value in parts])
    for (rows, _), value in zip(parts, values, strict=True):
        if rows is None:
            return value
    arrays = [
        pa.repeat(value, len(rows)) if isinstance(value, pa.Scalar) else value
        for (rows, _), value in zip(parts, values, strict=True)
    ]
    order = np.argsort(np.concatenate([rows for rows, _ in parts]), kind="stable")
    return pa.concat_arrays(arrays).take(pa.array(order, pa.int64()))
