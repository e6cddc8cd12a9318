"""Processes of models: those that hang, die, grow or talk nonsense are ended, and say why."""

from __future__ import annotations

import asyncio
import os
import signal
from collections.abc import Awaitable, Callable
from pathlib import Path
from typing import Any

import pytest

from mlops_pipeline.serving.models import ModelFailure, ProcessLimits, wire
from mlops_pipeline.serving.models.process import ModelProcess, spawn
from mlops_pipeline.serving.models.tensors import of_lists, to_lists

# Each starts processes of models, which takes seconds.
pytestmark = pytest.mark.slow

LOADER = "mlops_components.serving.functions:load_function"


def with_model(
    push: Any, toys: Path, limits: ProcessLimits, act: Callable[[ModelProcess], Awaitable[Any]]
) -> Any:
    """Do something with a loaded toy, and end it."""
    folder = push(1) / "1"

    async def go() -> Any:
        process = await spawn(limits)
        try:
            order = wire.LoadOrder(
                LOADER, str(folder), {"predict": "toy_models:make"}, (str(toys),), True
            )
            await process.load(order)
            return await act(process)
        finally:
            process.end("test is over")

    return asyncio.run(go())


async def ask(process: ModelProcess, *values: float) -> Any:
    outputs = await process.predict("serving_default", {"x": of_lists(list(values))})
    return to_lists(outputs["outputs"])


def test_a_model_answers(push: Any, toys: Path) -> None:
    async def act(process: ModelProcess) -> Any:
        assert process.memory_mb > 5
        return await asyncio.gather(ask(process, 1.0), ask(process, 2.0, 3.0))

    assert with_model(push, toys, ProcessLimits(), act) == [[2.0], [4.0, 6.0]]


@pytest.mark.parametrize(
    ("value", "kind", "words"),
    [
        (-1.0, "died", "exit code 7"),
        (-8.0, "died", "SIGKILL"),
        (-2.0, "hung", "more than 0.5 s"),
    ],
)
def test_a_model_that_ends_or_hangs_says_why(
    push: Any, toys: Path, value: float, kind: str, words: str
) -> None:
    async def act(process: ModelProcess) -> Any:
        with pytest.raises(ModelFailure, match=words) as failure:
            await ask(process, value)
        with pytest.raises(ModelFailure):
            await ask(process, 1.0)
        return failure.value.kind, process.is_alive

    assert with_model(push, toys, ProcessLimits(request_seconds=0.5), act) == (kind, False)


@pytest.mark.parametrize(
    ("value", "kind"), [(-3.0, "raised"), (-4.0, "not_finite"), (-5.0, "output"), (-9.0, "output")]
)
def test_a_bad_answer_does_not_end_the_process(
    push: Any, toys: Path, value: float, kind: str
) -> None:
    async def act(process: ModelProcess) -> Any:
        with pytest.raises(ModelFailure) as failure:
            await ask(process, value, 1.0)
        return failure.value.kind, await ask(process, 1.0)

    assert with_model(push, toys, ProcessLimits(), act) == (kind, [2.0])


def test_a_model_that_leaks_is_worn_and_far_beyond_the_limit_ended(push: Any, toys: Path) -> None:
    async def act(process: ModelProcess) -> Any:
        before = process.is_worn
        await ask(process, -6.0)
        worn = process.is_worn
        process.end_if_too_large()
        return before, worn, process.is_alive

    found = with_model(push, toys, ProcessLimits(memory_mb=150), act)
    assert found == (False, True, False)


def test_memory_of_a_process_can_be_limited_by_the_system(push: Any, toys: Path) -> None:
    async def act(process: ModelProcess) -> Any:
        with pytest.raises(ModelFailure) as failure:
            await ask(process, -6.0)
        return failure.value.kind

    assert with_model(push, toys, ProcessLimits(address_space_mb=200), act) == "memory"


@pytest.mark.parametrize("limits", [ProcessLimits(max_requests=1), ProcessLimits(max_age=0.001)])
def test_a_process_is_worn_after_its_requests_or_its_time(
    push: Any, toys: Path, limits: ProcessLimits
) -> None:
    async def act(process: ModelProcess) -> Any:
        await ask(process, 1.0)
        return process.is_worn

    assert with_model(push, toys, limits, act)


def test_a_cancelled_question_ends_the_process_so_that_answers_stay_in_step(
    push: Any, toys: Path
) -> None:
    async def act(process: ModelProcess) -> Any:
        task = asyncio.create_task(ask(process, -7.0))
        await asyncio.sleep(0.1)
        task.cancel()
        with pytest.raises(asyncio.CancelledError):
            await task
        return process.is_alive

    assert with_model(push, toys, ProcessLimits(), act) is False


def test_draining_waits_for_the_answer(push: Any, toys: Path) -> None:
    async def act(process: ModelProcess) -> Any:
        task = asyncio.create_task(ask(process, -7.0))
        await asyncio.sleep(0.05)
        await process.drain()
        return await task

    assert with_model(push, toys, ProcessLimits(), act) == [-14.0]


def test_what_a_model_prints_is_kept_for_its_last_words(push: Any, toys: Path) -> None:
    async def act(process: ModelProcess) -> Any:
        await ask(process, 1.0)
        os.kill(process.pid, signal.SIGKILL)
        with pytest.raises(ModelFailure):
            await ask(process, 1.0)
        return process.last_words

    assert "a toy is loaded" in with_model(push, toys, ProcessLimits(), act)
