"""Progress of a copy of a store: a live line in a terminal, a plain one now and then elsewhere."""

from __future__ import annotations

import sys
import time
from collections.abc import Callable
from contextlib import AbstractContextManager

from mlops_pipeline.cli.output import echo
from mlops_pipeline.store import CopyStep

PAUSE = 10.0
"""Seconds between two plain lines."""


def step_line(step: CopyStep) -> str:
    """Return a step in words, such as `copying Event: 2,000 of 30,000 rows`."""
    return f"{step.act} {step.table}: {step.rows:,} of {step.total:,} rows"


class PlainCopyProgress(AbstractContextManager["PlainCopyProgress"]):
    """A line on standard error each ten seconds; a copy that takes less says nothing."""

    def __init__(self, clock: Callable[[], float] = time.monotonic) -> None:
        self._clock = clock
        self._said = clock()

    def __exit__(self, *error: object) -> None:
        """Do nothing: no resource is open."""

    def __call__(self, step: CopyStep) -> None:
        now = self._clock()
        if now - self._said >= PAUSE:
            self._said = now
            echo(step_line(step), err=True)


class LiveCopyProgress(AbstractContextManager["LiveCopyProgress"]):
    """A line in the terminal that is removed when the copy ends."""

    def __init__(self) -> None:
        from rich.console import Console
        from rich.status import Status

        self._status = Status("opening both stores", console=Console(stderr=True))

    def __enter__(self) -> LiveCopyProgress:
        self._status.start()
        return self

    def __exit__(self, *error: object) -> None:
        self._status.stop()

    def __call__(self, step: CopyStep) -> None:
        self._status.update(step_line(step))


CopyProgress = AbstractContextManager[Callable[[CopyStep], None]]


def copy_progress() -> CopyProgress:
    """Return the progress for standard error: live in a terminal, lines elsewhere."""
    return LiveCopyProgress() if sys.stderr.isatty() else PlainCopyProgress()
