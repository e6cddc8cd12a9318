"""Differences between versions of tfx_bsl: the engine of slices by SQL, gone after 1.17.

Both engines take one query, `SELECT STRUCT(island) FROM example.island`, and are made for the
schema of the batches.
"""

from __future__ import annotations

import re
from typing import Any, Protocol

import pyarrow as pa

from mlops_components.sql._slices import SliceQuery, Slices
from mlops_components.sql._types import SqlError

try:
    from tfx_bsl.arrow import sql_util

    HAS_ZETASQL = hasattr(sql_util, "RecordBatchSQLSliceQuery")
except ImportError:
    HAS_ZETASQL = False


class Query(Protocol):
    """A query that fits the schema of some batches."""

    def execute(self, batch: pa.RecordBatch) -> Slices:
        """Return the slices of each row, as names and values."""


def slice_query(sql: str, schema: pa.Schema) -> Query:
    """Make a query for slices.

    Raises:
        SqlError: it cannot be read, or asks for what the schema does not have.
    """
    return _ZetaQuery(sql, schema) if HAS_ZETASQL else SliceQuery(sql, schema)


class _ZetaQuery:
    """A query that tfx_bsl computes."""

    def __init__(self, sql: str, schema: pa.Schema) -> None:
        whole = f"SELECT ARRAY({sql}) as slice_key FROM Examples as example;"
        try:
            self._query = sql_util.RecordBatchSQLSliceQuery(whole, schema)
        except RuntimeError as error:
            raise SqlError(str(error)) from None
        self._sql = sql

    def execute(self, batch: pa.RecordBatch) -> Slices:
        try:
            found: Slices = self._query.Execute(batch)
        except UnicodeDecodeError as error:
            raise SqlError(f"{self._sql}: a value is no UTF-8: {error}") from None
        if len(found) != batch.num_rows:
            # It ends at a row that it cannot compute, without a word.
            raise SqlError(f"{self._sql}: the values of a row cannot be computed")
        return found


class StandIn:
    """The `sql_util` of tfx_bsl, for libraries that take slices by SQL from there."""

    class RecordBatchSQLSliceQuery:
        """A query as TFMA writes it, around that of a slicing spec."""

        def __init__(self, sql: str, schema: pa.Schema) -> None:
            inner = re.fullmatch(
                r"\s*SELECT\s+ARRAY\((.*)\)\s*as\s+slice_key\s+FROM\s+Examples\s+as\s+example;\s*",
                sql,
                re.DOTALL,
            )
            if inner is None:
                raise SqlError(f"not a query for slices: {sql}")
            self._query = SliceQuery(inner[1].strip(), schema)

        def Execute(self, batch: pa.RecordBatch) -> Any:
            """Return the slices of each row, as names and values."""
            return self._query.execute(batch)
