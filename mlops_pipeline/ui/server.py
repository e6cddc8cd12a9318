"""The server of the pages: their address for a browser, and the store as it is now."""

from __future__ import annotations

import socket
import threading
from collections.abc import Callable
from dataclasses import replace

import uvicorn

from mlops_pipeline.errors import SettingsError
from mlops_pipeline.listening import Address
from mlops_pipeline.store import MetadataStore
from mlops_pipeline.ui.app import make_app
from mlops_pipeline.ui.guard import Access
from mlops_pipeline.ui.views import Reader


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
