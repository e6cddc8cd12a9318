"""Requests within their limits: those that are too large, too slow or gone cost nothing."""

from __future__ import annotations

import asyncio
from typing import Any

import pytest

from mlops_pipeline.serving.models import BadInputFailure, OverloadFailure, ServingFailure
from mlops_pipeline.serving.web import WebOptions
from mlops_pipeline.serving.web.requests import (
    Bodies,
    GoneFailure,
    SlowFailure,
    TooLargeFailure,
    read_request,
)

OPTIONS = WebOptions(max_body=10, max_bodies=15, body_seconds=0.05)


def read(parts: list[Any], headers: dict[str, str] | None = None, bodies: Any = None) -> Any:
    """Read a request whose body comes in parts; a number is a wait."""
    named = [(name.encode(), value.encode()) for name, value in (headers or {}).items()]
    scope = {"method": "POST", "path": "/", "headers": named}
    left = list(parts)

    async def receive() -> Any:
        part = left.pop(0)
        if isinstance(part, float):
            await asyncio.sleep(part)
            part = b""
        if part is None:
            return {"type": "http.disconnect"}
        return {"type": "http.request", "body": part, "more_body": bool(left)}

    return asyncio.run(read_request(scope, receive, OPTIONS, bodies or Bodies(15)))


def test_a_body_in_parts_arrives_whole_and_stays_counted() -> None:
    bodies = Bodies(15)
    assert read([b"12", b"34"], bodies=bodies).body == b"1234"
    assert bodies.held == 4


@pytest.mark.parametrize(
    ("parts", "headers", "failure"),
    [
        ([b"12345678901"], {}, TooLargeFailure),
        ([b"123456", b"789012", b"1"], {}, TooLargeFailure),
        ([b""], {"content-length": "11"}, TooLargeFailure),
        ([b"1", 5.0, b"2"], {}, SlowFailure),
        ([b"1", None], {}, GoneFailure),
        ([b""], {"x-mlops-timeout": "soon"}, BadInputFailure),
        ([b""], {"x-mlops-timeout": "nan"}, BadInputFailure),
        ([b""], {"x-mlops-timeout": "-1"}, BadInputFailure),
        ([b""], {"x-mlops-key": "k" * 600}, BadInputFailure),
    ],
)
def test_what_breaks_a_limit_leaves_nothing_behind(
    parts: list[Any], headers: dict[str, str], failure: type[ServingFailure]
) -> None:
    bodies = Bodies(15)
    with pytest.raises(failure):
        read(parts, headers, bodies)
    assert bodies.held == 0


def test_all_bodies_together_are_limited() -> None:
    bodies = Bodies(15)
    read([b"1234567890"], bodies=bodies)
    with pytest.raises(OverloadFailure):
        read([b"1234567890"], bodies=bodies)
    assert bodies.held == 10


def test_a_client_may_ask_for_less_time_but_not_for_more() -> None:
    import time

    assert read([b""], {"x-mlops-timeout": "5"}).deadline < time.monotonic() + 6
    assert read([b""], {"x-mlops-timeout": "9999"}).deadline < time.monotonic() + 31
