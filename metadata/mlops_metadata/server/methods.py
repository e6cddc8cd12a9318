"""The methods of MLMD's service over a connection: bytes in, bytes out."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from mlops_metadata.connection import Connection
from mlops_metadata.library import DecodeError, known_methods, service
from mlops_pipeline.errors import StoreError

Answer = tuple[bytes, str, int]
"""The bytes of a response, what went wrong, and its gRPC code."""

Method = Callable[[bytes], Answer]

_INVALID, _UNIMPLEMENTED, _INTERNAL = 3, 12, 13


def methods(connection: Connection) -> dict[str, Method]:
    """Return all methods of the service, by name; missing ones are built from others."""
    found = {name: _passing_on(connection, name) for name in known_methods()}
    for direction in ("Parent", "Children"):
        name = f"Get{direction}ContextsByContexts"
        found[name] = _parsing(name, _of_each(connection, direction))
    found["GetLineageGraph"] = _parsing("GetLineageGraph", _lineage_graph(connection))
    return found


def _passing_on(connection: Connection, method: str) -> Method:
    def call(data: bytes) -> Answer:
        try:
            return connection.forward(method, data)
        except StoreError as error:
            return b"", str(error), _INTERNAL

    return call


def _parsing(method: str, answer: Callable[[Any], Answer]) -> Method:
    """Return a method that looks into its request."""

    def call(data: bytes) -> Answer:
        wanted = getattr(service, f"{method}Request")()
        try:
            wanted.ParseFromString(data)
        except DecodeError:
            return b"", f"this is no {method}Request", _INVALID
        return answer(wanted)

    return call


def _of_each(connection: Connection, direction: str) -> Callable[[Any], Answer]:
    """Return parents or children of several contexts, which the library finds for one."""
    method = f"Get{direction}ContextsByContext"
    ask = _passing_on(connection, method)

    def answer(wanted: Any) -> Answer:
        response = getattr(service, f"{method}sResponse")()
        for context_id in dict.fromkeys(wanted.context_ids):
            one = getattr(service, f"{method}Request")(context_id=context_id)
            data, text, code = ask(one.SerializeToString())
            if code:
                return b"", text, code
            found = getattr(service, f"{method}Response").FromString(data)
            if found.contexts:
                entry = response.contexts[context_id]
                repeated = (
                    entry.parent_contexts if direction == "Parent" else entry.children_contexts
                )
                repeated.extend(found.contexts)
        return response.SerializeToString(), "", 0

    return answer


def _lineage_graph(connection: Connection) -> Callable[[Any], Answer]:
    """Answer the older request for lineage by the newer one."""
    ask = _passing_on(connection, "GetLineageSubgraph")

    def answer(wanted: Any) -> Answer:
        stop = wanted.options.stop_conditions
        if stop.boundary_artifacts or stop.boundary_executions:
            reason = "GetLineageGraph with boundaries is not served: use GetLineageSubgraph"
            return b"", reason, _UNIMPLEMENTED
        newer = service.GetLineageSubgraphRequest()
        options = newer.lineage_subgraph_query_options
        options.starting_artifacts.filter_query = wanted.options.artifacts_options.filter_query
        if stop.HasField("max_num_hops"):
            options.max_num_hops = stop.max_num_hops
        newer.read_mask.paths.extend(
            ["artifacts", "executions", "contexts", "events", "attributions", "associations"]
        )
        data, text, code = ask(newer.SerializeToString())
        if code:
            return b"", text, code
        found = service.GetLineageSubgraphResponse.FromString(data)
        response = service.GetLineageGraphResponse()
        response.subgraph.CopyFrom(found.lineage_subgraph)
        return response.SerializeToString(), "", 0

    return answer
