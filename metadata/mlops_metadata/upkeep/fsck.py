"""Rows of a store that do not fit each other: found on any database of the engine, and removed.

Only a row that says something of another row is removed, where that other row is gone: an event, a
property, an association. Artifacts, executions and contexts stay, whatever is wrong with them.
"""

from __future__ import annotations

import sqlite3
from collections.abc import Iterator
from contextlib import closing
from dataclasses import dataclass, replace

from mlops_metadata.engine import (
    CHUNK,
    Database,
    Row,
    Session,
    SqliteDatabase,
    reading,
)
from mlops_metadata.layout.damage import as_text
from mlops_metadata.layout.records import PREFIX, is_ours, read_execution
from mlops_metadata.layout.rows import ArtifactCode, ExecutionCode, ExecutionRow
from mlops_metadata.upkeep.tables import open_tables
from mlops_pipeline.errors import StoreError
from mlops_pipeline.store import (
    DELETION,
    FIRST,
    ArtifactRecord,
    Execution,
    State,
    StoreCheck,
)

_ALIVE = (int(ExecutionCode.NEW), int(ExecutionCode.RUNNING))


@dataclass(frozen=True)
class _Reference:
    """A column that names a row of another table.

    Args:
        name: what is checked, in words.
        names: the columns that tell a row of the table from others.
        removable: whether a row is worth nothing without the other one.
    """

    name: str
    table: str
    column: str
    target: str
    names: tuple[str, ...] = ("id",)
    removable: bool = True


_REFERENCES = (
    _Reference("artifacts have a type", "Artifact", "type_id", "Type", removable=False),
    _Reference("executions have a type", "Execution", "type_id", "Type", removable=False),
    _Reference("contexts have a type", "Context", "type_id", "Type", removable=False),
    _Reference(
        "declared properties have a type", "TypeProperty", "type_id", "Type", ("type_id", "name")
    ),
    _Reference(
        "types with a parent exist", "ParentType", "type_id", "Type", ("type_id", "parent_type_id")
    ),
    _Reference(
        "parents of types exist",
        "ParentType",
        "parent_type_id",
        "Type",
        ("type_id", "parent_type_id"),
    ),
    _Reference("events lead to artifacts", "Event", "artifact_id", "Artifact"),
    _Reference("events lead to executions", "Event", "execution_id", "Execution"),
    # After the events: what is removed there leaves its path behind.
    _Reference("paths belong to events", "EventPath", "event_id", "Event", ("event_id",)),
    _Reference("associations lead to contexts", "Association", "context_id", "Context"),
    _Reference("associations lead to executions", "Association", "execution_id", "Execution"),
    _Reference("attributions lead to contexts", "Attribution", "context_id", "Context"),
    _Reference("attributions lead to artifacts", "Attribution", "artifact_id", "Artifact"),
    _Reference(
        "contexts with a parent exist",
        "ParentContext",
        "context_id",
        "Context",
        ("context_id", "parent_context_id"),
    ),
    _Reference(
        "parents of contexts exist",
        "ParentContext",
        "parent_context_id",
        "Context",
        ("context_id", "parent_context_id"),
    ),
    *(
        _Reference(
            f"properties have an {owner.lower()}".replace("an context", "a context"),
            f"{owner}Property",
            f"{owner.lower()}_id",
            owner,
            (f"{owner.lower()}_id", "name"),
        )
        for owner in ("Artifact", "Execution", "Context")
    ),
)


def check_tables(url: str, repair: bool) -> list[StoreCheck]:
    """Check a store; see `mlops_pipeline.store.check_tables`."""
    with closing(open_tables(url, read_only=not repair)) as store:
        database = store.database
        damage = database.read(_damage) if isinstance(database, SqliteDatabase) else None
        found = [] if damage is None else [damage]
        if damage is not None and damage.misfits:
            # What a damaged file says of its rows is not to be acted on.
            return found
        if repair:
            return found + database.write(_repaired)
        return found + database.read(_checked)


def _damage(session: Session) -> StoreCheck:
    """Check the pages of a SQLite file."""
    ((pages,),) = session.rows("PRAGMA page_count")
    try:
        faults = [str(text) for (text,) in session.rows("PRAGMA integrity_check")]
    except sqlite3.OperationalError:
        raise
    except sqlite3.DatabaseError as error:
        # Some damage ends the check itself.
        faults = [str(error)]
    faults = [] if faults == ["ok"] else faults
    return StoreCheck("pages of the file are sound", "", pages, len(faults), tuple(faults[:FIRST]))


def _checked(session: Session) -> list[StoreCheck]:
    return [_check(session, reference) for reference in _REFERENCES]


def _repaired(session: Session) -> list[StoreCheck]:
    """Check all, and remove what can be removed before the next check."""
    found = []
    for reference in _REFERENCES:
        check = _check(session, reference)
        if check.misfits and reference.removable:
            check = replace(check, removed=session.run(_removal(reference)))
        found.append(check)
    return found


def _check(session: Session, reference: _Reference) -> StoreCheck:
    table, column, target = reference.table, reference.column, reference.target
    ((rows,),) = session.rows(f"SELECT count(*) FROM {table}")
    where = f"FROM {table} t LEFT JOIN {target} o ON o.id = t.{column} WHERE o.id IS NULL"
    ((misfits,),) = session.rows(f"SELECT count(*) {where}")
    first: tuple[str, ...] = ()
    if misfits:
        named = ", ".join(f"t.{name}" for name in reference.names)
        some = session.rows(f"SELECT t.{column}, {named} {where} ORDER BY {named} LIMIT {FIRST}")
        first = tuple(
            f"{' '.join(str(part) for part in row[1:])} ({target} {row[0]} is gone)" for row in some
        )
    return StoreCheck(reference.name, table, rows, misfits, first, removable=reference.removable)


def _removal(reference: _Reference) -> str:
    table, target = reference.table, reference.target
    return (
        f"DELETE FROM {table} WHERE NOT EXISTS "
        f"(SELECT 1 FROM {target} WHERE {target}.id = {table}.{reference.column})"
    )


def running_executions(url: str) -> list[Execution]:
    """Return what is RUNNING; see `mlops_pipeline.store.running_executions`."""
    with closing(open_tables(url)) as store:
        rows = store.database.read(_alive)
    return [_read(row) for row in rows if is_ours(row)]


def _alive(session: Session) -> list[ExecutionRow]:
    return reading.executions(
        session, lambda type_id: "", "WHERE t.last_known_state IN (?, ?)", _ALIVE
    )


def _read(row: ExecutionRow) -> Execution:
    try:
        return read_execution(row)
    except (AttributeError, KeyError, TypeError, ValueError, StoreError):
        # A damaged record names no process.
        return Execution("", "", "", "", State.RUNNING, id=row.id, heartbeat=row.updated / 1000)


def live_artifacts(url: str) -> Iterator[ArtifactRecord]:
    """Yield what is LIVE; see `mlops_pipeline.store.live_artifacts`."""
    return _in_state(url, ArtifactCode.LIVE)


def marked_artifacts(url: str) -> Iterator[ArtifactRecord]:
    """Yield what we have marked; see `mlops_pipeline.store.marked_artifacts`."""
    noted = (
        "AND EXISTS (SELECT 1 FROM ArtifactProperty p WHERE p.artifact_id = a.id "
        f"AND p.name = '{PREFIX}{DELETION}')"
    )
    return _in_state(url, ArtifactCode.MARKED_FOR_DELETION, noted)


def _in_state(url: str, state: ArtifactCode, condition: str = "") -> Iterator[ArtifactRecord]:
    statement = (
        "SELECT a.id, t.name, a.uri FROM Artifact a LEFT JOIN Type t ON t.id = a.type_id "
        f"WHERE a.state = {int(state)} AND a.id > ? {condition} ORDER BY a.id LIMIT {CHUNK}"
    )
    with closing(open_tables(url)) as store:
        last = 0
        while rows := _page(store.database, statement, last):
            last = rows[-1][0]
            for artifact_id, name, uri in rows:
                yield ArtifactRecord(as_text(name or ""), as_text(uri or ""), id=artifact_id)


def _page(database: Database, statement: str, last: int) -> list[Row]:
    return database.read(lambda session: session.rows(statement, (last,)))
