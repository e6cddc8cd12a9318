"""A version of a model: the process that answers for it now, and its replacement."""

from __future__ import annotations

import asyncio
import logging
from contextlib import suppress
from enum import Enum

from mlops_pipeline.serving.models import wire
from mlops_pipeline.serving.models.failures import (
    BadInputFailure,
    ModelFailure,
    UnavailableFailure,
)
from mlops_pipeline.serving.models.process import ModelProcess
from mlops_pipeline.serving.models.signatures import (
    DEFAULT_SIGNATURE,
    Signature,
    Tensors,
    check_inputs,
)
from mlops_pipeline.serving.models.spares import SpareProcesses

log = logging.getLogger(__name__)

_LONGEST_PAUSE = 30.0
_FIRST_PAUSE = 0.1


class VersionState(str, Enum):
    """States of a version, by TensorFlow Serving's names."""

    START = "START"
    LOADING = "LOADING"
    AVAILABLE = "AVAILABLE"
    UNLOADING = "UNLOADING"
    END = "END"


class ServedVersion:
    """One version; requests wait while its process is replaced, and no other version does."""

    def __init__(self, number: int, order: wire.LoadOrder, spares: SpareProcesses) -> None:
        self.number = number
        self.state = VersionState.START
        self.error = ""
        self.facts = wire.ModelFacts({})
        self.replaced = 0
        self.order = order
        self._spares = spares
        self._process: ModelProcess | None = None
        self._up = asyncio.Event()
        self._replacing: asyncio.Task[None] | None = None
        self._draining: set[asyncio.Task[None]] = set()

    @property
    def process(self) -> ModelProcess | None:
        """The process that answers now."""
        return self._process

    @property
    def is_available(self) -> bool:
        """True if it takes requests."""
        return self.state == VersionState.AVAILABLE

    async def open(self) -> None:
        """Load the model and warm it up.

        Raises:
            ModelFailure: it cannot be loaded.
        """
        self.state, self.error = VersionState.LOADING, ""
        try:
            self._process, self.facts = await self._loaded()
        except ModelFailure as failure:
            self.state, self.error = VersionState.END, failure.message
            raise
        self.state = VersionState.AVAILABLE
        self._up.set()

    def signature(self, name: str = "") -> Signature:
        """Return a signature; the default one without a name.

        Raises:
            UnknownModelFailure: there is none of this name.
        """
        name = name or DEFAULT_SIGNATURE
        if name not in self.facts.signatures:
            raise BadInputFailure(f'Serving signature key "{name}" not found.')
        return self.facts.signatures[name]

    async def predict(self, signature: str, inputs: Tensors) -> Tensors:
        """Ask the model; if that ends its process, another one takes over.

        Raises:
            ModelFailure: it fails.
            UnavailableFailure: it is not loaded any more.
        """
        signature = signature or DEFAULT_SIGNATURE
        check_inputs(self.signature(signature), inputs)
        process = await self._running()
        try:
            return await process.predict(signature, inputs)
        finally:
            self._renew(process)

    def look(self) -> None:
        """Replace the process if it has died, or has grown too large or old."""
        process = self._process
        if process is None or not self.is_available:
            return
        process.end_if_too_large()
        self._renew(process)

    async def close(self) -> None:
        """Take no more requests, answer those that are there, and end the process."""
        self.state = VersionState.UNLOADING
        self._up.set()
        if self._replacing:
            self._replacing.cancel()
            with suppress(asyncio.CancelledError):
                await self._replacing
        if self._process:
            await self._process.drain()
        if self._draining:
            await asyncio.gather(*self._draining, return_exceptions=True)
        self._process = None
        self.state = VersionState.END

    async def _running(self) -> ModelProcess:
        while self._process is None or not self._process.is_alive:
            if not self.is_available:
                raise UnavailableFailure(self.error or f"version {self.number} is not loaded")
            if self._process is not None:
                self.look()
            await self._up.wait()
        return self._process

    def _renew(self, process: ModelProcess) -> None:
        """Replace a process that has ended at once, and one that is worn when another is ready."""
        if process is not self._process:
            return
        if not process.is_alive:
            process.end("has ended")
            self._process = None
            self._up.clear()
            self._replace()
        elif process.is_worn:
            self._replace()

    def _replace(self) -> None:
        if self._replacing is None and self.is_available:
            self._replacing = asyncio.create_task(self._take_over())

    async def _take_over(self) -> None:
        pause = _FIRST_PAUSE
        try:
            while True:
                try:
                    process, self.facts = await self._loaded()
                except (ModelFailure, OSError) as failure:
                    log.warning("version %d cannot be loaded again: %s", self.number, failure)
                    await asyncio.sleep(pause)
                    pause = min(pause * 2, _LONGEST_PAUSE)
                    continue
                break
            old, self._process = self._process, process
            self.replaced += 1
            self._up.set()
            if old is not None:
                task = asyncio.create_task(old.drain())
                self._draining.add(task)
                task.add_done_callback(self._draining.discard)
        finally:
            self._replacing = None

    async def _loaded(self) -> tuple[ModelProcess, wire.ModelFacts]:
        key = (self.order.loader, tuple(self.order.import_paths))
        process = await self._spares.take(key)
        try:
            facts = await process.load(self.order)
        except BaseException:
            process.end("was not needed")
            raise
        self._spares.refill(key)
        return process, facts
