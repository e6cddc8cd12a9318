"""URLs of stores behind a server."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from urllib.parse import parse_qsl, unquote, urlsplit

from mlops_pipeline.errors import StoreError, did_you_mean
from mlops_pipeline.uris import without_password

PASSWORD = "MLOPS_METADATA_PASSWORD"
"""Environment variable: the password of a database server."""


@dataclass(frozen=True)
class ServerPlace:
    """A server, a database on it, and the options of a URL."""

    host: str
    port: int
    user: str
    database: str
    options: dict[str, str]

    @property
    def may_create(self) -> bool:
        """True if a database that is missing is to be made."""
        return self.options.get("create", "on") == "on"


def split_url(url: str, form: str, known: Sequence[str]) -> ServerPlace:
    """Take the URL of a store apart.

    Args:
        form: what such a URL looks like.
        known: its options.

    Raises:
        StoreError: it is none, or holds a password.
    """
    # Nothing of what may be a password is ever shown, whatever signs are in it.
    masked = without_password(url)
    shown = masked.partition("?")[0]
    if masked != url:
        raise StoreError(
            f"{shown} holds a password, which would be shown wherever the store is named",
            hint=f"leave it out, and set ${PASSWORD}",
        )
    try:
        parts = urlsplit(url)
        port = parts.port or 0
    except ValueError:
        raise StoreError(f"{shown} is not the URL of a store", hint=f"write {form}") from None
    if not parts.hostname:
        raise StoreError(f"{shown} names no host", hint=f"write {form}")
    options = dict(parse_qsl(parts.query))
    for name in options:
        if name not in known:
            raise StoreError(f"{shown}: unknown option {name!r}", hint=did_you_mean(name, known))
    if options.get("create", "on") not in ("on", "off"):
        raise StoreError(f"{shown}: create is {options['create']!r}", hint="create is on or off")
    database = parts.path.strip("/")
    return ServerPlace(parts.hostname, port, unquote(parts.username or ""), database, options)
