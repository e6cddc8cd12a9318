"""Batches: who waits together is answered each with its own rows, and a bad one alone."""

from __future__ import annotations

import asyncio
import random
import time
from typing import Any

import pytest

from mlops_pipeline.serving.models import (
    Batcher,
    BatchOptions,
    LateFailure,
    ModelFailure,
    OverloadFailure,
)
from mlops_pipeline.serving.models.signatures import Signature, Tensors, TensorSpec
from mlops_pipeline.serving.models.tensors import of_lists, to_lists


class Model:
    """Doubles numbers slowly, and notes the rows of each batch."""

    def __init__(self, seconds: float = 0.01) -> None:
        self.seconds = seconds
        self.batches: list[int] = []

    async def __call__(self, signature: str, inputs: Tensors) -> Tensors:
        values = to_lists(inputs["x"])
        self.batches.append(len(values) if isinstance(values, list) else 0)
        await asyncio.sleep(self.seconds)
        if isinstance(values, list) and -3 in values:
            raise ModelFailure("three is not liked", "raised")
        if isinstance(values, list) and -5 in values:
            return {"y": of_lists([1])}
        doubled = [2 * each for each in values] if isinstance(values, list) else 2 * values
        return {"y": of_lists(doubled, "int64")}


ANY = Signature()


async def ask(batcher: Batcher, values: Any, seconds: float = 10, signature: Any = ANY) -> Any:
    inputs = {"x": of_lists(values, "int64")}
    found = await batcher.predict("s", signature, inputs, time.monotonic() + seconds)
    return to_lists(found["y"])


@pytest.mark.slow  # A thousand requests.
def test_a_thousand_requests_get_their_own_rows_in_fewer_batches() -> None:
    async def act() -> None:
        model, pick = Model(), random.Random(7)
        batcher = Batcher(model, BatchOptions(max_rows=64, max_waiting=2000))
        asked = [[pick.randrange(10**9) for _ in range(pick.randint(1, 9))] for _ in range(1000)]
        found = await asyncio.gather(*(ask(batcher, values) for values in asked))
        assert found == [[2 * each for each in values] for values in asked]
        assert max(model.batches) <= 64
        assert len(model.batches) < 150
        assert batcher.waiting == 0

    asyncio.run(act())


def test_one_bad_request_does_not_spoil_its_batch() -> None:
    async def act() -> None:
        batcher = Batcher(Model(), BatchOptions())
        asked = [[1], [-3], [2], [3]]
        found = await asyncio.gather(*(ask(batcher, v) for v in asked), return_exceptions=True)
        assert [found[0], *found[2:]] == [[2], [4], [6]]
        assert isinstance(found[1], ModelFailure)

    asyncio.run(act())


def test_an_answer_with_too_few_rows_reaches_nobody_else() -> None:
    async def act() -> None:
        batcher = Batcher(Model(), BatchOptions())
        first = asyncio.create_task(ask(batcher, [9]))
        await asyncio.sleep(0)
        found = await asyncio.gather(
            *(ask(batcher, v) for v in ([1], [-5, 1], [2])), return_exceptions=True
        )
        assert (await first, found[0], found[2]) == ([18], [2], [4])

    asyncio.run(act())


def test_a_full_queue_refuses_and_says_when_to_come_again() -> None:
    async def act() -> None:
        batcher = Batcher(Model(0.05), BatchOptions(max_waiting=3))
        asked = [asyncio.create_task(ask(batcher, [n])) for n in range(5)]
        found = await asyncio.gather(*asked, return_exceptions=True)
        assert found[:3] == [[0], [2], [4]]
        assert all(isinstance(each, OverloadFailure) for each in found[3:])
        assert isinstance(found[4], OverloadFailure)
        assert 1 <= found[4].retry_after <= 60

    asyncio.run(act())


def test_a_request_whose_time_is_over_is_not_asked() -> None:
    async def act() -> None:
        model = Model(0.1)
        batcher = Batcher(model, BatchOptions(max_rows=1))
        first = asyncio.create_task(ask(batcher, [1]))
        await asyncio.sleep(0)
        with pytest.raises(LateFailure):
            await ask(batcher, [2], 0.02)
        with pytest.raises(LateFailure):
            await ask(batcher, [2], -1)
        assert await first == [2]
        await batcher.close()
        assert model.batches == [1]

    asyncio.run(act())


def test_a_client_that_goes_takes_its_request_along() -> None:
    async def act() -> None:
        model = Model(0.05)
        batcher = Batcher(model, BatchOptions())
        first, second = (asyncio.create_task(ask(batcher, [n])) for n in (1, 2))
        await asyncio.sleep(0.01)
        third = asyncio.create_task(ask(batcher, [3]))
        await asyncio.sleep(0)
        third.cancel()
        assert await asyncio.gather(first, second) == [[2], [4]]
        await batcher.close()
        assert (model.batches, batcher.waiting) == ([2], 0)

    asyncio.run(act())


def test_different_shapes_are_not_put_together() -> None:
    async def act() -> None:
        model = Model()
        batcher = Batcher(model, BatchOptions())
        scalar = Signature({"x": TensorSpec("int64", ())}, {"y": TensorSpec("int64", ())})
        found = await asyncio.gather(
            ask(batcher, [1]), ask(batcher, 7, signature=scalar), ask(batcher, 8, signature=scalar)
        )
        assert found == [[2], 14, 16]
        assert sorted(model.batches) == [0, 0, 1]

    asyncio.run(act())


def test_a_delay_gathers_what_comes_meanwhile() -> None:
    async def act() -> None:
        model = Model(0)
        batcher = Batcher(model, BatchOptions(max_delay=0.1))
        first = asyncio.create_task(ask(batcher, [1]))
        await asyncio.sleep(0.01)
        assert await asyncio.gather(first, ask(batcher, [2])) == [[2], [4]]
        assert model.batches == [2]

    asyncio.run(act())
