"""The methods that read, each on one state of the database."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from functools import partial
from typing import Any

from mlops_metadata.engine import Session, reading
from mlops_metadata.service.kinds import ARTIFACT, CONTEXT, EXECUTION, KINDS, NodeKind
from mlops_metadata.service.lineage import old_graph, subgraph
from mlops_metadata.service.links import contexts_of, events_of, relatives
from mlops_metadata.service.listing import ALL, Part, list_nodes
from mlops_metadata.service.nodes import nodes_with_ids, read_nodes, types_of
from mlops_metadata.service.refused import Code, RefusedError
from mlops_metadata.service.types import (
    add_bases,
    add_properties,
    all_types,
    type_by_name,
    type_id_by_name,
    types_with_ids,
)

Method = Callable[[Session, Any, Any], None]


def _listed(session: Session, request: Any, response: Any, *, kind: NodeKind) -> None:
    _list(session, request, response, kind, ALL)


def _by_type(session: Session, request: Any, response: Any, *, kind: NodeKind) -> None:
    type_id = type_id_by_name(session, kind, request.type_name, request.type_version)
    if type_id:
        _list(session, request, response, kind, Part("", "n.type_id = ?", (type_id,)))


def _by_context(session: Session, request: Any, response: Any, *, kind: NodeKind) -> None:
    joins = f"JOIN {kind.link} l ON l.{kind.key} = n.id"
    part = Part(joins, "l.context_id = ?", (request.context_id,))
    _list(session, request, response, kind, part)


def _list(session: Session, request: Any, response: Any, kind: NodeKind, part: Part) -> None:
    target = getattr(response, f"{kind.word}s")
    if request.HasField("options"):
        nodes, token = list_nodes(session, kind, request.options, part)
        target.extend(nodes)
        if token:
            response.next_page_token = token
        return
    where = f"{part.joins} WHERE {part.where}" if part.where else ""
    target.extend(read_nodes(session, kind, where, part.values))


def _by_type_and_name(session: Session, request: Any, response: Any, *, kind: NodeKind) -> None:
    type_id = type_id_by_name(session, kind, request.type_name, request.type_version)
    name = getattr(request, f"{kind.word}_name")
    where = "WHERE n.type_id = ? AND n.name = ?"
    for node in read_nodes(session, kind, where, (type_id, name))[:1]:
        getattr(response, kind.word).CopyFrom(node)


def _by_id(session: Session, request: Any, response: Any, *, kind: NodeKind) -> None:
    nodes = nodes_with_ids(session, kind, getattr(request, f"{kind.word}_ids"))
    getattr(response, f"{kind.word}s").extend(nodes)
    if kind is ARTIFACT and request.populate_artifact_types:
        types = types_of(session, kind, [node.type_id for node in nodes])
        add_properties(session, types)
        response.artifact_types.extend(types)


def _external_ids(request: Any) -> Sequence[str]:
    wanted = list(dict.fromkeys(request.external_ids))
    if "" in wanted:
        raise RefusedError("Invalid argument because at least one empty external_id exists.")
    return wanted


def _by_external_ids(session: Session, request: Any, response: Any, *, kind: NodeKind) -> None:
    wanted = _external_ids(request)
    statement = f"SELECT id FROM {kind.name} WHERE external_id IN (*)"
    ids = [each for (each,) in reading.rows_of_texts(session, statement, wanted)]
    if wanted and not ids:
        raise RefusedError(f"No {kind.word}s found for external_ids.", Code.NOT_FOUND)
    getattr(response, f"{kind.word}s").extend(nodes_with_ids(session, kind, ids))


def _by_uri(session: Session, request: Any, response: Any) -> None:
    statement = "SELECT id FROM Artifact WHERE uri IN (*)"
    ids = [each for (each,) in reading.rows_of_texts(session, statement, request.uris)]
    response.artifacts.extend(nodes_with_ids(session, ARTIFACT, ids))


def _events(session: Session, request: Any, response: Any, *, kind: NodeKind) -> None:
    ids = getattr(request, f"{kind.word}_ids")
    response.events.extend(events_of(session, kind.key, ids))


def _contexts_of(session: Session, request: Any, response: Any, *, kind: NodeKind) -> None:
    node_id = getattr(request, kind.key)
    found = contexts_of(session, kind, node_id)
    if not found:
        raise RefusedError(f"No contexts found for {kind.key}: {node_id}", Code.NOT_FOUND)
    response.contexts.extend(found)


def _relatives(session: Session, request: Any, response: Any, *, upwards: bool) -> None:
    pairs = relatives(session, [request.context_id], upwards=upwards)
    response.contexts.extend(nodes_with_ids(session, CONTEXT, [each for _, each in pairs]))


def _relatives_of_each(session: Session, request: Any, response: Any, *, upwards: bool) -> None:
    if not request.context_ids:
        raise RefusedError("Given context_ids is empty.")
    pairs = relatives(session, request.context_ids, upwards=upwards)
    nodes = nodes_with_ids(session, CONTEXT, [each for _, each in pairs])
    known = {node.id: node for node in nodes}
    name = "parent_contexts" if upwards else "children_contexts"
    for context_id, each in pairs:
        if each in known:
            getattr(response.contexts[context_id], name).append(known[each])


def _type(session: Session, request: Any, response: Any, *, kind: NodeKind) -> None:
    found = type_by_name(session, kind, request.type_name, request.type_version)
    if found is None:
        raise RefusedError(
            f"No type found for query, name: `{request.type_name}`, version: "
            f"`{request.type_version or 'nullopt'}`",
            Code.NOT_FOUND,
        )
    add_bases(session, kind, [found])
    getattr(response, f"{kind.word}_type").CopyFrom(found)


def _types(session: Session, request: Any, response: Any, *, kind: NodeKind) -> None:
    found = all_types(session, kind)
    add_bases(session, kind, found)
    getattr(response, f"{kind.word}_types").extend(found)


def _types_by_id(session: Session, request: Any, response: Any, *, kind: NodeKind) -> None:
    found = types_with_ids(session, kind, request.type_ids)
    add_bases(session, kind, found)
    getattr(response, f"{kind.word}_types").extend(found)


def _types_by_external_ids(
    session: Session, request: Any, response: Any, *, kind: NodeKind
) -> None:
    wanted = _external_ids(request)
    statement = "SELECT id FROM Type WHERE external_id IN (*)"
    ids = [each for (each,) in reading.rows_of_texts(session, statement, wanted)]
    found = types_with_ids(session, kind, sorted(ids))
    if wanted and not found:
        raise RefusedError("No types found for external_ids.", Code.NOT_FOUND)
    for each in found:
        for name in ("input_type", "output_type") if kind is EXECUTION else ():
            each.ClearField(name)
        getattr(response, f"{kind.word}_types").append(each)


def _lineage(session: Session, request: Any, response: Any) -> None:
    options, paths = request.lineage_subgraph_query_options, request.read_mask.paths
    response.lineage_subgraph.SetInParent()
    subgraph(session, options, paths, response.lineage_subgraph)


def _old_lineage(session: Session, request: Any, response: Any) -> None:
    old_graph(session, request.options, response.subgraph)


def _of_kind(kind: NodeKind) -> dict[str, Method]:
    name = kind.name
    found: dict[str, Callable[..., None]] = {
        f"Get{name}s": _listed,
        f"Get{name}sByType": _by_type,
        f"Get{name}ByTypeAndName": _by_type_and_name,
        f"Get{name}sByID": _by_id,
        f"Get{name}sByExternalIds": _by_external_ids,
        f"Get{name}Type": _type,
        f"Get{name}Types": _types,
        f"Get{name}TypesByID": _types_by_id,
        f"Get{name}TypesByExternalIds": _types_by_external_ids,
    }
    if kind is not CONTEXT:
        found[f"Get{name}sByContext"] = _by_context
        found[f"GetContextsBy{name}"] = _contexts_of
        found[f"GetEventsBy{name}IDs"] = _events
    return {method: partial(function, kind=kind) for method, function in found.items()}


GETS: Mapping[str, Method] = {
    **{method: function for kind in KINDS for method, function in _of_kind(kind).items()},
    "GetArtifactsByURI": _by_uri,
    "GetParentContextsByContext": partial(_relatives, upwards=True),
    "GetChildrenContextsByContext": partial(_relatives, upwards=False),
    "GetParentContextsByContexts": partial(_relatives_of_each, upwards=True),
    "GetChildrenContextsByContexts": partial(_relatives_of_each, upwards=False),
    "GetLineageGraph": _old_lineage,
    "GetLineageSubgraph": _lineage,
}
"""The methods by name."""
