"""Batches: requests that wait for a busy model are put together, and answered row by row."""

from __future__ import annotations

import asyncio
import collections
import math
import time
from collections.abc import Awaitable, Callable, Sequence
from dataclasses import dataclass, field
from typing import Any

from mlops_pipeline.serving.models.failures import (
    BadInputFailure,
    LateFailure,
    ModelFailure,
    OverloadFailure,
    ServingFailure,
)
from mlops_pipeline.serving.models.signatures import Signature, Tensors
from mlops_pipeline.serving.models.tensors import joined, split

AskModel = Callable[[str, Tensors], Awaitable[Tensors]]


@dataclass(frozen=True)
class BatchOptions:
    """How requests are put together.

    Args:
        max_rows: of a batch; a request that has more goes alone.
        max_delay: seconds that a model waits for more requests though it is free.
        max_waiting: requests of a version that wait; more are refused.
    """

    max_rows: int = 128
    max_delay: float = 0.0
    max_waiting: int = 256


@dataclass(eq=False)
class _Waiting:
    """A request that waits for its answer."""

    inputs: Tensors
    rows: int
    answer: asyncio.Future[Tensors] = field(repr=False)


class Batcher:
    """The queues of one version: one for each signature and kind of inputs."""

    def __init__(self, ask: AskModel, options: BatchOptions) -> None:
        self._ask = ask
        self._options = options
        self._queues: dict[Any, collections.deque[_Waiting]] = {}
        self._workers: set[asyncio.Task[None]] = set()
        self._seconds = 0.01
        self.waiting = 0
        self.batches = 0
        self.rows = 0

    async def predict(
        self, name: str, signature: Signature, inputs: Tensors, deadline: float
    ) -> Tensors:
        """Answer a request, maybe with others.

        Args:
            deadline: by the monotonic clock.

        Raises:
            OverloadFailure: too many wait.
            LateFailure: the deadline has passed.
        """
        if self.waiting >= self._options.max_waiting:
            raise OverloadFailure("too many requests wait for the model", self._retry_after())
        loop = asyncio.get_running_loop()
        rows = next((tensor.rows for tensor in inputs.values()), -1)
        item = _Waiting(inputs, rows, loop.create_future())
        left = deadline - time.monotonic()
        if left <= 0:
            raise LateFailure("the time of the request is over")
        timer = loop.call_later(left, _too_late, item.answer)
        self.waiting += 1
        try:
            self._enqueue(self._kind(name, signature, item), item)
            return await item.answer
        finally:
            timer.cancel()
            self.waiting -= 1

    async def close(self) -> None:
        """Wait until all that wait are answered."""
        while self._workers:
            await asyncio.wait(self._workers)

    def _kind(self, name: str, signature: Signature, item: _Waiting) -> Any:
        if not signature.is_batchable or item.rows < 0:
            return name, item
        return name, tuple(sorted((key, each.kind) for key, each in item.inputs.items()))

    def _enqueue(self, kind: Any, item: _Waiting) -> None:
        queue = self._queues.get(kind)
        if queue is not None:
            queue.append(item)
            return
        self._queues[kind] = collections.deque([item])
        task = asyncio.create_task(self._work(kind))
        self._workers.add(task)
        task.add_done_callback(self._workers.discard)

    async def _work(self, kind: Any) -> None:
        """Answer all that waits in a queue, then drop the queue."""
        queue = self._queues[kind]
        try:
            while queue:
                if self._options.max_delay and self._rows_in(queue) < self._options.max_rows:
                    await asyncio.sleep(self._options.max_delay)
                batch = self._next(queue)
                if batch:
                    await self._answer(kind[0], batch)
        finally:
            del self._queues[kind]
            for item in queue:
                _fail(item, ModelFailure("the model's queue was closed", "died"))

    def _rows_in(self, queue: Sequence[_Waiting]) -> int:
        return sum(item.rows for item in queue)

    def _next(self, queue: collections.deque[_Waiting]) -> list[_Waiting]:
        batch: list[_Waiting] = []
        rows = 0
        while queue:
            if queue[0].answer.done():
                # Its time is over, or its client has gone.
                queue.popleft()
                continue
            if batch and rows + queue[0].rows > self._options.max_rows:
                break
            batch.append(queue.popleft())
            rows += batch[-1].rows
        return batch

    async def _answer(self, signature: str, batch: Sequence[_Waiting]) -> None:
        started = time.monotonic()
        inputs = {name: joined([i.inputs[name] for i in batch]) for name in batch[0].inputs}
        try:
            outputs = await self._ask(signature, inputs)
            parts = _parts(outputs, [item.rows for item in batch])
        except (ModelFailure, BadInputFailure) as failure:
            if len(batch) == 1:
                _fail(batch[0], failure)
                return
            # One request must not spoil the others: each is asked alone.
            for item in batch:
                if not item.answer.done():
                    await self._answer(signature, [item])
            return
        except ServingFailure as failure:
            for item in batch:
                _fail(item, failure)
            return
        except BaseException as error:
            for item in batch:
                _fail(item, error)
            raise
        self.batches += 1
        self.rows += sum(max(item.rows, 1) for item in batch)
        self._seconds = 0.9 * self._seconds + 0.1 * (time.monotonic() - started)
        for item, part in zip(batch, parts, strict=True):
            if not item.answer.done():
                item.answer.set_result(part)

    def _retry_after(self) -> int:
        batches = self.waiting / max(1.0, self.rows / max(self.batches, 1))
        return min(60, max(1, math.ceil(batches * self._seconds)))


def _parts(outputs: Tensors, rows: Sequence[int]) -> list[Tensors]:
    """Return the outputs of each request, after a look at the number of its rows."""
    if len(rows) == 1:
        return [outputs]
    parts: list[Tensors] = [{} for _ in rows]
    for name, tensor in outputs.items():
        if tensor.rows != sum(rows):
            raise ModelFailure(f"output {name!r} has {tensor.rows} rows for {sum(rows)}", "output")
        for part, piece, count in zip(parts, split(tensor, rows), rows, strict=True):
            if piece.rows != count:
                raise ModelFailure(f"output {name!r} was split wrongly", "output")
            part[name] = piece
    return parts


def _fail(item: _Waiting, error: BaseException) -> None:
    if not item.answer.done():
        item.answer.set_exception(error)


def _too_late(answer: asyncio.Future[Tensors]) -> None:
    if not answer.done():
        answer.set_exception(LateFailure("the time of the request is over"))
