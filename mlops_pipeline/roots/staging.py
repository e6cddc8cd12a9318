"""Staging: executors write into folders of their own, and outputs appear all at once.

An executor writes into a folder of its own attempt. `publish` brings each output to where it is
kept; `discard` takes everything back, however the process that wrote it has died.
"""

from __future__ import annotations

import logging
from collections.abc import Callable, Mapping, Sequence
from pathlib import Path
from typing import Protocol

from msgspec import Struct

from mlops_pipeline.errors import RootError
from mlops_pipeline.ir import OutputIR
from mlops_pipeline.store import Execution, MetadataStore, State

log = logging.getLogger(__name__)

STAGING = "staging"
"""Execution property that makes the name of the staging folder unique across stores."""

OUTPUTS = "outputs"
"""Execution property that lists the outputs that are staged."""

ROOT = "root"
"""Execution property that names the root, where that is not on this machine."""


class Placed(Struct, frozen=True):
    """Final path or URL of an output.

    Args:
        tag: what an object store says of the content; empty where it says nothing that is sure.
    """

    uri: str
    tag: str = ""


class Attempt(Protocol):
    """The folders of one execution, until its outputs are published or discarded."""

    @property
    def name(self) -> str:
        """`<execution id>-<nonce>`: unique, even where two stores share a root."""

    @property
    def folder(self) -> Path:
        """Folder that the execution may write below."""

    @property
    def log(self) -> Path:
        """The file that takes what the executor prints, while it runs."""

    @property
    def state(self) -> Path:
        """The folder that later attempts of the same node in the same run find again."""

    def begin(self) -> None:
        """Make the folders, with the state that the last failed attempt left."""

    def keep_log(self) -> str:
        """Return where the log is from now on; the executor has ended."""

    def link_in(self, output: str) -> Path | None:
        """Return a link in an output that would lead nowhere after the move, or None."""

    def publish(self, outputs: Sequence[OutputIR], digests: Mapping[str, str]) -> dict[str, Placed]:
        """Bring each output to where it is kept; `discard` takes it back.

        Args:
            digests: of the outputs, by name.
        """

    def end(self) -> None:
        """Remove what is left, and the state, once the outputs are recorded."""

    def discard(self) -> None:
        """Remove everything that the execution wrote, published or not; the state is left."""

    def keep_state(self) -> None:
        """Keep what a failed attempt left in its state folder for the next one."""


def sweep_attempts(
    names: set[str], attempt_of: Callable[[Execution], Attempt | None], store: MetadataStore
) -> list[Execution]:
    """Remove what ended executions of this store left behind.

    Args:
        names: of the attempts that left something.

    Returns:
        The executions that own the others: they are RUNNING.
    """
    ids = [int(name.split("-")[0]) for name in names if name.split("-")[0].isdigit()]
    running = []
    for execution in store.executions(ids) if ids else ():
        try:
            attempt = attempt_of(execution)
        except RootError as error:
            log.warning("%s", error.message)
            continue
        if attempt is None or attempt.name not in names:
            continue
        if execution.state is State.RUNNING:
            running.append(execution)
        elif execution.published:
            attempt.end()
        else:
            attempt.discard()
    return running
