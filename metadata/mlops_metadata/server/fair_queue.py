"""One call at a time, and each client in its turn.

There is one connection to the database, so more than one at a time would gain nothing. In the order
of coming alone, a client with a hundred requests under way would make all others wait for all of
them.
"""

from __future__ import annotations

import asyncio
from collections import OrderedDict, deque
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from typing import TypeVar

_Answer = TypeVar("_Answer")


class BusyError(Exception):
    """Too much waits; nothing has come of the call."""


class Turns:
    """Runs calls in one thread; to be used from one event loop.

    Args:
        most: calls that may wait.
        most_bytes: what they may hold in memory.
    """

    def __init__(self, most: int = 1000, most_bytes: int = 2**30) -> None:
        self._most, self._most_bytes = most, most_bytes
        self._count = self._bytes = 0
        self._waiting: OrderedDict[str, deque[asyncio.Future[None]]] = OrderedDict()
        self._thread = ThreadPoolExecutor(1, "metadata")
        self._busy = False

    async def run(self, client: str, call: Callable[[], _Answer], size: int = 0) -> _Answer:
        """Run a call when its client's turn has come.

        A call that has begun comes to its end, also where nobody waits for its answer any more.

        Args:
            client: who asks, such as an address.
            size: bytes that it holds in memory.

        Raises:
            BusyError: too much waits.
        """
        if self._count and (self._count >= self._most or self._bytes + size > self._most_bytes):
            raise BusyError(
                f"the server is busy: {self._count:,} requests of {self._bytes:,} bytes wait"
            )
        self._count += 1
        self._bytes += size
        try:
            return await self._run(client, call)
        finally:
            self._count -= 1
            self._bytes -= size

    async def _run(self, client: str, call: Callable[[], _Answer]) -> _Answer:
        loop = asyncio.get_running_loop()
        turn: asyncio.Future[None] = loop.create_future()
        self._waiting.setdefault(client, deque()).append(turn)
        self._next()
        try:
            await turn
        except asyncio.CancelledError:
            if turn.done() and not turn.cancelled():
                self._end()
            raise
        running = loop.run_in_executor(self._thread, call)
        running.add_done_callback(lambda _: self._end())
        return await asyncio.shield(running)

    def _end(self) -> None:
        self._busy = False
        self._next()

    def _next(self) -> None:
        while self._waiting and not self._busy:
            client, turns = self._waiting.popitem(last=False)
            turn = turns.popleft()
            if turns:
                # It goes to the end of the line with what else it wants.
                self._waiting[client] = turns
            if not turn.done():
                self._busy = True
                turn.set_result(None)

    def close(self) -> None:
        """Let the call that runs come to its end."""
        self._thread.shutdown()
