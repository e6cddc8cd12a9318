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
_IS_FIRST = f"substr(c.name, 1, {len(shape.prefix(0))}) = '{shape.prefix(0)}'"


def repeat(store: SqlStore, kind: str, copies: range) -> None:
    """Add copies of the runs that the store was filled with, by their numbers."""
    if not copies:
        return
    first = store.database.read(_first)
    if kind == "postgresql":
        store.database.write(lambda session: _add_all(session, copies, first))
        return
    for copy in copies:
        one = f"(SELECT {copy} AS copy, '{shape.prefix(copy)}' AS prefix)"
        store.database.write(lambda session, one=one: _add(session, one, first))


def _add_all(session: Session, copies: range, first: dict[str, int]) -> None:
    """Add all copies at once to a PostgreSQL, and make its indexes afterwards."""
    for setting in ("maintenance_work_mem = '512MB'", "synchronous_commit = off"):
        session.run(f"SET LOCAL {setting}")
    indexes = session.rows(
        "SELECT indexname, indexdef FROM pg_indexes WHERE schemaname = current_schema() "
        "AND indexdef LIKE ?",
        ("CREATE INDEX %",),
    )
    for name, _ in indexes:
        session.run(f"DROP INDEX {name}")
    _add(
        session,
        "(SELECT c AS copy, 'k' || lpad(CAST(c AS text), 4, '0') || '-' AS prefix "
        f"FROM generate_series({copies.start}, {copies.stop - 1}) c)",
        first,
    )
    for _, statement in indexes:
        session.run(statement)


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


def _add(session: Session, copies: str, first: dict[str, int]) -> None:
    """Add copies, of which a query finds `copy` and `prefix`."""
    for table in _IDS:
        columns = columns_of(table)
        owner = _OWNER.get(table, "id")
        of = "Event" if owner == "event_id" else _KIND.get(owner, table)
        where = f"t.{owner} BETWEEN ? AND ?"
        limits: list[Any] = [first[of], APART]
        joined = ""
        if of == "Context":
            # Pipelines and nodes are there already.
            joined = f"JOIN Context c ON c.id = t.{owner}"
            where += f" AND {_IS_FIRST}"
        elif "context_id" in columns:
            joined = "JOIN Context c ON c.id = t.context_id"
        session.run(
            f"INSERT INTO {table} ({', '.join(columns)}) "
            f"SELECT {', '.join(_cells(table, columns))} "
            f"FROM {table} t {joined} CROSS JOIN {copies} n WHERE {where}",
            limits,
        )


def _cells(table: str, columns: tuple[str, ...]) -> Iterator[str]:
    """Yield what stands in each column of a copy."""
    for column in columns:
        moved = f"t.{column} + n.copy * {APART}"
        if column == "context_id" and table in ("Association", "Attribution"):
            yield f"CASE WHEN {_IS_FIRST} THEN {moved} ELSE t.context_id END"
        elif column in _IDS[table]:
            yield moved
        elif column in _NAMES and "type_id" in columns:
            yield f"REPLACE(t.{column}, '{shape.prefix(0)}', n.prefix)"
        else:
            yield f"t.{column}"
