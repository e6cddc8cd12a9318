"""The metadata server: all of MLMD's service, for many clients, whatever some of them do."""

from __future__ import annotations

import asyncio
import contextlib
import threading
from collections.abc import Iterator
from pathlib import Path

import grpc
import pytest

from mlops_metadata.by_server import open_grpc
from mlops_metadata.messages import SERVICE, service
from mlops_metadata.server.fair_queue import BusyError, Turns
from mlops_metadata.server.grpc_server import MetadataServer, ServerOptions
from mlops_pipeline.store import Run

pytestmark = pytest.mark.mlmd


@pytest.fixture
def server(tmp_path: Path) -> Iterator[MetadataServer]:
    server = MetadataServer(f"sqlite:///{tmp_path}/metadata.db", ServerOptions(port=0))
    yield server
    server.stop()


@pytest.fixture
def channel(server: MetadataServer) -> Iterator[grpc.Channel]:
    with grpc.insecure_channel(server.url.removeprefix("grpc://")) as opened:
        yield opened


def test_requests_that_never_end_hold_up_nobody(server: MetadataServer) -> None:
    go_on = threading.Event()

    def endless() -> Iterator[bytes]:
        go_on.wait(60)
        yield b""

    path = f"/{service.DESCRIPTOR.package}.{SERVICE}/GetArtifacts"
    with contextlib.ExitStack() as stack:
        stack.callback(go_on.set)
        started = []
        for number in range(60):
            # A connection of its own each.
            place = server.url.removeprefix("grpc://")
            options = [("grpc.use_local_subchannel_pool", 1), ("number", number)]
            channel = stack.enter_context(grpc.insecure_channel(place, options=options))
            started.append(channel.stream_unary(path).future(endless(), wait_for_ready=True))
        with contextlib.closing(open_grpc(server.url)) as client:
            client.put_run(Run("r1", "taxi"))
            assert client.get_run("r1") is not None
        assert not any(each.done() for each in started)
        for each in started:
            each.cancel()


def test_a_client_with_many_requests_takes_turns_with_others() -> None:
    async def scene() -> list[str]:
        turns, order = Turns(), []
        hold = threading.Event()
        first = asyncio.create_task(turns.run("eager", lambda: hold.wait(10)))
        await asyncio.sleep(0)
        eager = [turns.run("eager", lambda: order.append("eager")) for _ in range(5)]
        others = [turns.run(name, lambda name=name: order.append(name)) for name in ("b", "c")]
        waiting = asyncio.gather(*eager, *others)
        await asyncio.sleep(0)
        hold.set()
        await asyncio.gather(first, waiting)
        turns.close()
        return order

    assert asyncio.run(scene()) == ["eager", "b", "c", *["eager"] * 4]


def test_who_gives_up_waiting_keeps_nobody_waiting() -> None:
    async def scene() -> list[str]:
        turns, order = Turns(), []
        hold = threading.Event()

        def slow() -> None:
            hold.wait(10)
            order.append("slow")

        running = asyncio.create_task(turns.run("a", slow))
        waiting = asyncio.create_task(turns.run("b", lambda: order.append("never")))
        last = asyncio.create_task(turns.run("c", lambda: order.append("last")))
        await asyncio.sleep(0)
        running.cancel()
        waiting.cancel()
        await asyncio.sleep(0)
        hold.set()
        await last
        turns.close()
        return order

    # What has begun comes to its end; what has not never begins.
    assert asyncio.run(scene()) == ["slow", "last"]


def test_what_is_too_much_to_wait_is_refused_and_never_begins() -> None:
    async def scene() -> list[str]:
        turns, order = Turns(most=3, most_bytes=100), []
        hold = threading.Event()
        running = asyncio.create_task(turns.run("a", lambda: hold.wait(10), 10))
        waiting = asyncio.create_task(turns.run("a", lambda: order.append("waited"), 50))
        await asyncio.sleep(0)
        with pytest.raises(BusyError, match="2 requests of 60 bytes"):
            await turns.run("b", lambda: order.append("never"), 41)
        third = asyncio.create_task(turns.run("c", lambda: order.append("third"), 0))
        await asyncio.sleep(0)
        with pytest.raises(BusyError):
            await turns.run("d", lambda: order.append("never"), 0)
        hold.set()
        await asyncio.gather(running, waiting, third)
        # What is larger than all that may wait is answered where nothing else waits.
        await turns.run("e", lambda: order.append("large"), 1000)
        turns.close()
        return order

    assert asyncio.run(scene()) == ["waited", "third", "large"]
