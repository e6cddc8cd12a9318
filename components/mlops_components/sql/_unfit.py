"""Queries for slices that do not fit a batch, counted one by one in slices of their own.

A batch may lack a feature that others have, and its rows are then in no slice of the query. One
that fits no batch at all is a mistake. Batches may be read on many machines, and only slices come
back from there, so a slice with the query in its name counts the rows.
"""

from __future__ import annotations

from collections.abc import Mapping

_PREFIX = "Invalid Slice: "


def unfit_key(sql: str) -> str:
    """Return the name of the slice with the rows that a query does not fit."""
    return _PREFIX + sql


def unfit_queries(rows: Mapping[str, int], total: int) -> tuple[set[str], list[str]]:
    """Return the slices that only count such rows, and the queries that fit none, sorted.

    Args:
        rows: number of rows by slice.
        total: number of all rows.
    """
    counted = {name for name in rows if name.startswith(_PREFIX)}
    useless = [name for name in sorted(counted) if 0 < rows[name] == total]
    return counted, [name.removeprefix(_PREFIX) for name in useless]
