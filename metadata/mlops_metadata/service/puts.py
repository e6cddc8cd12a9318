"""The methods that change something, each in one transaction."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from functools import partial
from typing import Any

from mlops_metadata.engine import Session, reading
from mlops_metadata.messages import pb
from mlops_metadata.service.kinds import ARTIFACT, CONTEXT, EXECUTION, KINDS, NodeKind
from mlops_metadata.service.links import (
    insert_events,
    put_into_contexts,
    put_links,
    put_parents,
)
from mlops_metadata.service.node_puts import WHOLE, Changes, Put
from mlops_metadata.service.nodes import ids_there
from mlops_metadata.service.refused import Code, RefusedError
from mlops_metadata.service.types import put_types

Method = Callable[[Session, Any, Any], None]
"""A method: it reads a request and fills the response."""


def _put_types(session: Session, request: Any, response: Any) -> None:
    for kind in KINDS:
        types = getattr(request, f"{kind.word}_types")
        ids = _registered(session, kind, types, request)
        getattr(response, f"{kind.word}_type_ids").extend(ids)


def _put_type(session: Session, request: Any, response: Any, *, kind: NodeKind) -> None:
    wanted = [getattr(request, f"{kind.word}_type")]
    response.type_id = _registered(session, kind, wanted, request)[0]


def _registered(session: Session, kind: NodeKind, types: Sequence[Any], request: Any) -> list[int]:
    if not request.all_fields_match:
        raise RefusedError("Must match all fields.", Code.UNIMPLEMENTED)
    if not types:
        return []
    # The table has no rule against a second type of the same name.
    session.alone()
    return put_types(session, kind, types, add=request.can_add_fields, omit=request.can_omit_fields)


def _put_nodes(session: Session, request: Any, response: Any, *, kind: NodeKind) -> None:
    changes = Changes(
        paths=tuple(request.update_mask.paths),
        unchanged_since=kind is ARTIFACT and request.options.abort_if_latest_updated_time_changed,
    )
    nodes = getattr(request, f"{kind.word}s")
    ids = Put(session, kind).nodes(nodes, changes)
    getattr(response, f"{kind.word}_ids").extend(ids)


def _put_events(session: Session, request: Any, response: Any) -> None:
    insert_events(session, request.events)


def _put_links(session: Session, request: Any, response: Any) -> None:
    put_links(session, ARTIFACT, request.attributions)
    put_links(session, EXECUTION, request.associations)


def _put_parents(session: Session, request: Any, response: Any) -> None:
    put_parents(session, request.parent_contexts)


def _put_execution(session: Session, request: Any, response: Any) -> None:
    if not request.HasField("execution"):
        raise RefusedError("No execution is found")
    options = request.options
    pairs = list(request.artifact_event_pairs)
    artifacts = [pair.artifact for pair in pairs if pair.HasField("artifact")]
    if options.reuse_artifact_if_already_exist_by_external_id:
        artifacts = _reused(session, artifacts)
    ids = iter(Put(session, ARTIFACT).nodes(artifacts))
    found = [next(ids) if pair.HasField("artifact") else 0 for pair in pairs]
    changes = Changes(force_time=options.force_update_time)
    (execution_id,) = Put(session, EXECUTION).nodes([request.execution], changes)
    response.execution_id = execution_id
    events = [
        _event_of(pair, artifact_id, execution_id)
        for pair, artifact_id in zip(pairs, found, strict=True)
        if pair.HasField("event")
    ]
    insert_events(session, events)
    for pair, artifact_id in zip(pairs, found, strict=True):
        given = pair.event.artifact_id if pair.HasField("event") else -1
        response.artifact_ids.append(artifact_id or given)
    contexts = _contexts(session, request.contexts, options)
    response.context_ids.extend(contexts)
    put_into_contexts(session, EXECUTION, list(dict.fromkeys(contexts)), [execution_id])
    used = dict.fromkeys(each for each in response.artifact_ids if each > 0)
    put_into_contexts(session, ARTIFACT, list(dict.fromkeys(contexts)), used)


def _reused(session: Session, artifacts: Sequence[Any]) -> list[Any]:
    """Return artifacts with the ids of those that have their external ids."""
    wanted = [a.external_id for a in artifacts if a.external_id and not a.HasField("id")]
    statement = "SELECT external_id, id FROM Artifact WHERE external_id IN (*)"
    known: dict[str, int] = dict(reading.rows_of_texts(session, statement, wanted))
    found = []
    for artifact in artifacts:
        copy = pb.Artifact()
        copy.CopyFrom(artifact)
        if artifact.external_id in known and not artifact.HasField("id"):
            copy.id = known[artifact.external_id]
        found.append(copy)
    return found


def _event_of(pair: Any, artifact_id: int, execution_id: int) -> Any:
    """Return the event of a pair, with the ids that it goes between."""
    event = pb.Event()
    event.CopyFrom(pair.event)
    if event.HasField("execution_id") and event.execution_id != execution_id:
        raise RefusedError("Request's event.execution_id does not match with the given execution")
    event.execution_id = execution_id
    if artifact_id:
        if event.HasField("artifact_id") and event.artifact_id != artifact_id:
            raise RefusedError("Given event.artifact_id is not aligned with the artifact")
        event.artifact_id = artifact_id
    elif not event.HasField("artifact_id"):
        raise RefusedError("If no artifact is present, given event must have an artifact_id")
    return event


def _contexts(session: Session, contexts: Sequence[Any], options: Any) -> list[int]:
    """Return the ids of contexts, which are made, changed or used as they are."""
    put = Put(session, CONTEXT)
    by_id = getattr(options, "force_reuse_context", False)
    wanted = [context.id for context in contexts if context.HasField("id")]
    there = ids_there(session, CONTEXT, wanted) if by_id else set()
    found: list[int] = []
    for context in contexts:
        if by_id and context.HasField("id"):
            # It may be one that was made for this request.
            if context.id not in there and context.id not in found:
                raise RefusedError(
                    f"Context with ID {context.id} was not found in MLMD", Code.NOT_FOUND
                )
            found.append(context.id)
            continue
        for name in ("type_id", "name"):
            if not context.HasField(name):
                raise RefusedError(f"Context is missing a {name}")
        if options.reuse_context_if_already_exist and not context.HasField("id"):
            found.append(_made_or_found(put, context))
        else:
            found += put.nodes([context], WHOLE)
    return found


def _made_or_found(put: Put, context: Any) -> int:
    """Return the id of a context, which is made if it is not there."""
    statement = "SELECT id FROM Context WHERE type_id = ? AND name = ?"
    values = (context.type_id, context.name)
    rows = put.session.rows(statement, values)
    if rows:
        return int(rows[0][0])
    put.check_new(context)
    # Another client may make it at this moment.
    made = put.create_unless_there(context)
    rows = [] if made else put.session.rows(statement, values)
    if not made and not rows:
        raise RefusedError(f"external_id {context.external_id!r} is taken", Code.ALREADY_EXISTS)
    return made or int(rows[0][0])


def _put_subgraph(session: Session, request: Any, response: Any) -> None:
    for edge in request.event_edges:
        _check_edge(edge, request)
    for kind in KINDS:
        put = Put(session, kind)
        for node in getattr(request, f"{kind.word}s"):
            put.check_type(node)
    artifacts = list(request.artifacts)
    if request.options.reuse_artifact_if_already_exist_by_external_id:
        artifacts = _reused(session, artifacts)
    contexts = _contexts(session, request.contexts, request.options)
    response.context_ids.extend(contexts)
    response.artifact_ids.extend(Put(session, ARTIFACT).nodes(artifacts))
    response.execution_ids.extend(Put(session, EXECUTION).nodes(request.executions))
    places = list(dict.fromkeys(contexts))
    put_into_contexts(session, EXECUTION, places, dict.fromkeys(response.execution_ids))
    put_into_contexts(session, ARTIFACT, places, dict.fromkeys(response.artifact_ids))
    events = []
    for edge in request.event_edges:
        event = pb.Event()
        event.CopyFrom(edge.event)
        if not event.HasField("execution_id"):
            event.execution_id = response.execution_ids[edge.execution_index]
        if not event.HasField("artifact_id"):
            event.artifact_id = response.artifact_ids[edge.artifact_index]
        events.append(event)
    insert_events(session, events)


def _check_edge(edge: Any, request: Any) -> None:
    if not edge.HasField("event"):
        raise RefusedError("No event found for event_edge")
    for word, nodes in (("execution", request.executions), ("artifact", request.artifacts)):
        has_index = edge.HasField(f"{word}_index")
        has_id = edge.event.HasField(f"{word}_id")
        if not has_index:
            if not has_id:
                raise RefusedError(f"Event_edge is missing an {word}")
            continue
        index = getattr(edge, f"{word}_index")
        if not 0 <= index < len(nodes):
            raise RefusedError(
                f"The event_edge has an {word}_index {index} that is outside the bounds of the "
                f"request's {word}s list, [0, {len(nodes)})",
                Code.OUT_OF_RANGE,
            )
        if has_id and not nodes[index].HasField("id"):
            raise RefusedError(f"Missing {word} ID at {word}_index {index}")
        if has_id and nodes[index].id != getattr(edge.event, f"{word}_id"):
            raise RefusedError(f"{word.capitalize()} ID mismatch at {word}_index {index}")


PUTS: Mapping[str, Method] = {
    **{f"Put{kind.name}Type": partial(_put_type, kind=kind) for kind in KINDS},
    **{f"Put{kind.name}s": partial(_put_nodes, kind=kind) for kind in KINDS},
    "PutTypes": _put_types,
    "PutEvents": _put_events,
    "PutExecution": _put_execution,
    "PutLineageSubgraph": _put_subgraph,
    "PutAttributionsAndAssociations": _put_links,
    "PutParentContexts": _put_parents,
}
"""The methods by name."""
