"""Asks an ASGI application in this process, as a browser asks a server."""

from __future__ import annotations

import asyncio
import contextlib
import json
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any
from urllib.parse import unquote


@dataclass(frozen=True)
class Answer:
    """What an application answers."""

    status_code: int
    headers: Mapping[str, str]
    content: bytes

    @property
    def text(self) -> str:
        return self.content.decode()

    def json(self) -> Any:
        return json.loads(self.content)


@dataclass(frozen=True)
class Asking:
    """Asks one application.

    Args:
        host: what requests give as the host; several headers where it has commas.
    """

    app: Any
    host: str = "127.0.0.1:8700"

    def get(self, address: str, **headers: str) -> Answer:
        return self.request("GET", address, **headers)

    def request(self, method: str, address: str, body: str = "", **headers: str) -> Answer:
        """Send a request; `_` in the name of a header stands for `-`."""
        path, _, query = address.replace("/./", "/").partition("?")
        named = [("host", each) for each in self.host.split(",") if each]
        named += [(name.replace("_", "-"), value) for name, value in headers.items()]
        scope = {
            "type": "http",
            "asgi": {"version": "3.0"},
            "http_version": "1.1",
            "method": method,
            "scheme": "http",
            "path": unquote(path),
            "raw_path": path.encode(),
            "query_string": query.encode(),
            "root_path": "",
            "headers": [(name.encode(), value.encode("latin-1")) for name, value in named],
            "client": ("127.0.0.1", 1),
            "server": ("127.0.0.1", 8700),
        }
        return asyncio.run(_ask(self.app, scope, body.encode()))


async def _ask(app: Any, scope: dict[str, Any], body: bytes) -> Answer:
    sent: list[Any] = []
    asked = iter([{"type": "http.request", "body": body, "more_body": False}])

    async def receive() -> Any:
        for message in asked:
            return message
        # The browser stays until it has the whole answer.
        return await asyncio.Event().wait()

    async def send(message: Any) -> None:
        sent.append(message)

    # A server writes the traceback of a defect; the answer has been sent before it.
    with contextlib.suppress(RuntimeError):
        await app(scope, receive, send)
    headers = {name.decode().lower(): value.decode() for name, value in sent[0]["headers"]}
    content = b"".join(message.get("body", b"") for message in sent[1:])
    return Answer(sent[0]["status"], headers, content)
