"""Values and conditions of SQL over Arrow arrays: the part of GoogleSQL that slices and checks use.

Where a library has no SQL engine, its queries are parsed by sqlglot, in the dialect of BigQuery,
and computed by Arrow's kernels. Types and results are those of ZetaSQL; all that is not in
`SUPPORTED` is refused when a query is made.
"""

from __future__ import annotations

from typing import Any

import pyarrow as pa
import pyarrow.compute as pc

from mlops_components.sql._branches import Resolve
from mlops_components.sql._functions import NODES
from mlops_components.sql._types import SqlError, written
from mlops_pipeline.errors import PipelineError

SUPPORTED = (
    "numbers, texts ('...'), bytes (b'...'), TRUE, FALSE, NULL; + - * / || = != < <= > >=; AND OR "
    "NOT; [NOT] IN (list), BETWEEN, LIKE; IS [NOT] NULL; IF, CASE, COALESCE, IFNULL, CAST and "
    "SAFE_CAST to STRING, INT64 and FLOAT64; ABS, MOD, DIV, FLOOR, CEIL, ROUND, LENGTH, LOWER, "
    "UPPER, CONCAT, SUBSTR, STARTS_WITH, ENDS_WITH, ARRAY_LENGTH"
)
"""Parts of an expression that are supported, for messages and documentation."""


def parse(query: str) -> Any:
    """Parse one statement or expression into its syntax tree.

    Raises:
        SqlError: it is no SQL, or more than one statement.
        PipelineError: sqlglot is not installed.
    """
    try:
        import sqlglot
    except ModuleNotFoundError:
        raise PipelineError(
            "SQL needs the package sqlglot here, because this version of tfx_bsl has no SQL engine",
            hint="pip install sqlglot",
        ) from None
    try:
        trees = sqlglot.parse(query, read="bigquery")
    except sqlglot.errors.SqlglotError as error:
        details = getattr(error, "errors", None)
        said = details[0]["description"] if details else str(error)
        raise SqlError(f"Syntax error: {said}") from None
    if len(trees) != 1 or trees[0] is None or query.rstrip().endswith(";"):
        raise SqlError("Syntax error: give one query, without a semicolon")
    return trees[0]


def compute(node: Any, resolve: Resolve) -> Any:
    """Compute an expression: an Arrow array, or a scalar where it is the same for all rows.

    Raises:
        SqlError: it is not supported, its types do not fit, or a row cannot be computed.
    """
    name = type(node).__name__
    known = NODES.get(name)
    if known is None:
        raise SqlError(f"{written(node)} is not supported; supported are {SUPPORTED}")
    function, parts = known
    for part, value in node.args.items():
        if part not in parts and part not in _NOTES and value not in (None, False, []):
            raise SqlError(f"{part.rstrip('_').upper()} in {written(node)} is not supported")
    try:
        found = function(node, lambda part, names=resolve: compute(part, names), resolve)
    except (pa.ArrowInvalid, pa.ArrowNotImplementedError, OverflowError) as error:
        raise SqlError(f"{written(node)}: {error}") from None
    return pc.invert(pc.cast(found, pa.bool_())) if node.args.get("negate") else found


# What sqlglot notes for writers of other dialects.
_NOTES = frozenset({"negate", "safe", "coalesce", "binary", "is_bytes", "big_int", "is_string"})
