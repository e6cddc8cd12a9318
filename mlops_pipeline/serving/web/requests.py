"""Requests as they come in: read within a size and a time, and what is answered."""

from __future__ import annotations

import asyncio
import math
import re
import secrets
import sys
import time
from collections.abc import Awaitable, Callable, Mapping, MutableMapping
from dataclasses import dataclass, field, replace
from typing import Any

from mlops_pipeline.serving.models import BadInputFailure, OverloadFailure, ServingFailure

AsgiScope = MutableMapping[str, Any]
AsgiMessage = MutableMapping[str, Any]
AsgiReceive = Callable[[], Awaitable[AsgiMessage]]
AsgiSend = Callable[[AsgiMessage], Awaitable[None]]

KEY_HEADER = b"x-mlops-key"
TIMEOUT_HEADER = b"x-mlops-timeout"
REQUEST_ID_HEADER = b"x-mlops-request-id"

_REQUEST_ID = re.compile(rb"[A-Za-z0-9._:-]{1,128}")


@dataclass(frozen=True)
class WebOptions:
    """What the server takes.

    Args:
        token: the secret that requests have to bring; empty if none has to.
        hosts: names that a request may ask for; empty for any.
        max_body: bytes of one request.
        max_bodies: bytes of all requests that are being answered.
        body_seconds: for a request to arrive.
        request_seconds: for its answer, if the client names no shorter time.
    """

    token: str = ""
    hosts: frozenset[str] = frozenset()
    max_body: int = 16 * 2**20
    max_bodies: int = 256 * 2**20
    body_seconds: float = 20.0
    request_seconds: float = 30.0


class TooLargeFailure(ServingFailure):
    """A request that is larger than the limit."""

    status = 413


class SlowFailure(ServingFailure):
    """A request that did not arrive in time."""

    status = 408


class GoneFailure(ServingFailure):
    """A client that has gone before its request was there."""

    status = 400


@dataclass(frozen=True)
class WebRequest:
    """A request that has arrived as a whole."""

    method: str
    path: str
    body: bytes
    deadline: float
    key: str = ""
    request_id: str = ""


@dataclass(frozen=True)
class WebReply:
    """An answer.

    Args:
        model: name of the model that was asked, if there is one; for metrics.
    """

    status: int
    body: bytes
    headers: Mapping[str, str] = field(default_factory=dict)
    kind: str = "application/json"
    model: str = ""
    version: str = ""


class Bodies:
    """The bytes of all requests that are being answered."""

    def __init__(self, most: int) -> None:
        self._most = most
        self.held = 0

    def take(self, size: int) -> None:
        """Count bytes in.

        Raises:
            OverloadFailure: there are too many.
        """
        if self.held + size > self._most:
            raise OverloadFailure("the requests that are being answered are too large together")
        self.held += size


async def read_request(
    scope: AsgiScope, receive: AsgiReceive, options: WebOptions, bodies: Bodies
) -> WebRequest:
    """Return a request once it is there; its bytes stay counted in `bodies`.

    Raises:
        ServingFailure: it is too large, too slow, or its headers are no good.
    """
    headers = dict(scope["headers"])
    seconds = _seconds(headers.get(TIMEOUT_HEADER, b""), options.request_seconds)
    key = headers.get(KEY_HEADER, b"").decode("latin-1")
    if len(key) > 512:
        raise BadInputFailure(f"{KEY_HEADER.decode()} has more than 512 characters")
    declared = headers.get(b"content-length", b"")
    if declared.isdigit() and int(declared) > options.max_body:
        raise _too_large(options)
    body = b""
    if scope["method"] not in ("GET", "HEAD"):
        body = await _read_body(receive, options, bodies)
    deadline = time.monotonic() + seconds
    given = headers.get(REQUEST_ID_HEADER, b"")
    # One that could break a line of a log, or has no end, is not taken.
    request_id = given.decode() if _REQUEST_ID.fullmatch(given) else secrets.token_hex(16)
    return WebRequest(scope["method"], scope["path"], body, deadline, key, request_id)


def named(reply: WebReply, request: WebRequest | None) -> WebReply:
    """Return an answer that says which request it is for."""
    if request is None:
        return reply
    headers = {**reply.headers, REQUEST_ID_HEADER.decode(): request.request_id}
    return replace(reply, headers=headers)


async def _read_body(receive: AsgiReceive, options: WebOptions, bodies: Bodies) -> bytes:
    parts: list[bytes] = []
    size = 0
    task = asyncio.current_task()
    is_late = False

    def give_up() -> None:
        nonlocal is_late
        is_late = True
        if task:
            task.cancel()

    timer = asyncio.get_running_loop().call_later(options.body_seconds, give_up)
    try:
        while True:
            received = await receive()
            if received["type"] == "http.disconnect":
                raise GoneFailure("the client has gone")
            part = received.get("body", b"")
            size += len(part)
            if size > options.max_body:
                raise _too_large(options)
            bodies.take(len(part))
            parts.append(part)
            if not received.get("more_body", False):
                return parts[0] if len(parts) == 1 else b"".join(parts)
    except BaseException as error:
        bodies.held -= sum(map(len, parts))
        if not is_late or not isinstance(error, asyncio.CancelledError):
            raise
        if task and sys.version_info >= (3, 11):
            task.uncancel()
        message = f"the request did not arrive within {options.body_seconds:g} s"
        raise SlowFailure(message) from None
    finally:
        timer.cancel()


def _too_large(options: WebOptions) -> TooLargeFailure:
    return TooLargeFailure(f"the request has more than {options.max_body} bytes")


def _seconds(text: bytes, most: float) -> float:
    if not text:
        return most
    try:
        found = float(text)
    except ValueError:
        found = math.nan
    if not 0 < found < math.inf:
        raise BadInputFailure(f"{TIMEOUT_HEADER.decode()} is no number of seconds")
    return min(found, most)
