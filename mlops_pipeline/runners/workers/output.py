"""Output of a task, as the parent of its worker reads it: log, live lines, and the end."""

from __future__ import annotations

import os
import secrets
from collections.abc import Callable
from pathlib import Path
from typing import BinaryIO

from mlops_pipeline.executors import Redactor, Task
from mlops_pipeline.tracebacks import DETAILS_LIMIT, tail

_LONGEST_LINE = 64 * 1024


class Output:
    """Takes the output of one task, line by line and without its secrets.

    Args:
        on_line: is given each line, without its end.
    """

    def __init__(self, task: Task, on_line: Callable[[str], None] | None) -> None:
        self._redactor = Redactor(os.environ.get(v, "") for v in task.secrets.values())
        self._on_line = on_line
        self._log = _open_log(Path(task.log)) if task.log else None
        self.end_marker = f"{secrets.token_hex(16)}\n"
        self.ended = False
        self._partial = b""
        self._tail = b""

    @property
    def tail(self) -> str:
        """The last lines."""
        return tail(self._tail.decode(errors="replace"))

    def feed(self, data: bytes) -> None:
        """Take the next piece; `ended` is set when it has the end marker."""
        before, marker, _ = (self._partial + data).partition(self.end_marker.encode())
        *lines, self._partial = before.split(b"\n")
        for line in lines:
            self._take(line + b"\n")
        if marker:
            self.ended = True
            self._take(self._partial)
            self._partial = b""
        elif len(self._partial) > _LONGEST_LINE:
            # What is held back may be the start of a secret or of the marker.
            keep = max(self._redactor.longest, len(self.end_marker))
            hidden = self._redactor.data(self._partial)
            self._take(hidden[:-keep])
            self._partial = hidden[-keep:]

    def close(self) -> None:
        """Take an unfinished line as it is, and close the log."""
        self._take(self._partial)
        self._partial = b""
        if self._log:
            self._log.close()

    def _take(self, line: bytes) -> None:
        if not line:
            return
        line = self._redactor.data(line)
        self._tail = (self._tail + line)[-DETAILS_LIMIT:]
        if self._log:
            self._log.write(line)
        if self._on_line:
            # A progress bar writes over its line: only what is seen last counts.
            text = line.decode(errors="replace").rstrip("\r\n")
            self._on_line(text.rpartition("\r")[2])


def _open_log(path: Path) -> BinaryIO:
    try:
        return path.open("ab", buffering=0)
    except FileNotFoundError:
        path.parent.mkdir(parents=True, exist_ok=True)
        return path.open("ab", buffering=0)
