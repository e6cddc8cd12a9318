"""Makes a history of `history_shape` large by SQL alone: its runs again and again, under other ids.

What stands once stays once: types, pipelines, nodes. The first runs, of a pipeline that has not
run since, are not repeated.
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import history_shape as shape

from mlops_metadata.engine import Session, SqlStore
from mlops_metadata.engine.schema import TABLES, columns_of

APART = 20_000
"""Distance of the ids of two copies: more than one has rows in any table."""

_IDS = {
    "Artifact": ("id",),
    "ArtifactProperty": ("artifact_id",),
    "Execution": ("id",),
    "ExecutionProperty": ("execution_id",),
    "Context": ("id",),
    "ContextProperty": ("context_id",),
    "Event": ("id", "artifact_id", "execution_id"),
    "EventPath": ("event_id",),
    "Association": ("id", "context_id", "execution_id"),
    "Attribution": ("id", "context_id", "artifact_id"),
    "ParentContext": ("context_id",),
}
"""The tables that are repeated, with the columns in which ids are moved on."""

_OWNER = {
    "ArtifactProperty": "artifact_id",
    "ExecutionProperty": "execution_id",
    "ContextProperty": "context_id",
    "Event": "execution_id",
    "EventPath": "event_id",
    "Association": "execution_id",
    "Attribution": "artifact_id",
    "ParentContext": "context_id",
}
"""The column that tells which copy a row belongs to, where it is not `id`."""

_KIND = {"artifact_id": "Artifact", "execution_id": "Execution", "context_id": "Context"}
_NAMES = ("name", "uri")


def repeat(store: SqlStore, copies: range) -> None:
    """Add copies of the runs that the store was filled with, by their numbers."""
    first = store.database.read(_first)
    for copy in copies:
        store.database.write(lambda session, copy=copy: _add(session, copy, first))


def refresh(store: SqlStore, kind: str) -> None:
    """Let a server count its rows, as it does by itself after a while."""
    for table in TABLES if kind != "sqlite" else ():
        verb = "ANALYZE TABLE" if kind == "mysql" else "ANALYZE"
        store.database.write(
            lambda session, s=f"{verb} {table}": session.rows(s) if "TABLE" in s else session.run(s)
        )


def _first(session: Session) -> dict[str, int]:
    """Find the lowest ids that are repeated, by table."""
    found: dict[str, Any] = {}
    run = (shape.run_id(shape.OLD_RUNS),)
    ((found["Context"],),) = session.rows("SELECT min(id) FROM Context WHERE name = ?", run)
    of_run = "FROM {} WHERE context_id = ?"
    for table, key in (("Execution", "execution_id"), ("Artifact", "artifact_id")):
        link = "Association" if table == "Execution" else "Attribution"
        statement = f"SELECT min({key}) {of_run.format(link)}"
        ((found[table],),) = session.rows(statement, (found["Context"],))
    statement = "SELECT min(id) FROM Event WHERE execution_id >= ?"
    ((found["Event"],),) = session.rows(statement, (found["Execution"],))
    return found


def _add(session: Session, copy: int, first: dict[str, int]) -> None:
    for table in _IDS:
        columns = columns_of(table)
        cells, values = zip(*_cells(table, columns, copy * APART, copy), strict=True)
        owner = _OWNER.get(table, "id")
        of = "Event" if owner == "event_id" else _KIND.get(owner, table)
        where = f"t.{owner} BETWEEN ? AND ?"
        limits: list[Any] = [first[of], APART]
        joined = ""
        if of == "Context":
            # Pipelines and nodes are there already.
            joined = f"JOIN Context c ON c.id = t.{owner}"
            where += " AND c.name LIKE ?"
            limits.append(f"{shape.prefix(0)}%")
        elif "context_id" in columns:
            joined = "JOIN Context c ON c.id = t.context_id"
        flat = [each for part in values for each in part]
        session.run(
            f"INSERT INTO {table} ({', '.join(columns)}) "
            f"SELECT {', '.join(cells)} FROM {table} t {joined} WHERE {where}",
            [*flat, *limits],
        )


def _cells(
    table: str, columns: tuple[str, ...], distance: int, copy: int
) -> Iterator[tuple[str, list[Any]]]:
    """Yield what stands in each column of a copy, and the values in it."""
    both = [shape.prefix(0), shape.prefix(copy)]
    for column in columns:
        if column == "context_id" and table in ("Association", "Attribution"):
            moved = "CASE WHEN c.name LIKE ? THEN t.context_id + ? ELSE t.context_id END"
            yield moved, [f"{both[0]}%", distance]
        elif column in _IDS[table]:
            yield f"t.{column} + {distance}", []
        elif column in _NAMES and "type_id" in columns:
            yield f"REPLACE(t.{column}, ?, ?)", both
        else:
            yield f"t.{column}", []
