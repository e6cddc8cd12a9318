"""What a worker process and its parent say to each other, as lines of JSON.

Apart from `worker`, so that the parent does not import what runs tasks.
"""

from __future__ import annotations

import json
import threading
from typing import TypeVar

import msgspec
from msgspec import Struct

from mlops_pipeline.executors import Task, TaskResult

_M = TypeVar("_M", bound=Struct)


class TaskRequest(Struct, frozen=True):
    """A task, and the line that ends its output."""

    task: Task
    end_of_output: str


class Reply(Struct, frozen=True):
    """Result of a task in a worker.

    Args:
        reusable: false if it left child processes behind.
        imported: first-party files that were imported for it, with their stamps.
    """

    result: TaskResult
    reusable: bool = True
    imported: dict[str, str] = {}


def to_line(message: TaskRequest | Reply) -> bytes:
    """Return a message as a line of JSON; it may have Python's `NaN` and `Infinity`."""
    return json.dumps(msgspec.to_builtins(message)).encode() + b"\n"


def from_line(line: bytes, kind: type[_M]) -> _M:
    """Return the message in a line."""
    plain = json.loads(line)
    # Two threads that are the first to read a type with msgspec end the process (SIGSEGV).
    with _READING:
        return msgspec.convert(plain, kind)


_READING = threading.Lock()
