"""The limit of memory that a worker process may have hit, and the option that raises it."""

from __future__ import annotations

import os
from collections.abc import Mapping
from pathlib import Path

CGROUPS = Path("/sys/fs/cgroup")

_FILES = ("memory.max", "memory/memory.limit_in_bytes")
"""Files with a container's limit in bytes, as it sees them itself: cgroup v2, and v1."""

_UNLIMITED = 2**60
"""Bytes from which on a limit of cgroup v1 means that there is none."""


def out_of_memory_hint(environment: Mapping[str, str] = os.environ, cgroups: Path = CGROUPS) -> str:
    """Return a hint for a process that was killed with SIGKILL, as the kernel does it."""
    limit = memory_limit(cgroups)
    if "KUBERNETES_SERVICE_HOST" not in environment:
        within = f" (the limit here is {_size(limit)})" if limit else ""
        return f"it may have run out of memory{within}: see `dmesg`, use fewer workers"
    known = f"its pod may use {_size(limit)}" if limit else "its pod has no limit, its machine has"
    option = '.options(resources=Resources(memory="8Gi"))'
    return f"it may have run out of memory: {known}; give the node more with {option}"


def memory_limit(cgroups: Path = CGROUPS) -> int | None:
    """Return the bytes that the container of this process may use; None if there is no limit."""
    for name in _FILES:
        try:
            text = (cgroups / name).read_text().strip()
        except OSError:
            continue
        if text.isdigit() and int(text) < _UNLIMITED:
            return int(text)
    return None


def _size(count: int) -> str:
    """Return a number of bytes as Kubernetes writes it: `512Mi`."""
    for unit, size in (("Gi", 2**30), ("Mi", 2**20), ("Ki", 2**10)):
        if count % size == 0 and count:
            return f"{count // size}{unit}"
    return f"{count:,} bytes"
