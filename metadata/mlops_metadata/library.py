"""The only module that imports the C++ library of `ml_metadata`, and calls into it.

Requests go straight to the compiled library, in the bytes that it takes. The Python client of
MLMD would sleep for seconds where another process holds the database for milliseconds, and adds
options to requests that make listings quadratic.
"""

from __future__ import annotations

import logging
import random
import time
from pathlib import Path
from typing import Any

from mlops_metadata.engine.turns import settle
from mlops_metadata.messages import bare_packages, pb, respond, service
from mlops_metadata.refusals import CAUSES, holder, short, store_error
from mlops_pipeline.errors import StoreError

try:
    with bare_packages():
        from ml_metadata.metadata_store.pywrap.metadata_store_extension import (
            metadata_store as _compiled,
        )
except ModuleNotFoundError:
    raise
except ImportError as error:
    raise StoreError(
        f"the package ml-metadata does not load: {error}",
        hint="install the version that the constraint files name for this system",
    ) from error

log = logging.getLogger(__name__)

_ABORTED = 10
_PATIENCE = 60.0
"""Seconds that a call goes on trying while a program without our lock holds the database."""


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
        function = getattr(_compiled, method)
        deadline = time.monotonic() + _PATIENCE
        while True:
            answer, message, code = function(self._handle, data)
            text = message.decode("utf-8", "replace")
            if code != _ABORTED or time.monotonic() > deadline:
                return answer, text, code
            log.debug("%s: %s is tried again: %s", self._name, method, short(text))
            time.sleep(random.uniform(0.005, 0.05))

    def close(self) -> None:
        """Close the database."""
        # The library closes the file when the last reference goes.
        self._handle = None
        settle()
