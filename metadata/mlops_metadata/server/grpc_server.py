"""`mlops metadata serve`: MLMD's gRPC service over a store on this machine or a database server.

Requests are answered one at a time, each client in its turn (see `fair_queue`).
"""

from __future__ import annotations

import asyncio
import hmac
import ipaddress
import os
import threading
from collections.abc import AsyncIterator, Awaitable, Callable, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from mlops_metadata.by_server import TOKEN
from mlops_metadata.engine import Database, SqlStore
from mlops_metadata.messages import SERVICE, service
from mlops_metadata.server.fair_queue import BusyError, Turns
from mlops_metadata.service import Code, Method, methods
from mlops_pipeline.errors import SettingsError, StoreError
from mlops_pipeline.store import open_store
from mlops_pipeline.uris import without_password

_LONGEST = 2000
"""Bytes of an error; gRPC fails on more than 8,000."""

_LARGEST = 64 * 2**20
"""Bytes of a request; answers may be larger."""

_BODY_SECONDS = 60.0
"""Seconds in which the whole of a request has to come."""

_MOST_BYTES = 256 * 2**20
"""Bytes of the requests that wait for their turn."""

_LIMITS: Sequence[tuple[str, int]] = (
    ("grpc.max_receive_message_length", _LARGEST),
    ("grpc.max_send_message_length", -1),
    ("grpc.so_reuseport", 0),
    # Whoever connects has to say something, to be there, and now and then to ask something.
    ("grpc.server_handshake_timeout_ms", 20_000),
    ("grpc.keepalive_time_ms", 60_000),
    ("grpc.keepalive_timeout_ms", 20_000),
    ("grpc.max_connection_idle_ms", 600_000),
    ("grpc.max_connection_age_ms", 3_600_000),
    ("grpc.max_connection_age_grace_ms", 600_000),
    # Requests of one connection; what is beyond waits at the client.
    ("grpc.max_concurrent_streams", 100),
    # Otherwise gRPC resets requests without a word, before the queue can refuse them.
    ("grpc.server.max_pending_requests", 100_000),
    ("grpc.server.max_pending_requests_hard_limit", 100_000),
)


@dataclass(frozen=True)
class ServerOptions:
    """Address and access of a server.

    Args:
        host: address to listen on; others than this machine's own need a token.
        port: 0 for any that is free.
        certificate, key: files for TLS, in PEM form; both or none.
        client_ca: file with the certificates that those of clients have to be signed by.
        token: what clients have to give; `$MLOPS_METADATA_TOKEN` for the command.
        unauthenticated: let in clients that show nothing, on every address.
        seconds: most that the database may take for a request.
        most_waiting: requests that wait for their turn; more are refused.
    """

    host: str = "127.0.0.1"
    port: int = 8080
    certificate: str = ""
    key: str = ""
    client_ca: str = ""
    token: str = ""
    unauthenticated: bool = False
    seconds: float = 30.0
    most_waiting: int = 1000

    def check(self) -> None:
        """Refuse what would be open to anybody.

        Raises:
            SettingsError: the address is not this machine's own and clients have to show nothing,
                without a word that they need not; half of a key pair is missing.
        """
        if bool(self.certificate) != bool(self.key):
            raise SettingsError(
                "TLS needs a certificate and its key", hint="give --tls-cert and --tls-key"
            )
        if self.client_ca and not self.certificate:
            raise SettingsError(
                "clients show certificates over TLS only", hint="give --tls-cert and --tls-key"
            )
        asked = f"${TOKEN} is set" if self.token else "--tls-client-ca" if self.client_ca else ""
        if self.unauthenticated and asked:
            raise SettingsError(
                f"--allow-unauthenticated asks nothing of clients, but {asked}",
                hint="leave one of them out",
            )
        if not (_is_loopback(self.host) or asked or self.unauthenticated):
            raise SettingsError(
                f"listening on {self.host} lets everyone on the network change the store",
                hint=f"set ${TOKEN} here and for the clients and use TLS, or give --tls-client-ca; "
                "for clients that know neither, --allow-unauthenticated",
            )


class MetadataServer:
    """A server that runs until `stop`; the store is opened at the start and closed at the end.

    Raises:
        StoreError: the store cannot be opened or served.
        SettingsError: the options are refused, or the port is taken.
    """

    def __init__(self, store_url: str, options: ServerOptions) -> None:
        options.check()
        self._store = _open(store_url)
        self._stopped = threading.Event()
        self._turns = Turns(options.most_waiting, _MOST_BYTES)
        self._loop = asyncio.new_event_loop()
        self._thread = threading.Thread(target=self._loop.run_forever, name="metadata server")
        self._thread.start()
        address = f"[{options.host}]" if ":" in options.host else options.host
        started = self._start(self._store.database, f"{address}:{options.port}", options)
        try:
            self.port = asyncio.run_coroutine_threadsafe(started, self._loop).result()
        except BaseException as error:
            self._close()
            if isinstance(error, RuntimeError):
                raise SettingsError(
                    f"cannot listen on {options.host}:{options.port}: {error}",
                    hint="choose another --port",
                ) from None
            raise
        scheme_options = "?tls=on" if options.certificate else ""
        self.url = f"grpc://{address}:{self.port}{scheme_options}"

    async def _start(self, database: Database, address: str, options: ServerOptions) -> int:
        import grpc.aio

        # Asynchronous: a client that stops in the middle of a request keeps no thread waiting.
        self._server = grpc.aio.server(
            interceptors=[_token(options.token)] if options.token else [],
            options=_LIMITS,
        )
        handlers = {
            # As a stream, of which nothing is read before there is somebody to answer it.
            name: grpc.stream_unary_rpc_method_handler(_handler(method, self._turns))
            for name, method in methods(database, options.seconds).items()
        }
        path = f"{service.DESCRIPTOR.package}.{SERVICE}"
        self._server.add_generic_rpc_handlers(
            (grpc.method_handlers_generic_handler(path, handlers),)
        )
        port = self._listen(address, options)
        await self._server.start()
        return port

    def _listen(self, address: str, options: ServerOptions) -> int:
        import grpc

        if not options.certificate:
            return int(self._server.add_insecure_port(address))
        try:
            pair = (Path(options.key).read_bytes(), Path(options.certificate).read_bytes())
            roots = Path(options.client_ca).read_bytes() if options.client_ca else None
        except OSError as error:
            raise SettingsError(f"cannot read {error.filename}: {error.strerror}") from None
        credentials = grpc.ssl_server_credentials([pair], roots, bool(roots))
        return int(self._server.add_secure_port(address, credentials))

    def wait(self) -> None:
        """Wait until somebody stops the server."""
        # Not for the thread: after Ctrl-C in `join`, Python takes it for ended.
        self._stopped.wait()

    def stop(self) -> None:
        """Let the requests that run end, and close the store."""
        asyncio.run_coroutine_threadsafe(self._end(), self._loop).result()
        self._close()

    async def _end(self) -> None:
        await self._server.stop(5)
        # Requests that never come to their end are still being read.
        left = asyncio.all_tasks() - {asyncio.current_task()}
        for each in left:
            each.cancel()
        if left:
            await asyncio.wait(left, timeout=5)

    def _close(self) -> None:
        self._turns.close()
        self._loop.call_soon_threadsafe(self._loop.stop)
        self._thread.join()
        self._loop.close()
        self._store.close()
        self._stopped.set()


def _handler(method: Method, turns: Turns) -> Callable[[Any, Any], Awaitable[bytes]]:
    import grpc

    codes = {code.value[0]: code for code in grpc.StatusCode}

    async def handle(messages: AsyncIterator[bytes], context: Any) -> bytes:
        try:
            data = await asyncio.wait_for(_first(messages), _BODY_SECONDS)
        except asyncio.TimeoutError:
            late = f"the request has not come within {_BODY_SECONDS:g} s"
            await context.abort(grpc.StatusCode.DEADLINE_EXCEEDED, late)
        try:
            answer = await turns.run(context.peer(), lambda: method(data), len(data))
        except BusyError as error:
            await context.abort(grpc.StatusCode.RESOURCE_EXHAUSTED, str(error))
        if answer.code is not Code.OK:
            short = answer.problem.encode(errors="replace")[:_LONGEST].decode(errors="ignore")
            await context.abort(codes[answer.code], short)
        return answer.data

    return handle


async def _first(messages: AsyncIterator[bytes]) -> bytes:
    async for data in messages:
        return data
    return b""


def _token(token: str) -> Any:
    """Refuse requests without the token."""
    import grpc
    import grpc.aio

    expected = f"Bearer {token}".encode()

    async def refuse(messages: Any, context: Any) -> None:
        # Nothing of the request is read.
        await context.abort(grpc.StatusCode.UNAUTHENTICATED, "the token is missing or wrong")

    refusal = grpc.stream_unary_rpc_method_handler(refuse)

    class Token(grpc.aio.ServerInterceptor):  # type: ignore[misc]
        async def intercept_service(self, proceed: Any, details: Any) -> Any:
            given = dict(details.invocation_metadata).get("authorization", "")
            given = given if isinstance(given, bytes) else str(given).encode()
            return await proceed(details) if hmac.compare_digest(given, expected) else refusal

    return Token()


def serve(store_url: str, **options: Any) -> MetadataServer:
    """Start a server; the token is taken from `$MLOPS_METADATA_TOKEN`."""
    return MetadataServer(store_url, ServerOptions(token=os.environ.get(TOKEN, ""), **options))


def _open(url: str) -> SqlStore:
    """Open a store whose tables can be reached from here.

    Raises:
        StoreError: it has none.
    """
    store = open_store(url)
    if isinstance(store, SqlStore):
        return store
    close = getattr(store, "close", None)
    if close is not None:
        close()
    raise StoreError(
        f"{without_password(url)} cannot be served from here",
        hint="serve a file, postgresql:// or mysql://; clients open other stores by their own URLs",
    )


def _is_loopback(host: str) -> bool:
    if host == "localhost":
        return True
    try:
        return ipaddress.ip_address(host).is_loopback
    except ValueError:
        return False
