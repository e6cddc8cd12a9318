"""Stores behind a server of MLMD's service: `grpc://host:port`."""

from __future__ import annotations

import os
import random
import time
from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any

from mlops_metadata.connection import Connection, ThreadLock
from mlops_metadata.messages import SERVICE, respond, service
from mlops_metadata.mlmd import MlmdStore
from mlops_metadata.server_urls import split_url
from mlops_pipeline.errors import StoreError

if TYPE_CHECKING:
    import grpc

TOKEN = "MLOPS_METADATA_TOKEN"
"""Environment variable: what a server asks its clients for."""

PATIENCE = 60.0
"""Seconds that a request waits for a server that is not there, or busy."""

UNLIMITED: Sequence[tuple[str, int]] = (
    # Listings and documents are larger than gRPC's four megabytes.
    ("grpc.max_receive_message_length", -1),
    ("grpc.max_send_message_length", -1),
)

_CANCELLED, _EXHAUSTED, _ABORTED, _UNAVAILABLE = 1, 8, 10, 14
_REFUSED = "error code 7"
"""What gRPC says of a request that a server has not looked at."""


def open_grpc(url: str) -> MlmdStore:
    """Open the store that a server of MLMD's gRPC service keeps.

    Args:
        url: `grpc://host:port`; `?tls=on` for TLS, `&ca=FILE` with the certificates to trust,
            `&cert=FILE&key=FILE` with the client's own. A token is taken from
            `$MLOPS_METADATA_TOKEN`.

    Raises:
        StoreError: the URL is wrong, or the server cannot be reached.
    """
    target = split_url(url, "grpc://host:port", ("tls", "ca", "cert", "key"))
    if not target.port:
        raise StoreError(f"{url} names no port", hint="write grpc://host:8080")
    server = Server(f"{target.host}:{target.port}", target.options)
    try:
        server.ready()
    except BaseException:
        server.close()
        raise
    name = f"grpc://{target.host}:{target.port}"
    return MlmdStore(Connection(server, ThreadLock(), name, any_text=False))


class Server:
    """A server of MLMD's gRPC service, ours or anybody's: it takes requests as a database does.

    Args:
        address: `host:port`.
        options: `tls`, `ca`, `cert` and `key` of the URL.
    """

    def __init__(self, address: str, options: dict[str, str]) -> None:
        import grpc

        self._name = f"grpc://{address}"
        token = os.environ.get(TOKEN, "")
        self._metadata = [("authorization", f"Bearer {token}")] if token else []
        if options.get("tls", "off") not in ("on", "1", "true"):
            self._channel: Any = grpc.insecure_channel(address, options=UNLIMITED)
        else:
            files = {n: _read(options[n], n) for n in ("ca", "key", "cert") if n in options}
            credentials = grpc.ssl_channel_credentials(
                files.get("ca"), files.get("key"), files.get("cert")
            )
            self._channel = grpc.secure_channel(address, credentials, options=UNLIMITED)
        self._path = f"/{service.DESCRIPTOR.package}.{SERVICE}/"
        self._calls: dict[str, grpc.UnaryUnaryMultiCallable[bytes, bytes]] = {}

    def ready(self) -> None:
        """Make sure that there is a server.

        Raises:
            StoreError: nobody answers, or our token is refused.
        """
        import grpc

        try:
            grpc.channel_ready_future(self._channel).result(timeout=10)
        except grpc.FutureTimeoutError:
            raise StoreError(
                f"no metadata server answers at {self._name}",
                hint="check host and port, and ?tls=on; start one with `mlops metadata serve`",
            ) from None
        self.call("GetArtifactTypes", service.GetArtifactTypesRequest())

    def call(self, method: str, message: Any) -> Any:
        """Send a request.

        Raises:
            AlreadyExistsError: a unique name is taken.
            StoreError: the server cannot be reached, or refuses.
        """
        return respond(self._name, method, *self.send(method, message.SerializeToString()))

    def send(self, method: str, data: bytes) -> tuple[bytes, str, int]:
        """Send the bytes of a request; where the server is busy or gone, try again for a while."""
        import grpc

        if method not in self._calls:
            self._calls[method] = self._channel.unary_unary(self._path + method)
        deadline = time.monotonic() + PATIENCE
        while True:
            try:
                left = max(deadline - time.monotonic(), 1.0)
                # It waits for a server that is being restarted, before the request is sent.
                answer: bytes = self._calls[method](
                    data, metadata=self._metadata, timeout=left, wait_for_ready=True
                )
                return answer, "", 0
            except grpc.RpcError as error:
                code, text = _code_and_text(error)
            if not _is_harmless(code, text, method) or time.monotonic() > deadline:
                return b"", text, code
            # A server that is busy is not asked again at once, and not by all at the same time.
            time.sleep(random.uniform(0.01, 0.1 if code == _ABORTED else 0.5))

    def close(self) -> None:
        """Close the connection."""
        self._channel.close()


def _is_harmless(code: int, text: str, method: str) -> bool:
    """Return True if nothing came of a request, or if it changes nothing: it may be repeated."""
    if code in (_ABORTED, _CANCELLED):
        # Servers with too many requests at once reset those that nobody has taken.
        return True
    if code == _EXHAUSTED:
        return "larger" not in text
    return code == _UNAVAILABLE and (method.startswith("Get") or _REFUSED in text)


def _code_and_text(error: Any) -> tuple[int, str]:
    code, text = int(error.code().value[0]), str(error.details() or "")
    causes = {
        4: text if "more than" in text else f"it did not answer within {PATIENCE:g} s",
        8: f"the request is larger than it takes: {text}" if "larger" in text else text,
        14: f"it cannot be reached: {text}",
        16: f"it wants a token: set ${TOKEN}",
    }
    return code, causes.get(code, text)


def _read(file: str, option: str) -> bytes:
    try:
        return Path(file).read_bytes()
    except OSError as error:
        raise StoreError(
            f"cannot read {file}: {error.strerror}", hint=f"check &{option}="
        ) from None
