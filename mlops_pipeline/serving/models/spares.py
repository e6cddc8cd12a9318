"""Spare processes: each has imported what a loader needs, and waits for a model."""

from __future__ import annotations

import asyncio
import logging
from contextlib import suppress

from mlops_pipeline.serving.models import wire
from mlops_pipeline.serving.models.failures import ModelFailure
from mlops_pipeline.serving.models.process import ModelProcess, ProcessLimits, spawn

log = logging.getLogger(__name__)

LoaderKey = tuple[str, tuple[str, ...]]
"""The name of a loader, and where its modules are looked for."""


class SpareProcesses:
    """One warm process for each loader in use, so that a model is replaced within its load."""

    def __init__(self, limits: ProcessLimits, keep: bool = True) -> None:
        self._limits = limits
        self._keep = keep
        self._waiting: dict[LoaderKey, asyncio.Task[ModelProcess]] = {}
        self._closed = False

    async def take(self, key: LoaderKey) -> ModelProcess:
        """Return a process for a model, and start the next spare.

        Raises:
            ModelFailure: what the loader needs cannot be imported.
        """
        task = self._waiting.pop(key, None)
        process = None
        if task is not None:
            with suppress(ModelFailure, OSError):
                process = await task
        if process is not None and process.is_alive:
            return process
        if process is not None:
            process.end("has ended")
        return await self._start(key)

    def refill(self, key: LoaderKey) -> None:
        """Start a spare in the background, where there is none."""
        if self._keep and not self._closed and key not in self._waiting:
            self._waiting[key] = asyncio.create_task(self._start(key))

    async def _start(self, key: LoaderKey) -> ModelProcess:
        process = await spawn(self._limits)
        try:
            await process.get_ready(wire.ReadyOrder(*key))
        except BaseException:
            process.end("was not needed")
            raise
        return process

    async def close(self) -> None:
        """End all spares."""
        self._closed = True
        tasks, self._waiting = list(self._waiting.values()), {}
        for task in tasks:
            task.cancel()
        for found in await asyncio.gather(*tasks, return_exceptions=True):
            if isinstance(found, ModelProcess):
                found.end("was not needed")
