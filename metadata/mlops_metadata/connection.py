"""An open database with the lock that its writes need."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any, NoReturn, Protocol

from mlops_metadata.locks import WriteLock
from mlops_pipeline.errors import StoreError


class Requests(Protocol):
    """A receiver of requests: a database of the MLMD library, or a server."""

    def call(self, method: str, message: Any) -> Any:
        """Send a request; the answer."""

    def send(self, method: str, data: bytes) -> tuple[bytes, str, int]:
        """Send the bytes of a request: those of the answer, what went wrong, and its gRPC code."""

    def close(self) -> None:
        """Let go of it."""


class Connection:
    """The parts of a back end that `MlmdStore` needs; others than SQLite bring their own lock.

    Args:
        library: where requests go.
        lock: held around writes.
        name: what to call the store in errors.
        read_only: refuse writes.
    """

    def __init__(
        self,
        library: Requests,
        lock: WriteLock,
        name: str,
        *,
        read_only: bool = False,
    ) -> None:
        self.lock = lock
        self.name = name
        self._library = library
        self._read_only = read_only
        self.on_release: Callable[[], None] = self.shut
        self._refusal = ""

    def read(self, method: str, message: Any) -> Any:
        """Send a request that changes nothing."""
        if self._refusal:
            self._refuse()
        return self._library.call(method, message)

    def write(self, method: str, message: Any) -> Any:
        """Send a request that changes something, under the lock."""
        if self._refusal:
            self._refuse()
        if self._read_only:
            raise StoreError(
                f"the metadata store {self.name} is open for reading only",
                hint="open it without ?mode=ro",
            )
        with self.lock:
            return self._library.call(method, message)

    def forward(self, method: str, data: bytes) -> tuple[bytes, str, int]:
        """Send the bytes of a request as they are, those that change something under the lock."""
        if self._refusal:
            self._refuse()
        if method.startswith("Get"):
            return self._library.send(method, data)
        with self.lock:
            return self._library.send(method, data)

    def _refuse(self) -> NoReturn:
        raise StoreError(
            f"the metadata store {self.name} {self._refusal}",
            hint="open it in the process that uses it",
        )

    def refuse(self, reason: str) -> None:
        """Refuse everything from now on."""
        self._refusal = reason

    def release(self) -> None:
        """Say that a store does not need this connection any more."""
        self.on_release()

    def shut(self) -> None:
        """Close the database."""
        self._library.close()
        self.lock.close()
