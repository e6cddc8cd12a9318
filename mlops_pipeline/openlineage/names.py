"""Names in OpenLineage: the same in every run, so that consumers can join what runs did."""

from __future__ import annotations

import hashlib
import re
import uuid
from dataclasses import dataclass
from urllib.parse import unquote, urlsplit

LONGEST = 4_000
"""Characters of a name; some back ends refuse longer ones."""

_LOGIN = re.compile(r"(?<=://)[^/\s@]*@")


@dataclass(frozen=True)
class Named:
    """The name of a dataset or a job, and the namespace that it is unique in."""

    namespace: str
    name: str


def logical_name(namespace: str, pipeline: str, node: str, output: str) -> Named:
    """Return the name of what an output of a node is kept as: no id is in it."""
    return Named(namespace, f"{pipeline}/{node}/{output}"[:LONGEST])


def place_name(uri: str) -> Named:
    """Return the name of something that no node made, by where it is, as the naming rules say.

    >>> place_name("s3://key:secret@bucket/raw/a.csv?sig=1")
    Named(namespace='s3://bucket', name='raw/a.csv')
    """
    try:
        parts = urlsplit(without_login(uri))
    except ValueError:
        return Named("file", uri[:LONGEST])
    if "://" not in uri or parts.scheme in ("", "file"):
        path = unquote(parts.path) if parts.scheme == "file" else uri
        return Named("file", path[:LONGEST] or "/")
    name = parts.path.lstrip("/") or "/"
    return Named(f"{parts.scheme}://{parts.netloc}"[:LONGEST], name[:LONGEST])


def without_login(text: str) -> str:
    """Return a text without the user and password of any URL in it."""
    return _LOGIN.sub("", text) if "://" in text else text


def stable_uuid(moment: float, *parts: object) -> str:
    """Return a UUID of version 7 that is always the same for the same thing.

    Args:
        moment: when it began, in seconds since 1970; the UUIDs sort by it.
    """
    text = "\0".join(map(str, parts)).encode("utf-8", "replace")
    rest = int.from_bytes(hashlib.sha256(text).digest()[:10], "big")
    milliseconds = round(moment * 1000) if 0 < moment < 1e11 else 0
    number = (milliseconds & ((1 << 48) - 1)) << 80 | rest
    number = number & ~(0xF << 76) | 7 << 76
    return str(uuid.UUID(int=number & ~(3 << 62) | 2 << 62))
