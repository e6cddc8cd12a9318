"""Hints for open pages: what is sent, when, and to how many."""

from __future__ import annotations

import asyncio
import json
from typing import Any

import pytest

from mlops_pipeline.ui import events
from mlops_pipeline.ui.events import MOST_PAGES, MOST_STREAMS, Hints
from mlops_pipeline.ui.views import Reader


def hints_of(sent: list[str]) -> list[dict[str, str]]:
    return [json.loads(text[6:]) for text in sent if text.startswith("data: ")]


@pytest.mark.slow  # Seconds of a stream.
def test_a_stream_tells_the_tags_of_its_pages_and_then_only_what_changes() -> None:
    tags = {"a": iter("1122"), "b": iter("7777")}

    async def listen() -> list[str]:
        sent: list[str] = []
        async for text in Hints(lambda page: next(tags[page])).stream(["a", "b"]):
            sent.append(text)
            if len(hints_of(sent)) == 3:
                return sent
        return sent

    sent = asyncio.run(listen())
    assert [(each["page"], each["tag"]) for each in hints_of(sent)] == [
        ("a", "1"),
        ("b", "7"),
        ("a", "2"),
    ]


def test_one_look_serves_all_who_listen() -> None:
    looked: list[str] = []

    def tag(page: str) -> str:
        looked.append(page)
        return "1"

    async def listen() -> None:
        hints = Hints(tag)
        streams = [hints.stream(["a"]) for _ in range(8)]
        for stream in streams:
            await stream.__anext__()
        assert await asyncio.gather(*(stream.__anext__() for stream in streams))
        for stream in streams:
            await stream.aclose()

    asyncio.run(listen())
    assert looked == ["a"]


def test_a_stream_that_nobody_reads_any_more_makes_room() -> None:
    async def listen() -> None:
        hints = Hints(lambda page: "1")
        streams = [hints.stream(["a"]) for _ in range(MOST_STREAMS)]
        for stream in streams:
            await stream.__anext__()
        assert hints.full
        for stream in streams:
            await stream.aclose()
        assert not hints.full

    asyncio.run(listen())


def test_pages_that_were_looked_at_long_ago_are_forgotten(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(events, "PAUSE", 0.0)
    monkeypatch.setattr(events, "MOST_KNOWN", 5)

    async def listen() -> int:
        hints = Hints(lambda page: "1")
        for i in range(50):
            stream = hints.stream([str(i)])
            await stream.__anext__()
            await stream.__anext__()
            await stream.aclose()
        return len(hints._known) + len(hints._busy)

    assert asyncio.run(listen()) <= 14


@pytest.mark.parametrize(
    "query",
    ["", "?page=nothing", "?page=runs&page=../x", "?" + "&".join(["page=runs"] * (MOST_PAGES + 1))],
)
def test_only_pages_that_there_are_can_be_followed(reader: Reader, client: Any, query: str) -> None:
    assert client(reader).get(f"/events{query}").status_code == 400
