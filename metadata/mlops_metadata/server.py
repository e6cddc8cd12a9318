"""`mlops metadata serve`: MLMD's gRPC service over a store on this machine or a database server.

Requests pass through as bytes, one at a time and in the order in which they come: MLMD holds
Python's lock during each call, so more threads would only let one client starve another.
"""

from __future__ import annotations

import hmac
import ipaddress
import os
from collections.abc import Callable, Iterable
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from mlops_metadata.connection import Connection
from mlops_metadata.library import SERVICE, known_methods, service
from mlops_metadata.remote import TOKEN, UNLIMITED
from mlops_pipeline.errors import SettingsError, StoreError
from mlops_pipeline.stores import open_store

_LONGEST = 2000
"""Bytes of an error: MLMD repeats whole records in it, and gRPC fails on more than 8,000."""


@dataclass(frozen=True)
class ServerOptions:
    """How a server is reached.

    Args:
        host: address to listen on; others than this machine's own need a token.
        port: 0 for any that is free.
        certificate, key: files for TLS, in PEM form; both or none.
        token: what clients have to give; `$MLOPS_METADATA_TOKEN` for the command.
    """

    host: str = "127.0.0.1"
    port: int = 8080
    certificate: str = ""
    key: str = ""
    token: str = ""

    def check(self) -> None:
        """Refuse what would be open to anybody.

        Raises:
            SettingsError: the address is not this machine's own and there is no token, or half of
                a key pair is missing.
        """
        if bool(self.certificate) != bool(self.key):
            raise SettingsError(
                "TLS needs a certificate and its key", hint="give --tls-cert and --tls-key"
            )
        if not _is_loopback(self.host) and not self.token:
            raise SettingsError(
                f"listening on {self.host} lets everyone on the network change the store",
                hint=f"set ${TOKEN} here and for the clients, and use TLS",
            )


class MetadataServer:
    """A server that runs until `stop`; the store is opened at the start and closed at the end.

    Raises:
        StoreError: the store cannot be opened or served.
        SettingsError: the options are refused, or the port is taken.
    """

    def __init__(self, store_url: str, options: ServerOptions) -> None:
        import grpc

        options.check()
        self._store: Any = open_store(store_url)
        connection = getattr(self._store, "connection", None)
        if connection is None:
            self._store.close()
            raise StoreError(f"{store_url} is no store of ML Metadata", hint="name another store")
        self._server = grpc.server(
            ThreadPoolExecutor(1, "metadata"),
            handlers=[_handlers(connection)],
            interceptors=[_Token(options.token)] if options.token else [],
            options=[*UNLIMITED, ("grpc.so_reuseport", 0)],
        )
        address = f"[{options.host}]" if ":" in options.host else options.host
        try:
            self.port = self._listen(f"{address}:{options.port}", options)
        except SettingsError:
            self._store.close()
            raise
        except RuntimeError as error:
            self._store.close()
            raise SettingsError(
                f"cannot listen on {options.host}:{options.port}: {error}",
                hint="choose another --port",
            ) from None
        scheme_options = "?tls=on" if options.certificate else ""
        self.url = f"grpc://{address}:{self.port}{scheme_options}"
        self._server.start()

    def _listen(self, address: str, options: ServerOptions) -> int:
        import grpc

        if not options.certificate:
            return int(self._server.add_insecure_port(address))
        try:
            pair = (Path(options.key).read_bytes(), Path(options.certificate).read_bytes())
        except OSError as error:
            raise SettingsError(f"cannot read {error.filename}: {error.strerror}") from None
        return int(self._server.add_secure_port(address, grpc.ssl_server_credentials([pair])))

    def wait(self) -> None:
        """Wait until somebody stops the server."""
        self._server.wait_for_termination()

    def stop(self) -> None:
        """Let the requests that run end, and close the store."""
        self._server.stop(5).wait()
        self._store.close()


def _handlers(connection: Connection) -> Any:
    """Every method of the service, by name."""
    import grpc

    methods: dict[str, Callable[[bytes, Any], bytes]] = {
        name: _passing_on(connection, name) for name in known_methods()
    }
    for direction in ("Parent", "Children"):
        methods[f"Get{direction}ContextsByContexts"] = _of_each(connection, direction)
    methods["GetLineageGraph"] = _lineage_graph(connection)
    return grpc.method_handlers_generic_handler(
        f"{service.DESCRIPTOR.package}.{SERVICE}",
        {name: grpc.unary_unary_rpc_method_handler(call) for name, call in methods.items()},
    )


def _passing_on(connection: Connection, method: str) -> Callable[[bytes, Any], bytes]:
    def call(data: bytes, context: Any) -> bytes:
        return _ask(connection, method, data, context)

    return call


def _ask(connection: Connection, method: str, data: bytes, context: Any) -> bytes:
    import grpc

    try:
        answer, text, code = connection.forward(method, data)
    except StoreError as error:
        answer, text, code = b"", str(error), grpc.StatusCode.INTERNAL.value[0]
    if code:
        status = next(each for each in grpc.StatusCode if each.value[0] == code)
        context.abort(status, text.encode()[:_LONGEST].decode(errors="ignore"))
    return answer


def _of_each(connection: Connection, direction: str) -> Callable[[bytes, Any], bytes]:
    """Parents or children of many contexts, which the library tells of one at a time."""
    method = f"Get{direction}ContextsByContext"

    def call(data: bytes, context: Any) -> bytes:
        wanted = getattr(service, f"{method}sRequest").FromString(data)
        response = getattr(service, f"{method}sResponse")()
        for context_id in _distinct(wanted.context_ids):
            one = getattr(service, f"{method}Request")(context_id=context_id)
            answer = _ask(connection, method, one.SerializeToString(), context)
            found = getattr(service, f"{method}Response").FromString(answer)
            if found.contexts:
                entry = response.contexts[context_id]
                repeated = (
                    entry.parent_contexts if direction == "Parent" else entry.children_contexts
                )
                repeated.extend(found.contexts)
        return bytes(response.SerializeToString())

    return call


def _distinct(ids: Iterable[int]) -> list[int]:
    return list(dict.fromkeys(ids))


def _lineage_graph(connection: Connection) -> Callable[[bytes, Any], bytes]:
    """The older question about lineage, asked as the newer one."""

    def call(data: bytes, context: Any) -> bytes:
        import grpc

        wanted = service.GetLineageGraphRequest.FromString(data).options
        stop = wanted.stop_conditions
        if stop.boundary_artifacts or stop.boundary_executions:
            context.abort(
                grpc.StatusCode.UNIMPLEMENTED,
                "GetLineageGraph with boundaries is not served: use GetLineageSubgraph",
            )
        newer = service.GetLineageSubgraphRequest()
        options = newer.lineage_subgraph_query_options
        options.starting_artifacts.filter_query = wanted.artifacts_options.filter_query
        if stop.HasField("max_num_hops"):
            options.max_num_hops = stop.max_num_hops
        newer.read_mask.paths.extend(
            ["artifacts", "executions", "contexts", "events", "attributions", "associations"]
        )
        answer = _ask(connection, "GetLineageSubgraph", newer.SerializeToString(), context)
        found = service.GetLineageSubgraphResponse.FromString(answer)
        response = service.GetLineageGraphResponse()
        response.subgraph.CopyFrom(found.lineage_subgraph)
        return bytes(response.SerializeToString())

    return call


class _Token:
    """Refuses requests without the token."""

    def __init__(self, token: str) -> None:
        import grpc

        self._expected = f"Bearer {token}".encode()

        def refuse(data: bytes, context: Any) -> None:
            context.abort(grpc.StatusCode.UNAUTHENTICATED, "the token is missing or wrong")

        self._refusal = grpc.unary_unary_rpc_method_handler(refuse)

    def intercept_service(self, proceed: Callable[[Any], Any], details: Any) -> Any:
        """Let a request through, or answer it with a refusal."""
        given = dict(details.invocation_metadata).get("authorization", "")
        given = given if isinstance(given, bytes) else str(given).encode()
        return proceed(details) if hmac.compare_digest(given, self._expected) else self._refusal


def serve(store_url: str, **options: Any) -> MetadataServer:
    """Start a server; the token is taken from `$MLOPS_METADATA_TOKEN`."""
    return MetadataServer(store_url, ServerOptions(token=os.environ.get(TOKEN, ""), **options))


def _is_loopback(host: str) -> bool:
    if host == "localhost":
        return True
    try:
        return ipaddress.ip_address(host).is_loopback
    except ValueError:
        return False
