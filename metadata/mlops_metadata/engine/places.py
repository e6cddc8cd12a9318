"""The contexts that runs, executions and artifacts stand in, and those above them."""

from __future__ import annotations

from collections.abc import Sequence

from msgspec import Struct, field

from mlops_metadata.engine import reading, writing
from mlops_metadata.engine.known_types import KnownTypes
from mlops_metadata.engine.session import Session
from mlops_metadata.layout import records
from mlops_metadata.layout.contexts import places_of
from mlops_metadata.layout.records import PIPELINE, RUN
from mlops_metadata.layout.rows import ContextRow, Kind, Values
from mlops_pipeline.store import Execution

Place = tuple[str, str]
"""Type and name of a context."""


class Learned(Struct):
    """What a transaction has found out: it is kept once that is committed.

    Args:
        ids: of contexts.
        runs: ids of the contexts of runs that stand below their pipelines.
    """

    ids: dict[Place, int] = field(default_factory=dict)
    runs: set[str] = field(default_factory=set)


class Places:
    """The contexts of a store; those that are known are not looked up again."""

    def __init__(self, types: KnownTypes) -> None:
        self._types = types
        self._known = Learned()

    def keep(self, learned: Learned) -> None:
        """Remember what a transaction found out that is committed now."""
        self._known.ids.update(learned.ids)
        self._known.runs |= learned.runs

    def id(self, session: Session, kind: str, name: str) -> int:
        """Return the id of a context; 0 if there is none."""
        if found := self._known.ids.get((kind, name)):
            return found
        type_id = self._types.find(session, Kind.CONTEXT, kind)
        rows = session.rows(
            "SELECT id FROM Context WHERE type_id = ? AND name = ?", (type_id, name)
        )
        if not rows:
            return 0
        self._known.ids[kind, name] = rows[0][0]
        return int(rows[0][0])

    def named(self, session: Session, kind: str, name: str) -> tuple[str, list[int | str]]:
        """Return what stands for the id of a context in a statement, and the values in it."""
        if found := self._known.ids.get((kind, name)):
            return "?", [found]
        type_id = self._types.find(session, Kind.CONTEXT, kind)
        return "(SELECT id FROM Context WHERE type_id = ? AND name = ?)", [type_id, name]

    def get(self, session: Session, kind: str, name: str) -> ContextRow | None:
        """Return a context as stored."""
        type_id = self._types.find(session, Kind.CONTEXT, kind)
        where = "WHERE t.type_id = ? AND t.name = ?"
        names = self._types.names(session)
        return next(iter(reading.contexts(session, names, where, (type_id, name))), None)

    def parents(self, session: Session, context_id: int) -> list[Place]:
        """Return the contexts above one."""
        rows = session.rows(
            "SELECT c.type_id, c.name FROM ParentContext p "
            "JOIN Context c ON c.id = p.parent_context_id WHERE p.context_id = ? ORDER BY c.id",
            (context_id,),
        )
        name_of = self._types.names(session)
        return [(name_of(type_id), name) for type_id, name in rows]

    def ensure(self, session: Session, wanted: Sequence[Place], learned: Learned, now: int) -> None:
        """Learn the ids of contexts, which are made where they are new."""
        known = self._known.ids
        learned.ids.update((place, known[place]) for place in wanted if place in known)
        missing = [place for place in dict.fromkeys(wanted) if place not in learned.ids]
        if not missing:
            return
        types = self._context_types(session)
        rows = [(types[kind], name) for kind, name in missing]
        ids = writing.add_contexts(session, rows, now)
        learned.ids.update((place, ids[row]) for place, row in zip(missing, rows, strict=True))

    def _context_types(self, session: Session) -> dict[str, int]:
        return {
            kind: self._types.find(session, Kind.CONTEXT, kind) for kind in records.CONTEXT_TYPES
        }

    def put(
        self, session: Session, place: Place, custom: Values, learned: Learned, *, now: int
    ) -> int:
        """Create a context, or give the one that is there new properties; returns its id."""
        known = self.id(session, *place)
        if not known:
            found = self.add(session, place, custom, learned, now=now)
            if found:
                return found
            # Another process has made it at this moment.
            known = self.id(session, *place)
        statement = "UPDATE Context SET last_update_time_since_epoch = ? WHERE id = ?"
        session.run(statement, (now, known))
        writing.drop_properties(session, "Context", known)
        writing.put_properties(session, "Context", {known: ({}, custom)})
        return known

    def add(
        self, session: Session, place: Place, custom: Values, learned: Learned, *, now: int
    ) -> int:
        """Create a context; returns its id, or 0 if it is there."""
        kind, name = place
        type_id = self._types.find(session, Kind.CONTEXT, kind)
        found = writing.add_context(session, type_id, name, now)
        if found:
            writing.put_properties(session, "Context", {found: ({}, custom)})
            learned.ids[place] = found
        return found

    def place_run(
        self, session: Session, run: Place, above: Sequence[str], learned: Learned, *, now: int
    ) -> None:
        """Put the context of a run below those of its pipeline and of its base run.

        Args:
            above: names of the pipeline and of the base run; empty where there is none.
        """
        _, name = run
        if name in self._known.runs:
            return
        pipeline, base_run = above
        child = learned.ids.get(run) or self.id(session, *run)
        # MLMD takes no context as its own parent, but a run may be stored that says so.
        parents = [self.id(session, RUN, base_run)] if base_run not in ("", name) else []
        if pipeline:
            self.ensure(session, [(PIPELINE, pipeline)], learned, now)
            parents.append(learned.ids[PIPELINE, pipeline])
        rows = [(child, parent) for parent in parents if parent]
        if rows:
            session.add("ParentContext", ("context_id", "parent_context_id"), rows)
        learned.runs.add(name)

    def attach(
        self, session: Session, execution: Execution, has_outputs: bool, learned: Learned, now: int
    ) -> list[int]:
        """Return the ids of the contexts that an execution belongs in, made where they are new."""
        wanted = places_of(execution, has_outputs)
        self.ensure(session, wanted, learned, now)
        run = execution.run_id
        if run and not execution.id and run not in self._known.runs:
            self._complete(session, execution, learned, now)
        return [learned.ids[place] for place in wanted]

    def _complete(self, session: Session, execution: Execution, learned: Learned, now: int) -> None:
        """Put a run below its pipeline that another process has begun, or nobody has put."""
        run = (RUN, execution.run_id)
        if any(kind == PIPELINE for kind, _ in self.parents(session, learned.ids[run])):
            learned.runs.add(execution.run_id)
            return
        context = self.get(session, *run)
        base_run = ""
        if context is not None and records.is_our_run(context):
            base_run = records.read_run(context).base_run
        self.place_run(session, run, (execution.pipeline, base_run), learned, now=now)
