"""The guard in front of all pages: the host that is asked for, the token, the headers of answers.

A page on the web can make a browser send requests to this machine, also under a name of its own
that leads here. So the name of the host has to be one of ours, and nothing is shown without the
token, which a browser swaps for a cookie that no script can read.
"""

from __future__ import annotations

import hashlib
import hmac
import re
from collections.abc import Awaitable, Callable, MutableMapping
from dataclasses import dataclass
from http.cookies import CookieError, SimpleCookie
from typing import Any
from urllib.parse import parse_qsl, urlencode

from starlette.responses import RedirectResponse, Response

from mlops_pipeline.listening import LOOPBACK

Scope = MutableMapping[str, Any]
Message = MutableMapping[str, Any]
Receive = Callable[[], Awaitable[Message]]
Send = Callable[[Message], Awaitable[None]]
App = Callable[[Scope, Receive, Send], Awaitable[None]]
Refuse = Callable[[Scope, int, str, str], Response]
"""Makes the answer to a request that is refused: status, what is wrong, what to do."""

PUBLIC = ("static/", "login")
"""Beginnings of the paths that need no token."""

POLICY = (
    "default-src 'none'; script-src 'self'; style-src 'self'; img-src 'self' data:; "
    "connect-src 'self'; frame-src 'self'; form-action 'self'; base-uri 'none'; "
    "frame-ancestors 'none'"
)

HEADERS = {
    "content-security-policy": POLICY,
    "cross-origin-opener-policy": "same-origin",
    "cross-origin-resource-policy": "same-origin",
    "permissions-policy": "camera=(), geolocation=(), microphone=()",
    "referrer-policy": "no-referrer",
    "x-content-type-options": "nosniff",
    "x-frame-options": "DENY",
}
"""Headers of every answer that does not set them itself."""

_HOST = re.compile(r"(\[[0-9A-Fa-f:.]+\]|[A-Za-z0-9._-]+)(?::\d{1,5})?")


@dataclass(frozen=True)
class Access:
    """Who may see the pages.

    Args:
        token: the secret that a request has to bring; empty if none has to.
        hosts: names of this server; ports do not count.
        base: the path in front of all pages, as `/a/b`; empty if there is none.
    """

    token: str = ""
    hosts: frozenset[str] = LOOPBACK
    base: str = ""

    @property
    def cookie(self) -> str:
        """The name of the cookie: servers on other ports of this machine have their own."""
        return f"mlops-ui-{_digest('name', self.token)[:12]}"

    @property
    def pass_value(self) -> str:
        """The value of the cookie, of which the token cannot be found out."""
        return _digest("pass", self.token)

    def knows(self, given: str) -> bool:
        """Return True for the token."""
        return bool(self.token) and hmac.compare_digest(given.encode(), self.token.encode())


def _digest(use: str, token: str) -> str:
    return hmac.new(token.encode(), use.encode(), hashlib.sha256).hexdigest()


class Guard:
    """An ASGI application that lets through to another one what may see it."""

    def __init__(self, app: App, access: Access, refuse: Refuse) -> None:
        self._app = app
        self._access = access
        self._refuse = refuse

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        if scope["type"] == "lifespan":
            await self._app(scope, receive, send)
        elif scope["type"] == "http":
            inner = self._without_base(scope)
            answer = self._decide(inner) or self._app
            await answer(inner, receive, _with_headers(send))
        else:
            await send({"type": "websocket.close", "code": 1008})

    def _without_base(self, scope: Scope) -> Scope:
        """Return the request without the path in front, which a proxy may have cut already."""
        base, path = self._access.base, scope["path"]
        if base and (path == base or path.startswith(f"{base}/")):
            return {**scope, "path": path[len(base) :], "root_path": ""}
        return {**scope, "root_path": ""}

    def _decide(self, scope: Scope) -> Response | None:
        """Return the answer to a request that goes no further; None for one that does."""
        hosts = [value for name, value in scope["headers"] if name == b"host"]
        match = _HOST.fullmatch(hosts[0].decode("latin-1")) if len(hosts) == 1 else None
        name = match[1].lower().rstrip(".") if match else ""
        if name not in self._access.hosts:
            return self._refuse(
                scope,
                403,
                f"this server does not go by the name {name!r}",
                f"start it with `--allowed-host {name or 'NAME'}` if that is a name of it",
            )
        if scope["path"] == "":
            # Links are relative, and start at the folder of the page.
            return RedirectResponse(f"{self._access.base.rpartition('/')[2]}/", status_code=308)
        path = scope["path"].lstrip("/")
        if not self._access.token or path.startswith(PUBLIC):
            return None
        given = dict(parse_qsl(scope["query_string"].decode("latin-1"), keep_blank_values=True))
        if "token" in given:
            return self._exchange(scope, path, given)
        if self._is_known(scope):
            return None
        return self._refuse(
            scope, 401, "these pages need a token", "open the address that `mlops ui` has printed"
        )

    def _is_known(self, scope: Scope) -> bool:
        for name, value in scope["headers"]:
            text = value.decode("latin-1")
            if name == b"authorization":
                kind, _, token = text.partition(" ")
                return kind.lower() == "bearer" and self._access.knows(token.strip())
        cookies: SimpleCookie = SimpleCookie()
        for name, value in scope["headers"]:
            if name == b"cookie":
                try:
                    cookies.load(value.decode("latin-1"))
                except CookieError:
                    continue
        found = cookies.get(self._access.cookie)
        return found is not None and hmac.compare_digest(
            found.value.encode(), self._access.pass_value.encode()
        )

    def _exchange(self, scope: Scope, path: str, given: dict[str, str]) -> Response:
        """Swap the token of an address for the cookie, and lead to the address without it."""
        token = given.pop("token")
        if not self._access.knows(token):
            return self._refuse(
                scope, 401, "the token is not right", "open the address that `mlops ui` has printed"
            )
        query = urlencode(given)
        here = path.rpartition("/")[2]
        return self.let_in(f"{here or './'}{'?' if query else ''}{query}")

    def let_in(self, address: str) -> Response:
        """Return the answer that gives a browser the cookie, and leads it to a page."""
        answer = RedirectResponse("./", status_code=303)
        # Relative, and no path in the cookie: so the browser takes the folder that it has asked,
        # whatever prefix a proxy has put in front.
        answer.headers["location"] = address
        answer.headers["cache-control"] = "no-store"
        # Lax: links from elsewhere lead in, as from a scheduler; no request changes anything.
        answer.headers["set-cookie"] = (
            f"{self._access.cookie}={self._access.pass_value}; HttpOnly; SameSite=Lax"
        )
        return answer


def _with_headers(send: Send) -> Send:
    async def sending(message: Message) -> None:
        if message["type"] == "http.response.start":
            there = {name.lower() for name, _ in message["headers"]}
            message["headers"] = [
                *message["headers"],
                *((k.encode(), v.encode()) for k, v in HEADERS.items() if k.encode() not in there),
            ]
        await send(message)

    return sending
