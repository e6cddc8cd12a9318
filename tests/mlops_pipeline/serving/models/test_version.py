"""A version: its process is replaced, and requests wait for that or are answered meanwhile."""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable
from pathlib import Path
from typing import Any

import pytest

from mlops_pipeline.serving.models import (
    BadInputFailure,
    ModelFailure,
    ProcessLimits,
    ServedVersion,
    UnavailableFailure,
    VersionState,
    wire,
)
from mlops_pipeline.serving.models.spares import SpareProcesses
from mlops_pipeline.serving.models.tensors import of_lists, to_lists

# Each starts processes of models, which takes seconds.
pytestmark = pytest.mark.slow

LOADER = "mlops_components.serving.functions:load_function"


def with_version(
    folder: Path, toys: Path, limits: ProcessLimits, act: Callable[[ServedVersion], Awaitable[Any]]
) -> Any:
    async def go() -> Any:
        spares = SpareProcesses(limits)
        order = wire.LoadOrder(LOADER, str(folder), {"predict": "toy_models:make"}, (str(toys),))
        version = ServedVersion(1, order, spares)
        try:
            await version.open()
            return await act(version)
        finally:
            await version.close()
            await spares.close()

    return asyncio.run(go())


async def ask(version: ServedVersion, *values: float) -> Any:
    outputs = await version.predict("", {"x": of_lists(list(values))})
    return to_lists(outputs["outputs"])


@pytest.mark.parametrize("value", [-1.0, -2.0, -8.0])
def test_after_a_death_the_next_request_is_answered(push: Any, toys: Path, value: float) -> None:
    async def act(version: ServedVersion) -> Any:
        with pytest.raises(ModelFailure):
            await ask(version, value)
        return await ask(version, 3.0), version.replaced, version.state

    found = with_version(push(1) / "1", toys, ProcessLimits(request_seconds=0.5), act)
    assert found == ([6.0], 1, VersionState.AVAILABLE)


def test_a_process_that_dies_between_requests_is_replaced(push: Any, toys: Path) -> None:
    async def act(version: ServedVersion) -> Any:
        assert version.process
        version.process._process.kill()
        version.process._process.wait()
        version.look()
        return await ask(version, 3.0)

    assert with_version(push(1) / "1", toys, ProcessLimits(), act) == [6.0]


def test_recycling_loses_no_request(push: Any, toys: Path) -> None:
    async def act(version: ServedVersion) -> Any:
        found = [await ask(version, float(number)) for number in range(40)]
        together = await asyncio.gather(*(ask(version, float(n)) for n in range(40)))
        while version.replaced < 2:
            await ask(version, 1.0)
        return found, together

    found, together = with_version(push(1) / "1", toys, ProcessLimits(max_requests=10), act)
    assert found == together == [[2.0 * number] for number in range(40)]


def test_a_model_that_leaks_is_replaced_without_a_failed_request(push: Any, toys: Path) -> None:
    async def act(version: ServedVersion) -> Any:
        assert await ask(version, -6.0) == [-12.0]
        while not version.replaced:
            assert await ask(version, 1.0) == [2.0]
            await asyncio.sleep(0.01)
        assert version.process
        return version.process.memory_mb

    assert with_version(push(1) / "1", toys, ProcessLimits(memory_mb=180), act) < 180


def test_a_model_that_cannot_be_loaded_again_is_tried_until_it_can(push: Any, toys: Path) -> None:
    folder = push(1) / "1"

    async def act(version: ServedVersion) -> Any:
        (folder / "factor.txt").write_text("broken")
        with pytest.raises(ModelFailure):
            await ask(version, -1.0)
        asking = asyncio.create_task(ask(version, 1.0))
        await asyncio.sleep(0.3)
        (folder / "factor.txt").write_text("4")
        return await asking

    assert with_version(folder, toys, ProcessLimits(), act) == [4.0]


def test_a_version_that_was_let_go_takes_no_requests(push: Any, toys: Path) -> None:
    async def act(version: ServedVersion) -> Any:
        waiting = asyncio.create_task(ask(version, -7.0))
        await asyncio.sleep(0.05)
        await version.close()
        with pytest.raises(UnavailableFailure):
            await ask(version, 1.0)
        return await waiting

    assert with_version(push(1) / "1", toys, ProcessLimits(), act) == [-14.0]


def test_an_unknown_signature_is_the_mistake_of_the_client(push: Any, toys: Path) -> None:
    async def act(version: ServedVersion) -> Any:
        with pytest.raises(BadInputFailure, match="not found"):
            await version.predict("nobody", {"x": of_lists([1.0])})

    with_version(push(1) / "1", toys, ProcessLimits(), act)


def test_a_version_that_cannot_be_loaded_says_why(push: Any, toys: Path) -> None:
    with pytest.raises(ModelFailure, match="no number"):
        with_version(push(1, "broken") / "1", toys, ProcessLimits(), lambda v: ask(v, 1.0))
