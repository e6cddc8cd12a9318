"""What holds nodes together: events, associations, attributions and parents of contexts."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from typing import Any

from mlops_metadata.engine import Session, milliseconds, reading
from mlops_metadata.messages import pb
from mlops_metadata.service.kinds import ARTIFACT, CONTEXT, EXECUTION, NodeKind
from mlops_metadata.service.nodes import ids_there, nodes_with_ids
from mlops_metadata.service.refused import RefusedError

_EVENT = ("artifact_id", "execution_id", "type", "milliseconds_since_epoch")
_STEP = ("event_id", "is_index_step", "step_index", "step_key")


def insert_events(session: Session, events: Sequence[Any]) -> None:
    """Insert events with their paths.

    Raises:
        RefusedError: an event names what is not there, or has no type.
        AlreadyExistsError: one is there.
    """
    if not events:
        return
    for event in events:
        _check_event(event)
    _check_there(session, ARTIFACT, [event.artifact_id for event in events])
    _check_there(session, EXECUTION, [event.execution_id for event in events])
    now = milliseconds()
    rows = [
        (
            event.artifact_id,
            event.execution_id,
            event.type,
            event.milliseconds_since_epoch if event.HasField(_EVENT[3]) else now,
        )
        for event in events
    ]
    ids = session.insert("Event", _EVENT, rows)
    steps: list[tuple[Any, ...]] = []
    for each, event in zip(ids, events, strict=True):
        for step in event.path.steps:
            if step.HasField("index"):
                steps.append((each, True, step.index, None))
            elif step.HasField("key"):
                steps.append((each, False, None, step.key))
    if steps:
        session.insert("EventPath", _STEP, steps)


def _check_event(event: Any) -> None:
    for name in ("artifact", "execution"):
        if not event.HasField(f"{name}_id"):
            raise RefusedError(f"No {name} id is specified.")
    if not event.HasField("type") or event.type == pb.Event.UNKNOWN:
        raise RefusedError("No event type is specified.")


def _check_there(session: Session, kind: NodeKind, ids: Sequence[int]) -> None:
    there = ids_there(session, kind, ids)
    for each in ids:
        if each not in there:
            raise RefusedError(f"No {kind.word} with the given id {each}")


def events_of(session: Session, key: str, ids: Iterable[int]) -> list[Any]:
    """Return events, oldest first.

    Args:
        key: `artifact_id` or `execution_id`.
    """
    statement = f"SELECT id, {', '.join(_EVENT)} FROM Event WHERE {key} IN (*)"
    found = {row[0]: _event(row) for row in reading.rows_in(session, statement, ids)}
    for each, steps in reading.paths(session, list(found)).items():
        for step in steps:
            if isinstance(step, str):
                found[each].path.steps.add(key=step)
            else:
                found[each].path.steps.add(index=step)
    return [found[each] for each in sorted(found)]


def _event(row: tuple[Any, ...]) -> Any:
    event = pb.Event(artifact_id=row[1], execution_id=row[2])
    if row[3] in pb.Event.Type.values():
        event.type = row[3]
    if row[4] is not None:
        event.milliseconds_since_epoch = row[4]
    return event


def put_into_contexts(
    session: Session, kind: NodeKind, contexts: Sequence[int], ids: Iterable[int]
) -> None:
    """Put nodes into contexts, where they are not yet."""
    pairs = [(context, each) for each in ids for context in contexts]
    if pairs:
        session.add(kind.link, ("context_id", kind.key), pairs)


def put_links(session: Session, kind: NodeKind, links: Sequence[Any]) -> None:
    """Insert attributions or associations, where they are not yet.

    Raises:
        RefusedError: a node is not there.
    """
    pairs = [(link.context_id, getattr(link, kind.key)) for link in links]
    for side, position in ((CONTEXT, 0), (kind, 1)):
        wanted = [pair[position] for pair in pairs]
        if set(wanted) - ids_there(session, side, wanted):
            raise RefusedError(f"{side.name} id not found.")
    if pairs:
        session.add(kind.link, ("context_id", kind.key), list(dict.fromkeys(pairs)))


def links_of(session: Session, kind: NodeKind, key: str, ids: Iterable[int]) -> list[Any]:
    """Return attributions or associations.

    Args:
        key: the column that the ids stand in.
    """
    statement = f"SELECT id, context_id, {kind.key} FROM {kind.link} WHERE {key} IN (*)"
    found = reading.rows_in(session, statement, ids)
    message = getattr(pb, kind.link)
    return [message(**{"context_id": row[1], kind.key: row[2]}) for row in sorted(found)]


def contexts_of(session: Session, kind: NodeKind, node_id: int) -> list[Any]:
    """Return the contexts that a node stands in."""
    links = links_of(session, kind, kind.key, [node_id])
    return nodes_with_ids(session, CONTEXT, [link.context_id for link in links])


def put_parents(session: Session, parents: Sequence[Any]) -> None:
    """Put contexts below others.

    Raises:
        RefusedError: a context is not there, or would be above itself.
        AlreadyExistsError: one is there.
    """
    for each in parents:
        if not each.HasField("parent_id") or not each.HasField("child_id"):
            raise RefusedError("Missing parent / child id in the parent_context")
        both = [each.parent_id, each.child_id]
        if len(ids_there(session, CONTEXT, both)) < len(both):
            raise RefusedError("Given parent / child id in the parent_context cannot be found")
        _refuse_circle(session, each.child_id, each.parent_id)
        row = (each.child_id, each.parent_id)
        session.insert("ParentContext", ("context_id", "parent_context_id"), [row])


def _refuse_circle(session: Session, child: int, parent: int) -> None:
    above, seen = {parent}, set()
    while above:
        if child in above:
            raise RefusedError("There is a cycle detected of the given relationship.")
        seen |= above
        pairs = relatives(session, sorted(above), upwards=True)
        above = {each for _, each in pairs} - seen


def relatives(session: Session, ids: Iterable[int], *, upwards: bool) -> list[tuple[int, int]]:
    """Return contexts and, of each, those directly above it or below it."""
    own, other = ("context_id", "parent_context_id")[:: 1 if upwards else -1]
    statement = f"SELECT {own}, {other} FROM ParentContext WHERE {own} IN (*)"
    return sorted((each, other) for each, other in reading.rows_in(session, statement, ids))
