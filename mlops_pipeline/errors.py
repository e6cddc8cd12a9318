"""Errors that are the user's to fix: each names the thing, the cause and what to do.

Everything that derives from `PipelineError` is printed without a traceback and ends the
command with `exit_code`. Any other exception is a defect of the framework and shows one.
"""

from __future__ import annotations

import difflib
import os
import sys
from collections.abc import Iterable
from types import FrameType

_OWN_FOLDER = os.path.dirname(os.path.abspath(__file__)) + os.sep  # noqa: PTH100, PTH120 - text


class PipelineError(Exception):
    """A mistake or a failure that the user can act on.

    Args:
        message: names the thing by the user's own name for it, and what is wrong.
        hint: what to do about it, as one imperative clause.
        where: `file:line` of the user's code that it is about, where known.
    """

    exit_code = 2

    def __init__(self, message: str, *, hint: str = "", where: str = "") -> None:
        super().__init__(message)
        self.message = message
        self.hint = hint
        self.where = where

    def __str__(self) -> str:
        where = f"{self.where}: " if self.where else ""
        hint = f"\n  hint: {self.hint}" if self.hint else ""
        return f"{where}{self.message}{hint}"


class DefinitionError(PipelineError):
    """A component or a pipeline is written wrongly."""


class WiringError(DefinitionError):
    """An output, a parameter or an input is connected to something it does not fit."""


class ParameterError(PipelineError):
    """A value given for a parameter is missing, unknown or of the wrong type."""


class CompileError(PipelineError):
    """A pipeline cannot be turned into IR, or an IR file cannot be read."""


class SettingsError(PipelineError):
    """A setting or a flag is unknown or has a wrong value."""


class StoreError(PipelineError):
    """The metadata store cannot be opened, or refuses what was asked of it."""


class RootError(PipelineError):
    """The artifact root cannot be reached, or refuses what was asked of it."""


class NotFoundError(PipelineError):
    """A run, node, artifact or file that was asked for is not there."""


class ResolutionError(PipelineError):
    """An input of a node cannot be resolved when the node is about to run."""

    exit_code = 1


class ExecutorError(PipelineError):
    """The executor of a node failed.

    Args:
        retryable: whether another attempt may succeed; false for the user's own mistakes.
        details: the tail of the traceback or of the output, kept in the store.
    """

    exit_code = 1

    def __init__(
        self, message: str, *, hint: str = "", retryable: bool = True, details: str = ""
    ) -> None:
        super().__init__(message, hint=hint)
        self.retryable = retryable
        self.details = details


class RunFailedError(PipelineError):
    """A run ended with a failed node."""

    exit_code = 1


def did_you_mean(wrong: str, known: Iterable[str]) -> str:
    """Return the hint that offers the nearest known name, or lists them all.

    >>> did_you_mean("train_step", ["train_steps", "lr"])
    "did you mean 'train_steps'?"
    """
    names = sorted(known)
    near = difflib.get_close_matches(wrong, names, n=1)
    if near:
        return f"did you mean {near[0]!r}?"
    return f"known: {', '.join(names)}" if names else "there are none"


def caller() -> str:
    """Return `file:line` of the user's code that called the framework.

    Other packages that write pipelines for their callers say so with a global `__authoring__`.
    """
    frame: FrameType | None = sys._getframe(1)
    while frame is not None and (
        frame.f_code.co_filename.startswith(_OWN_FOLDER) or "__authoring__" in frame.f_globals
    ):
        frame = frame.f_back
    return file_line(frame.f_code.co_filename, frame.f_lineno) if frame else ""


def file_line(file: str, line: int) -> str:
    """Return `file:line`, relative to the working folder if the file is below it."""
    here = os.getcwd() + os.sep  # noqa: PTH109 - compared as text
    return f"{file.removeprefix(here)}:{line}"
