"""The models of a server: a folder each, whose numbered subfolders are versions.

A new version is loaded and warm before the one it replaces goes, and nothing else waits for it.
"""

from __future__ import annotations

import asyncio
import logging
import os
import re
import time
from collections.abc import Callable, Iterable, Mapping
from contextlib import suppress
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from mlops_pipeline.serving.models import wire
from mlops_pipeline.serving.models.batching import Batcher, BatchOptions
from mlops_pipeline.serving.models.failures import (
    ModelFailure,
    UnavailableFailure,
    UnknownModelFailure,
)
from mlops_pipeline.serving.models.process import ProcessLimits
from mlops_pipeline.serving.models.signatures import DEFAULT_SIGNATURE, Tensors
from mlops_pipeline.serving.models.spares import SpareProcesses
from mlops_pipeline.serving.models.version import ServedVersion, VersionState

log = logging.getLogger(__name__)

_NUMBER = re.compile(r"0|[1-9][0-9]{0,18}")
_FIRST_RETRY = 1.0
_LONGEST_RETRY = 60.0


@dataclass(frozen=True)
class ModelSource:
    """Where the versions of a model are, and how they are loaded.

    Args:
        loader: `module:name`; found by the files of a version where it is empty.
        keep: the newest so many versions are served.
        only: these versions are served, and no others; empty for the newest.
    """

    name: str
    folder: Path
    loader: str = ""
    options: Mapping[str, Any] = field(default_factory=dict)
    keep: int = 1
    only: frozenset[int] = frozenset()


@dataclass(frozen=True)
class ServingOptions:
    """What holds for all models of a server.

    Args:
        finite: an answer with NaN or infinity is a failure of the model.
        spares: whether a warm process waits for each loader in use.
        import_paths: folders where modules of users are looked for first.
    """

    limits: ProcessLimits = field(default_factory=ProcessLimits)
    batching: BatchOptions = field(default_factory=BatchOptions)
    finite: bool = False
    spares: bool = True
    import_paths: tuple[str, ...] = ()


@dataclass
class _Slot:
    """A version with its queue, and when to try again if it could not be loaded."""

    version: ServedVersion
    batcher: Batcher
    tries: int = 0
    again_at: float = 0.0
    stamp: object = None


class ServedModel:
    """A model with the versions that are served."""

    def __init__(
        self, source: ModelSource, options: ServingOptions, spares: SpareProcesses, find: FindLoader
    ) -> None:
        self.source = source
        self._options = options
        self._spares = spares
        self._find = find
        self._slots: dict[int, _Slot] = {}
        self._wanted_too: frozenset[int] = frozenset()

    @property
    def name(self) -> str:
        """The name by which clients ask for it."""
        return self.source.name

    @property
    def versions(self) -> list[ServedVersion]:
        """All versions that are known, newest first."""
        return [self._slots[number].version for number in sorted(self._slots, reverse=True)]

    @property
    def available(self) -> list[int]:
        """Versions that answer, newest first."""
        return [version.number for version in self.versions if version.is_available]

    def batcher(self, number: int) -> Batcher:
        """Return the queue of a version."""
        return self._slots[number].batcher

    def version(self, number: int) -> ServedVersion:
        """Return a version that answers.

        Raises:
            UnknownModelFailure: it is not served.
        """
        slot = self._slots.get(number)
        if slot is None or slot.version.state == VersionState.END:
            raise UnknownModelFailure(
                f"Servable not found for request: Specific({self.name}, {number})"
            )
        if not slot.version.is_available:
            raise UnavailableFailure(f"version {number} of {self.name} is not loaded")
        return slot.version

    def newest(self) -> ServedVersion:
        """Return the newest version that answers.

        Raises:
            UnknownModelFailure: there is none.
        """
        for version in self.versions:
            if version.is_available:
                return version
        raise UnknownModelFailure(f"Servable not found for request: Latest({self.name})")

    async def predict(
        self, number: int, signature: str, inputs: Tensors, deadline: float
    ) -> Tensors:
        """Ask a version, together with other requests where that is possible."""
        version = self.version(number)
        known = version.signature(signature)
        name = signature or DEFAULT_SIGNATURE
        return await self._slots[number].batcher.predict(name, known, inputs, deadline)

    def want(self, numbers: Iterable[int]) -> None:
        """Serve these versions, too, wherever they are in the folder."""
        self._wanted_too = frozenset(numbers)

    async def refresh(self) -> None:
        """Load versions that have come, then let go of those that are not wanted any more."""
        there = await asyncio.get_running_loop().run_in_executor(None, _numbers, self.source.folder)
        if there is None:
            # The disk is away: what is loaded goes on.
            return
        wanted = self._wanted(there)
        for number in sorted(wanted, reverse=True):
            await self._load(number, there[number])
        for number in sorted(set(self._slots) - wanted):
            if not self.available or self.available == [number]:
                # The last one that answers stays until another does.
                continue
            await self._unload(number)
        for slot in self._slots.values():
            slot.version.look()

    def _wanted(self, there: Mapping[int, object]) -> set[int]:
        newest = sorted(there, reverse=True)[: self.source.keep]
        return (set(self.source.only) or set(newest)) & set(there) | self._wanted_too & set(there)

    async def _load(self, number: int, stamp: object) -> None:
        slot = self._slots.get(number)
        if slot is not None and slot.version.state != VersionState.END:
            return
        if slot is not None and slot.stamp == stamp and time.monotonic() < slot.again_at:
            return
        tries = slot.tries if slot is not None and slot.stamp == stamp else 0
        folder = self.source.folder / str(number)
        version = ServedVersion(number, self._order(folder), self._spares)
        slot = _Slot(version, Batcher(version.predict, self._options.batching), tries + 1)
        slot.stamp = stamp
        self._slots[number] = slot
        try:
            if not version.order.loader:
                raise ModelFailure("no loader knows a version with these files", "raised")
            await version.open()
            log.info("version %d of %s answers", number, self.name)
        except (ModelFailure, OSError) as failure:
            version.state, version.error = VersionState.END, str(failure)
            slot.again_at = time.monotonic() + min(_FIRST_RETRY * 2**tries, _LONGEST_RETRY)
            log.warning("version %d of %s cannot be loaded: %s", number, self.name, failure)
            return
        if not version.facts.splits:
            one_row = BatchOptions(1, 0.0, self._options.batching.max_waiting)
            slot.batcher = Batcher(version.predict, one_row)
            log.warning(
                "version %d of %s gives other rows in a batch than alone: it gets no batches",
                number,
                self.name,
            )

    def _order(self, folder: Path) -> wire.LoadOrder:
        return wire.LoadOrder(
            self.source.loader or self._find(folder),
            str(folder),
            dict(self.source.options),
            self._options.import_paths,
            self._options.finite,
        )

    async def _unload(self, number: int) -> None:
        slot = self._slots[number]
        slot.version.state = VersionState.UNLOADING
        await slot.batcher.close()
        await slot.version.close()
        del self._slots[number]
        log.info("version %d of %s was let go", number, self.name)

    async def close(self) -> None:
        """Answer what waits, and end all processes."""
        for slot in self._slots.values():
            with suppress(asyncio.TimeoutError):
                await asyncio.wait_for(slot.batcher.close(), 10)
            await slot.version.close()


FindLoader = Callable[[Path], str]
"""Finds the loader of a version, `module:name`, by what is in its folder; empty for none."""


class ModelCatalogue:
    """All models of a server."""

    def __init__(
        self, sources: Iterable[ModelSource], options: ServingOptions, find: FindLoader
    ) -> None:
        self.options = options
        self._spares = SpareProcesses(options.limits, options.spares)
        self._models = {
            source.name: ServedModel(source, options, self._spares, find) for source in sources
        }
        self._watching: list[asyncio.Task[None]] = []

    def __iter__(self) -> Any:
        return iter(self._models.values())

    def model(self, name: str) -> ServedModel:
        """Return a model.

        Raises:
            UnknownModelFailure: there is none of this name.
        """
        if name not in self._models:
            raise UnknownModelFailure(f"Servable not found for request: Latest({name})")
        return self._models[name]

    async def refresh(self) -> None:
        """Look at the folders of all models at once."""
        await asyncio.gather(*(model.refresh() for model in self))

    def watch(self, seconds: float) -> None:
        """Look again and again, at each model by itself: a slow load holds up no other."""
        self._watching = [asyncio.create_task(_watched(model, seconds)) for model in self]

    async def close(self) -> None:
        """End everything."""
        for task in self._watching:
            task.cancel()
        await asyncio.gather(*self._watching, return_exceptions=True)
        await asyncio.gather(*(model.close() for model in self))
        await self._spares.close()


async def _watched(model: ServedModel, seconds: float) -> None:
    while True:
        try:
            await model.refresh()
        except Exception:
            # Of one model and one look; the next look may do better.
            log.exception("cannot look after %s", model.name)
        await asyncio.sleep(seconds)


def _numbers(folder: Path) -> dict[int, object] | None:
    """Return the versions in a folder, each with what changes when it is replaced."""
    found: dict[int, object] = {}
    try:
        with os.scandir(folder) as entries:
            for entry in entries:
                if _NUMBER.fullmatch(entry.name) and entry.is_dir():
                    facts = entry.stat()
                    found[int(entry.name)] = (facts.st_ino, facts.st_mtime_ns)
    except OSError as error:
        log.warning("cannot look into %s: %s", folder, error.strerror)
        return None
    return found
