"""URIs of artifacts: what is a path on this machine, and what is elsewhere."""

from __future__ import annotations

from pathlib import Path
from urllib.parse import unquote


def is_remote(uri: str) -> bool:
    """Return True if a URI is a URL, without a path on this machine."""
    scheme, separator, _ = uri.partition("://")
    return bool(separator) and scheme not in ("file", "local")


def local_place(uri: str) -> Path:
    """Return the path of a URI that is not remote."""
    return Path(unquote(uri.partition("://")[2])) if "://" in uri else Path(uri)
