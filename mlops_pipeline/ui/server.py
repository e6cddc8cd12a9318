"""The server of the pages: the address it listens on, the token, and the store as it is now."""

from __future__ import annotations

import errno
import ipaddress
import os
import secrets
import socket
import threading
from collections.abc import Callable
from dataclasses import dataclass, replace
from pathlib import Path

import uvicorn

from mlops_pipeline.errors import SettingsError
from mlops_pipeline.store import MetadataStore
from mlops_pipeline.ui.app import make_app
from mlops_pipeline.ui.guard import LOOPBACK, Access
from mlops_pipeline.ui.views import Reader

SHORTEST_TOKEN = 16
"""Characters that a token has at least."""


@dataclass(frozen=True)
class Address:
    """Where the server listens, and what it is called.

    Args:
        host: name or number of the interface.
        port: 0 for any that is free.
        names: further names under which it is reached.
        base: the path in front of all pages, where a proxy puts one.
    """

    host: str = "127.0.0.1"
    port: int = 0
    names: tuple[str, ...] = ()
    base: str = ""

    @property
    def is_loopback(self) -> bool:
        """True if only this machine can reach it."""
        try:
            return ipaddress.ip_address(self.host.strip("[]")).is_loopback
        except ValueError:
            return self.host == "localhost"

    @property
    def hosts(self) -> frozenset[str]:
        """Names that a request may ask for."""
        own = f"[{self.host.strip('[]')}]" if ":" in self.host else self.host
        names = (name.strip().lower().rstrip(".") for name in (own, *self.names))
        return LOOPBACK | frozenset(names)


class LateStore:
    """A store that comes when it comes: it is opened when first seen, and again when replaced.

    Args:
        empty: what pages are read from while there is none.
        stamp: tells one store from the next at the same place; None while there is none.
    """

    def __init__(
        self,
        empty: Reader,
        stamp: Callable[[], object | None],
        opened: Callable[[], MetadataStore],
    ) -> None:
        self._empty = empty
        self._stamp = stamp
        self._opened = opened
        self._lock = threading.Lock()
        self._store: MetadataStore | None = None
        self._seen: object | None = None

    def __call__(self) -> Reader:
        """Return what pages are read from now."""
        with self._lock:
            stamp = self._stamp()
            if stamp is None:
                self._store = None
            elif self._store is None or stamp != self._seen:
                # The one before is not closed: another page may be being read from it.
                self._store = self._opened()
            self._seen = stamp
            store = self._store
        if store is None:
            return replace(self._empty, there=False)
        return replace(self._empty, store=store, there=True)


def read_token(path: str) -> str:
    """Return the token of a file, which is made where it is missing; a new one without a file.

    Raises:
        SettingsError: others can read the file, or it holds no token.
    """
    if not path:
        return secrets.token_urlsafe(24)
    file = Path(path)
    try:
        if not file.exists():
            handle = os.open(file, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600)
            with open(handle, "w", encoding="utf-8") as new:  # noqa: PTH123 - it is open already
                new.write(f"{secrets.token_urlsafe(24)}\n")
        token = file.read_text(encoding="utf-8").strip()
        if file.stat().st_mode & 0o077:
            raise SettingsError(f"others can read the token file {path}", hint=f"chmod 600 {path}")
    except (OSError, UnicodeDecodeError) as error:
        raise SettingsError(
            f"the token file {path} cannot be used: {getattr(error, 'strerror', error)}",
            hint="name another one with --token-file",
        ) from None
    if len(token) < SHORTEST_TOKEN or not token.isascii() or not token.isprintable():
        raise SettingsError(
            f"the token file {path} holds no token of {SHORTEST_TOKEN} characters or more",
            hint="remove it, and it is made with a good one",
        )
    return token


def listen(address: Address) -> socket.socket:
    """Return a socket that listens at an address.

    Raises:
        SettingsError: it is taken, or no address of this machine.
    """
    host = address.host.strip("[]")
    family = socket.AF_INET6 if ":" in host else socket.AF_INET
    # Without the protocol, asyncio would let small answers wait 40 ms for the next one.
    sock = socket.socket(family, socket.SOCK_STREAM, socket.IPPROTO_TCP)
    try:
        sock.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        sock.bind((host, address.port))
        sock.listen(128)
    except OSError as error:
        sock.close()
        if error.errno == errno.EADDRINUSE:
            hint = "choose another with --port; 0 takes any that is free"
            raise SettingsError(f"port {address.port} is taken", hint=hint) from None
        raise SettingsError(
            f"cannot listen on {host} port {address.port}: {error.strerror or error}",
            hint="--host takes a name or number of this machine",
        ) from None
    return sock


def url_of(address: Address, port: int, token: str, page: str = "") -> str:
    """Return the address of a page for a browser, with the token that lets it in."""
    host = address.host.strip("[]")
    if host in ("0.0.0.0", "::"):
        host = next(iter(address.names), "localhost")
    shown = f"[{host}]" if ":" in host else host
    path = page.removeprefix("./")
    sign = "&" if "?" in path else "?"
    return f"http://{shown}:{port}{address.base}/{path}{f'{sign}token={token}' if token else ''}"


def serve(reader: Callable[[], Reader], address: Address, sock: socket.socket, token: str) -> None:
    """Serve the pages until the process is asked to end."""
    access = Access(token, address.hosts, address.base)
    config = uvicorn.Config(
        make_app(reader, access),
        # Addresses hold the token; and only a proxy that is named may say who asks.
        access_log=False,
        proxy_headers=False,
        server_header=False,
        log_level="warning",
        lifespan="off",
        ws="none",
        timeout_graceful_shutdown=1,
    )
    uvicorn.Server(config).run(sockets=[sock])


def base_path(text: str) -> str:
    """Return the path in front of all pages: `/a/b`, or empty.

    Raises:
        SettingsError: it is no path.
    """
    path = text.strip("/")
    parts = path.split("/") if path else []
    if any(
        part in ("", ".", "..")
        or not part.isascii()
        or not part.isprintable()
        or set(part) & set(" ?#%\\;")
        for part in parts
    ):
        raise SettingsError(f"--base-path {text!r} is no path", hint="write it as /a/b")
    return f"/{path}" if path else ""
