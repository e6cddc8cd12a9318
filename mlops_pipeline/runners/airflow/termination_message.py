"""Results of steps as termination messages of their containers, which Kubernetes keeps with a pod.

A message takes 4,096 bytes, and needs neither a sidecar nor a store that Airflow can reach. It is
JSON, compressed by zlib, in base64.
"""

from __future__ import annotations

import base64
import binascii
import json
import zlib
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from mlops_pipeline.errors import SettingsError

TERMINATION_LOG = "/dev/termination-log"
"""File in a container that Kubernetes reads the message from."""

LONGEST = 4096
"""Bytes of a message that Kubernetes keeps."""

_REASON = 1500
"""Characters that stay of a long reason."""


def write_message(data: Any, file: Path) -> None:
    """Write the result of a step as the message of this container, in place: pods mount the file.

    Raises:
        SettingsError: it is a list that is too long.
    """
    file.write_text(pack(data), encoding="ascii")


def pack(data: Any) -> str:
    """Return a result as a message; of a node, what people read of it goes if it is too long.

    Raises:
        SettingsError: it is a list that is too long.
    """
    text = _compressed(data)
    if len(text) <= LONGEST:
        return text
    if not isinstance(data, Mapping):
        raise SettingsError(
            f"{len(data):,} iterations are too many for the message that a pod ends with",
            hint='run this pipeline with mode="container" or mode="process"',
        )
    text = _compressed({**data, "artifacts": {}, "outputs": {}})
    if len(text) <= LONGEST:
        return text
    reason = str(data.get("reason", ""))[:_REASON]
    return _compressed({**data, "artifacts": {}, "outputs": {}, "gate": None, "reason": reason})


def unpack(message: str | None) -> Any:
    """Return the result in a message; None if it is of something else, or there is none."""
    try:
        return json.loads(zlib.decompress(base64.b64decode(message or "", validate=True)))
    except (binascii.Error, zlib.error, ValueError):
        return None


def _compressed(data: Any) -> str:
    return base64.b64encode(zlib.compress(json.dumps(data).encode(), 9)).decode()
