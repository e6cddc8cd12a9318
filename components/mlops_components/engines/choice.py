"""Choice of the engine: this process, or an Apache Beam pipeline on any runner.

Components whose libraries offer both take `engine` and `beam_pipeline_args`. Neither is part of
the cache key: both engines give the same result, so that moving from a laptop to a cluster
computes nothing again.
"""

from __future__ import annotations

import logging
import os
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Literal

from mlops_pipeline.artifacts import Artifact
from mlops_pipeline.authoring import size_in_bytes
from mlops_pipeline.errors import ParameterError
from mlops_pipeline.executors import is_local, running_pipeline

log = logging.getLogger(__name__)

Engine = Literal["auto", "memory", "beam"]

LIMIT_VARIABLE = "MLOPS_MEMORY_ENGINE_LIMIT"
"""Environment variable: up to which size `auto` stays in memory, in bytes or as "4Gi"."""

DEFAULT_LIMIT = "4Gi"

_UNPACKED = 16
"""Estimated ratio of the size of rows in memory to that in compressed files."""


@dataclass(frozen=True)
class Choice:
    """The engine that computes, and why.

    Args:
        engine: `memory` or `beam`.
        reason: one line for people.
    """

    engine: Literal["memory", "beam"]
    reason: str

    @property
    def is_beam(self) -> bool:
        """True if a Beam pipeline computes."""
        return self.engine == "beam"

    def note(self, *outputs: Artifact) -> None:
        """Say it in the log and in the properties of what is written."""
        log.info("engine %s: %s", self.engine, self.reason)
        for output in outputs:
            output.properties["engine"] = self.engine
            output.properties["engine_reason"] = self.reason


def choose(
    engine: Engine,
    files: Iterable[Path],
    beam_pipeline_args: Sequence[str] | None = None,
    *,
    only_beam: str = "",
    holds_all: bool = False,
) -> Choice:
    """Decide on the engine.

    `auto` stays in memory up to a size, and beyond it if Beam would only have this machine:
    there the memory engine is the faster one, and holds one batch at a time.

    Args:
        files: what is to be read; their size on disk counts.
        only_beam: what has been asked for that the libraries offer through Beam only.
        holds_all: whether memory holds all rows at once; then the limit is a sixteenth.

    Raises:
        ParameterError: the limit is not a size.
    """
    if engine == "beam":
        return Choice("beam", "asked for")
    if only_beam:
        if engine == "memory":
            log.warning("the memory engine hands over to Beam: %s", only_beam)
        return Choice("beam", only_beam)
    if engine == "memory":
        return Choice("memory", "asked for")
    size, limit = sum(file.stat().st_size for file in files), memory_limit()
    if holds_all:
        limit //= _UNPACKED
    if size <= limit:
        return Choice("memory", f"{_shown(size)} of input, at most {_shown(limit)}")
    if not names_runner(beam_pipeline_args or ()):
        return Choice(
            "memory",
            f"{_shown(size)} of input, more than {_shown(limit)}, "
            "but beam_pipeline_args name no runner of a cluster",
        )
    return Choice("beam", f"{_shown(size)} of input, more than {_shown(limit)}")


def memory_limit() -> int:
    """Return bytes of input up to which `auto` stays in memory.

    Raises:
        ParameterError: the variable that sets it does not hold a size.
    """
    text = os.environ.get(LIMIT_VARIABLE, DEFAULT_LIMIT)
    limit = size_in_bytes(text)
    if limit is None:
        raise ParameterError(
            f"{LIMIT_VARIABLE} is {text!r}, which is not a size",
            hint="give bytes, or a text such as '4Gi' or '500M'",
        )
    return limit


def names_runner(arguments: Sequence[str]) -> bool:
    """Return True if Beam arguments name a runner that has more than this machine."""
    for index, argument in enumerate(arguments):
        name, _, value = argument.partition("=")
        if name == "--runner":
            value = value or "".join(arguments[index + 1 : index + 2])
            return not is_local(value)
    return False


def open_pipeline(beam_pipeline_args: Sequence[str] | None) -> Any:
    """Return a context manager that gives a Beam pipeline, and runs it at its end.

    Without a runner, it is Beam's in-process one. `DirectRunner` is what Beam makes of it: since
    2.70 it tries to download Prism first.

    Raises:
        ParameterError: an option or the runner is unknown, or has a wrong value.
        ExecutorError: Beam is missing, or cannot start the runner.
    """
    return running_pipeline("beam_pipeline_args", beam_pipeline_args or ())


def _shown(size: int) -> str:
    amount = float(size)
    for unit in ("B", "KiB", "MiB", "GiB"):
        if amount < 1024:
            return f"{amount:.3g} {unit}"
        amount /= 1024
    return f"{amount:.3g} TiB"
