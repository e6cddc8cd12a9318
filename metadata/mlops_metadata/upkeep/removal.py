"""Artifacts as a whole, for who decides which may go; and their end, marked on a condition.

A mark is one transaction. It first locks the rows of the artifacts, for which a claim and a hit of
the cache ask, too, and then those of the runs that have used them, which a resumed run writes: so
each of these has happened before, and is seen, or comes after, and sees the mark. SQLite has one
writer at a time, and needs no such locks.
"""

from __future__ import annotations

import time
from collections.abc import Iterable, Iterator, Mapping, Sequence
from contextlib import closing
from dataclasses import dataclass, field, replace
from typing import Any

from mlops_metadata.engine import CHUNK, KnownTypes, Session, marks, reading, writing
from mlops_metadata.layout import records
from mlops_metadata.layout.property_values import encode
from mlops_metadata.layout.rows import (
    ArtifactCode,
    ArtifactRow,
    ContextRow,
    ExecutionCode,
    ExecutionRow,
    Kind,
)
from mlops_metadata.upkeep.tables import open_tables
from mlops_pipeline.store import (
    DELETION,
    ArtifactRecord,
    Contents,
    Doomed,
    Ended,
    Event,
    Execution,
    Run,
    Seen,
    State,
    is_model_record,
)

_ALIVE = (int(ExecutionCode.NEW), int(ExecutionCode.RUNNING))
_WANTED = frozenset({"blessed", "current_model_id", "pushed"})
_NOTE = records.PREFIX + DELETION
_OVERLAP = 1000
"""Ids before the newest among which a row may have come later: a server gives them out early."""


@dataclass
class _Reading:
    """What has been read so far."""

    artifacts: dict[int, ArtifactRecord] = field(default_factory=dict)
    executions: dict[int, Execution] = field(default_factory=dict)
    events: list[Event] = field(default_factory=list)
    runs: dict[str, Run] = field(default_factory=dict)
    seen: dict[int, Seen] = field(default_factory=dict)
    changed: dict[str, int] = field(default_factory=dict)
    damaged: list[str] = field(default_factory=list)

    def artifact(self, row: ArtifactRow) -> None:
        """Take in an artifact."""
        self.seen[row.id] = Seen(row.state, row.updated, 0)
        found = records.read_artifact(row)
        kept = {name: found.properties[name] for name in _WANTED & found.properties.keys()}
        self.artifacts[row.id] = replace(found, properties=kept)
        self._note(f"artifact {row.id}", found.damage)

    def execution(self, row: ExecutionRow, places: Mapping[str, str]) -> None:
        """Take in an execution, with the names of the contexts that it is in."""
        pipeline, run_id = places.get(records.PIPELINE, ""), places.get(records.RUN, "")
        if records.is_ours(row):
            found = records.read_execution(row)
            # Where its own record is damaged, its contexts still tell its run.
            run_id = found.run_id or run_id
            told = found.parameters if is_model_record(found.component) else {}
            found = replace(found, run_id=run_id, manifest="", details="", parameters=told)
        else:
            state = records.EXECUTION_STATES.get(row.state, State.COMPLETE)
            node = places.get(records.NODE, "").removeprefix(f"{pipeline}.")
            heard = row.updated / 1000
            found = Execution(row.type, pipeline, run_id, node, state, id=row.id, heartbeat=heard)
        self.executions[row.id] = found
        self._note(f"execution {row.id}", found.damage)

    def run(self, row: ContextRow) -> None:
        """Take in a run."""
        found = Run(row.name, "", State.COMPLETE, started=row.created / 1000)
        if records.is_our_run(row):
            found = replace(records.read_run(row), parameters={})
        if found.damage:
            # Nobody knows that it has ended.
            found = replace(found, state=State.RUNNING, started=row.created / 1000)
        self.runs[row.name] = found
        self.changed[row.name] = row.updated
        self._note(f"run {row.name}", found.damage)

    def _note(self, name: str, damage: str) -> None:
        if damage:
            self.damaged.append(f"{name}: {damage}")


def read_contents(url: str) -> Contents:
    """Read a store; see `mlops_pipeline.store.read_contents`."""
    with closing(open_tables(url)) as store:
        types = KnownTypes(store.database)
        found = store.database.read(lambda session: _read_all(session, types))
    marked = {
        each
        for each, seen in found.seen.items()
        if seen.state == ArtifactCode.MARKED_FOR_DELETION
        and DELETION in found.artifacts[each].notes
    }
    return Contents(**vars(found), marked=frozenset(marked))


def _read_all(session: Session, types: KnownTypes) -> _Reading:
    found, names = _Reading(), types.names(session)
    for artifacts in _pages(reading.artifacts, session, names):
        for row in artifacts:
            found.artifact(row)
    for executions in _pages(reading.executions, session, names):
        ids = [row.id for row in executions]
        places = _places(session, types, ids)
        for row in executions:
            found.execution(row, places.get(row.id, {}))
        found.events += records.read_events(reading.events(session, "execution_id", ids))
    uses: dict[int, int] = dict(
        session.rows("SELECT artifact_id, count(*) FROM Event GROUP BY artifact_id")
    )
    for each, seen in found.seen.items():
        found.seen[each] = seen._replace(uses=uses.get(each, 0))
    run_type = types.find(session, Kind.CONTEXT, records.RUN)
    for contexts in _pages(reading.contexts, session, names):
        for row in contexts:
            if row.type_id == run_type:
                found.run(row)
    return found


def _pages(read: Any, session: Session, names: reading.TypeName) -> Iterator[list[Any]]:
    last = 0
    while rows := read(session, names, f"WHERE t.id > ? ORDER BY t.id LIMIT {CHUNK}", (last,)):
        last = rows[-1].id
        yield rows


def _places(session: Session, types: KnownTypes, ids: Sequence[int]) -> dict[int, dict[str, str]]:
    """Return the names of contexts by their type, by execution."""
    kinds = {
        types.find(session, Kind.CONTEXT, kind): kind
        for kind in (records.PIPELINE, records.RUN, records.NODE)
    }
    rows = session.rows(
        "SELECT a.execution_id, c.type_id, c.name FROM Association a "
        f"JOIN Context c ON c.id = a.context_id WHERE a.execution_id IN ({marks(len(ids))})",
        ids,
    )
    found: dict[int, dict[str, str]] = {}
    for each, type_id, name in rows:
        if type_id in kinds:
            found.setdefault(each, {})[kinds[type_id]] = name
    return found


def mark_deleted(url: str, doomed: Sequence[Doomed], ended: Ended) -> list[Doomed]:
    """Mark artifacts; see `mlops_pipeline.store.mark_deleted`."""
    if not doomed:
        return []
    with closing(open_tables(url, read_only=False)) as store:
        types = KnownTypes(store.database)
        return store.database.write(lambda session: _mark(session, types, doomed, ended))


def _mark(
    session: Session, types: KnownTypes, doomed: Sequence[Doomed], ended: Ended
) -> list[Doomed]:
    ids = sorted({each for group in doomed for each in group.seen})
    seen = _seen(session, ids)
    held = _held(session, types, ids, ended)
    wanted = [g for g in doomed if all(seen.get(i) == each for i, each in g.seen.items())]
    wanted = [group for group in wanted if held.isdisjoint(group.seen)]
    new = _new_places(session, doomed, ended.newest)
    wanted = [group for group in wanted if not any(f"/{group.place}/" in uri for uri in new)]
    now = int(time.time() * 1000)
    for group in wanted:
        for each in group.seen:
            session.run(
                "UPDATE Artifact SET state = ?, last_update_time_since_epoch = ? WHERE id = ?",
                (int(ArtifactCode.MARKED_FOR_DELETION), now, each),
            )
            session.run(
                "DELETE FROM ArtifactProperty WHERE artifact_id = ? AND name = ?", (each, _NOTE)
            )
            note = {_NOTE: encode(dict(group.note))}
            writing.put_properties(session, "Artifact", {each: ({}, note)})
    return wanted


def _seen(session: Session, ids: Sequence[int]) -> dict[int, Seen]:
    """Lock the rows of artifacts, and see them as they are now."""
    statement = "SELECT id, state, last_update_time_since_epoch FROM Artifact WHERE id"
    rows = _in(session, statement, ids, session.for_update)
    statement = "SELECT artifact_id, count(*) FROM Event WHERE artifact_id"
    uses = dict(_in(session, statement, ids, "GROUP BY artifact_id"))
    return {each: Seen(state or 0, at, uses.get(each, 0)) for each, state, at in rows}


def _new_places(session: Session, doomed: Sequence[Doomed], newest: int) -> list[str]:
    """Return where artifacts are that nobody has seen yet, each with a slash at its end."""
    known = {each for group in doomed for each in group.seen}
    rows = session.rows("SELECT id, uri FROM Artifact WHERE id > ?", (newest - _OVERLAP,))
    return [f"{uri}/" for each, uri in rows if uri and each not in known and each > newest]


def _in(session: Session, statement: str, ids: Iterable[int], end: str = "") -> list[Any]:
    wanted, found = list(ids), []
    for start in range(0, len(wanted), CHUNK):
        part = wanted[start : start + CHUNK]
        found += session.rows(f"{statement} IN ({marks(len(part))}) {end}", part)
    return found


def _held(session: Session, types: KnownTypes, ids: Sequence[int], ended: Ended) -> set[int]:
    """Return the artifacts that something which runs has read or written."""
    links = _in(session, "SELECT execution_id, artifact_id FROM Event WHERE artifact_id", ids)
    running = _running(session, {each for each, _ in links}, ended)
    used: dict[int, set[int]] = {}
    executions = {execution for execution, _ in links}
    statement = (
        "SELECT a.context_id, a.execution_id FROM Association a "
        f"JOIN Context c ON c.id = a.context_id AND c.type_id = "
        f"{types.find(session, Kind.CONTEXT, records.RUN)} WHERE a.execution_id"
    )
    for context, execution in _in(session, statement, executions):
        used.setdefault(context, set()).add(execution)
    for context in _running_runs(session, used, ended):
        running |= used[context]
    return {artifact for execution, artifact in links if execution in running}


def _running(session: Session, ids: Iterable[int], ended: Ended) -> set[int]:
    statement = (
        "SELECT id, last_update_time_since_epoch FROM Execution "
        f"WHERE last_known_state IN ({_ALIVE[0]}, {_ALIVE[1]}) AND id"
    )
    found = _in(session, statement, ids)
    return {each for each, changed in found if ended.executions.get(each) != changed}


def _running_runs(session: Session, contexts: Iterable[int], ended: Ended) -> set[int]:
    """Return the contexts of runs that run, or that a run which runs goes on from."""
    below: dict[int, list[int]] = {each: [each] for each in contexts}
    statement = "SELECT context_id, parent_context_id FROM ParentContext WHERE parent_context_id"
    for child, parent in _in(session, statement, list(below)):
        below[parent].append(child)
    ids = sorted({each for found in below.values() for each in found})
    # A run that is resumed at this moment has written its row, or does it after this.
    statement = "SELECT id, name, last_update_time_since_epoch FROM Context WHERE id"
    rows = {each: row for each, *row in _in(session, statement, ids, session.for_update)}
    statement = (
        f"SELECT context_id FROM ContextProperty WHERE name = '{records.PREFIX}state' "
        f"AND string_value = '{State.RUNNING.value}' AND context_id"
    )
    alive = {each for (each,) in _in(session, statement, ids)}
    alive = {each for each in alive if ended.runs.get(rows[each][0]) != rows[each][1]}
    statement = "SELECT execution_id, context_id FROM Association WHERE context_id"
    links = _in(session, statement, ids)
    running = _running(session, {each for each, _ in links}, ended)
    alive |= {context for execution, context in links if execution in running}
    return {each for each, found in below.items() if alive.intersection(found)}


def finish_deleted(url: str, ids: Sequence[int]) -> None:
    """Say that files are gone; see `mlops_pipeline.store.finish_deleted`."""
    if not ids:
        return

    def work(session: Session) -> None:
        statement = (
            f"UPDATE Artifact SET state = {int(ArtifactCode.DELETED)} "
            f"WHERE state = {int(ArtifactCode.MARKED_FOR_DELETION)} AND id"
        )
        for start in range(0, len(ids), CHUNK):
            part = ids[start : start + CHUNK]
            session.run(f"{statement} IN ({marks(len(part))})", part)

    with closing(open_tables(url, read_only=False)) as store:
        store.database.write(work)
