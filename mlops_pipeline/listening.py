"""Where a server listens, and the token that it asks for."""

from __future__ import annotations

import errno
import ipaddress
import os
import secrets
import socket
from dataclasses import dataclass
from pathlib import Path

from mlops_pipeline.errors import SettingsError

LOOPBACK = frozenset({"localhost", "127.0.0.1", "[::1]"})
"""Names of this machine that lead nowhere else."""

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
