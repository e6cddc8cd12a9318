"""The only module that imports `ml_metadata`: its messages, and calls into its C++ library.

Requests go straight to the compiled library, in the bytes that it takes. The Python client of
MLMD would sleep for seconds where another process holds the database for milliseconds, and adds
options to requests that make listings quadratic.
"""

from __future__ import annotations

import contextlib
import importlib.util
import logging
import random
import sys
import time
from collections.abc import Iterator
from pathlib import Path
from types import ModuleType
from typing import Any

from mlops_metadata.engine.turns import settle
from mlops_metadata.refusals import CAUSES, holder, short, store_error
from mlops_pipeline.errors import StoreError
from mlops_pipeline.store import AlreadyExistsError

_PACKAGES = (
    "ml_metadata",
    "ml_metadata.proto",
    "ml_metadata.metadata_store",
    "ml_metadata.metadata_store.pywrap",
)


@contextlib.contextmanager
def _bare_packages() -> Iterator[None]:
    """Let modules of `ml_metadata` be imported without what its packages import themselves.

    That is the client, and with it grpc: most of the time, and nothing that is used here. Who
    imports `ml_metadata` later gets all of it, with the modules that are loaded here.
    """
    found = importlib.util.find_spec("ml_metadata")
    if found is None or not found.submodule_search_locations or "ml_metadata" in sys.modules:
        yield
        return
    top = Path(found.submodule_search_locations[0])
    for name in _PACKAGES:
        package = ModuleType(name)
        package.__path__ = [str(top.joinpath(*name.split(".")[1:]))]
        sys.modules[name] = package
    try:
        yield
    finally:
        for name in _PACKAGES:
            del sys.modules[name]


try:
    from google.protobuf.message import DecodeError

    with _bare_packages():
        from ml_metadata.metadata_store.pywrap.metadata_store_extension import (
            metadata_store as _compiled,
        )
        from ml_metadata.proto import metadata_store_pb2 as pb
        from ml_metadata.proto import metadata_store_service_pb2 as service
except ModuleNotFoundError:
    raise
except ImportError as error:
    raise StoreError(
        f"the package ml-metadata does not load: {error}",
        hint="install the version that the constraint files name for this system",
    ) from error

__all__ = [
    "SERVICE",
    "UNDONE",
    "DecodeError",
    "Library",
    "known_methods",
    "pb",
    "request",
    "respond",
    "service",
]

log = logging.getLogger(__name__)

_NOT_FOUND, _ALREADY_EXISTS, _ABORTED = 5, 6, 10
_PATIENCE = 60.0
"""Seconds that a call goes on trying while a program without our lock holds the database."""

_LOST = ("Lost connection", "gone away", "connect to MySQL", "mysql_real_connect")
"""Signs that a database server has ended the connection; MLMD makes a new one at the next call."""

UNDONE = ("try restarting transaction",)
"""Signs that MariaDB or MySQL has undone a write for the sake of another one: a deadlock, or, in
MariaDB from 11.6 on (`innodb_snapshot_isolation`), a change between its reading and writing. MLMD
tells the first by the code of gRPC only where a statement without results meets it."""

_IDLE = 1.0
"""Seconds without a call after which a connection may have been ended."""


def request(method: str) -> Any:
    """Return an empty request for a method of the MLMD service."""
    return getattr(service, method + "Request")()


class Library:
    """An open database of the MLMD library.

    Args:
        config: a `ConnectionConfig`.
        name: what to call the store in errors.
        upgrade: bring the schema of an older MLMD up to date.
    """

    def __init__(self, config: Any, name: str, *, upgrade: bool = False) -> None:
        self._name = name
        options = pb.MigrationOptions(enable_upgrade_migration=upgrade).SerializeToString()
        try:
            self._handle: Any = _compiled.CreateMetadataStore(config.SerializeToString(), options)
        except RuntimeError as error:
            raise store_error(f"cannot open the metadata store {name}", str(error)) from error
        self._may_be_lost = config.HasField("mysql")
        self._used = time.monotonic()

    def call(self, method: str, message: Any) -> Any:
        """Send a request; where another program is in the way, try again soon.

        Raises:
            AlreadyExistsError: a unique name is taken.
            StoreError: the store is closed, or refuses the request.
        """
        answer, reason, code = self.send(method, message.SerializeToString())
        if code == 0:
            return getattr(service, method + "Response").FromString(answer)
        if code == _ABORTED:
            cause, hint = CAUSES["locked"]
            by = holder(Path(self._name))
            raise StoreError(
                f"the metadata store {self._name} refuses {method}: {cause} for "
                f"more than {_PATIENCE:g} s{by and f': {by}'}",
                hint=hint,
            )
        return respond(self._name, method, answer, reason, code)

    def send(self, method: str, data: bytes) -> tuple[bytes, str, int]:
        """Send the bytes of a request: those of the answer, what went wrong, and its gRPC code."""
        if self._handle is None:
            raise StoreError(f"the metadata store {self._name} is closed", hint="open it again")
        reads = method.startswith("Get")
        if self._may_be_lost and not reads and time.monotonic() > self._used + _IDLE:
            # A write is not repeated when the connection is lost under it, so one is made before.
            self.send("GetContextsByID", b"")
        function = getattr(_compiled, method)
        deadline = time.monotonic() + _PATIENCE
        while True:
            answer, message, code = function(self._handle, data)
            self._used = time.monotonic()
            text = message.decode("utf-8", "replace")
            if not (code == _ABORTED or self._is_passing(text, reads)) or self._used > deadline:
                return answer, text, code
            log.debug("%s: %s is tried again: %s", self._name, method, short(text))
            time.sleep(random.uniform(0.005, 0.05))

    def _is_passing(self, text: str, reads: bool) -> bool:
        """Tell whether a database server may answer if the request is sent once more."""
        signs = (*UNDONE, *(_LOST if reads else ()))
        return self._may_be_lost and any(sign in text for sign in signs)

    def close(self) -> None:
        """Close the database."""
        # The library closes the file when the last reference goes.
        self._handle = None
        settle()


def respond(name: str, method: str, answer: bytes, reason: str, code: int) -> Any:
    """Return the answer to a request, as a message.

    Args:
        name: what to call the store in errors.
        code: of gRPC; 0 if all went well.

    Raises:
        AlreadyExistsError: a unique name is taken.
        StoreError: the request was refused.
    """
    response = getattr(service, method + "Response")()
    if code == 0:
        response.ParseFromString(answer)
        return response
    if code == _NOT_FOUND and method.startswith("Get"):
        # Some listings answer so when there is nothing to list, some with nothing.
        return response
    if code == _ALREADY_EXISTS:
        raise AlreadyExistsError(f"{name}: {short(reason)}")
    raise store_error(f"the metadata store {name} refuses {method}", reason)


def known_methods() -> frozenset[str]:
    """Return the methods of the service that the compiled library has."""
    names = (method.name for method in service.DESCRIPTOR.services_by_name[SERVICE].methods)
    return frozenset(name for name in names if hasattr(_compiled, name))


SERVICE = "MetadataStoreService"
