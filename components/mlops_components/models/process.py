"""A process that loads a model and calls it; it is watched, and always ended."""

from __future__ import annotations

import json
import logging
import os
import select
import signal
import subprocess
import sys
import time
from collections.abc import Mapping
from contextlib import suppress
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from mlops_pipeline.artifacts import PropertyValue
from mlops_pipeline.errors import ExecutorError

STAMPED_FOLDER = "stamped_model"

log = logging.getLogger(__name__)

_START = (
    "import json, sys; sys.path[:] = json.loads(sys.argv.pop()); "
    "from mlops_components.models._ask import main; main(sys.argv[1], int(sys.argv[2]))"
)
# Until TensorFlow is there and the examples are read, which is not the model's time.
_START_SECONDS = 600
# How often a process is looked at that has a limit of memory.
_GLANCE = 0.05
_LAST_WORDS = 2000


@dataclass(frozen=True)
class Limits:
    """Limits for a model in seconds, milliseconds, megabytes; 0 is no limit."""

    loading: int
    request: int
    latency_ms: float
    memory_mb: int
    tries: int


@dataclass(frozen=True)
class Findings:
    """Results of the checks: reasons against the model, and measurements."""

    reasons: list[str] = field(default_factory=list)
    measured: dict[str, PropertyValue] = field(default_factory=dict)


class _Failed(Exception):
    """The model broke its process, or a limit: another try may end better."""


def examine(job: Mapping[str, Any], scratch: Path, limits: Limits) -> Findings:
    """Load and ask a model; what breaks the process, or a limit of it, is tried again.

    Args:
        job: what `_ask` is to do.
        scratch: the process works here.

    Raises:
        ExecutorError: the process did not get as far as the model.
    """
    failure = ""
    for attempt in range(1, limits.tries + 1):
        process = _Process(job, scratch)
        try:
            return _judged(_last_report(process, limits), limits)
        except _Failed as failed:
            failure = str(failed)
            log.warning("try %d of %d: %s\n%s", attempt, limits.tries, failure, process.last_words)
        finally:
            process.end()
    return Findings([f"{failure} ({limits.tries} tries)" if limits.tries > 1 else failure])


def _judged(report: Mapping[str, Any], limits: Limits) -> Findings:
    measured = report.get("measured", {})
    if report["event"] == "refused":
        return Findings([report["reason"]], measured)
    slow = [
        f"signature {signature!r} takes up to {times['p99_ms']:g} ms (99 of 100 requests), "
        f"the limit is {limits.latency_ms:g} ms"
        for signature, times in measured.get("latency", {}).items()
        if 0 < limits.latency_ms < times["p99_ms"]
    ]
    peak = measured["memory_mb"]
    # Such a peak may be over before the next look at the process.
    large = [f"the model used up to {peak} MB of memory, the limit is {limits.memory_mb} MB"]
    return Findings(slow + (large if 0 < limits.memory_mb < peak else []), measured)


def _last_report(process: _Process, limits: Limits) -> Mapping[str, Any]:
    """Follow a process through starting, loading and answering, each with its time."""
    doing, seconds = "start", _START_SECONDS
    while True:
        try:
            report = process.report(seconds, limits.memory_mb if doing != "start" else 0)
        except _Failed as failed:
            if doing == "start":
                raise ExecutorError(
                    f"the process that loads the model failed before that: {failed}",
                    hint="see whether TensorFlow can be imported here",
                    details=process.last_words,
                ) from None
            raise _Failed(f"asked to {doing}, the model {failed}") from None
        match report["event"]:
            case "unusable":
                raise ExecutorError(report["message"], hint=report["hint"], retryable=False)
            case "ready":
                _leave_room(report["memory_mb"], limits.memory_mb)
                doing, seconds = "load", limits.loading
            case "loaded" | "asked":
                doing, seconds = "answer", limits.request
            case _:
                return report


def _leave_room(used: float, limit: int) -> None:
    if 0 < limit <= used:
        raise ExecutorError(
            f"max_memory_mb is {limit}, but TensorFlow itself takes {used:.0f} MB before the model "
            "is loaded",
            hint="add what the model may take",
            retryable=False,
        )


class _Process:
    """The process as its parent sees it."""

    def __init__(self, job: Mapping[str, Any], scratch: Path) -> None:
        scratch.mkdir(parents=True, exist_ok=True)
        self._log = scratch / "output.log"
        description = scratch / "job.json"
        description.write_text(json.dumps(job))
        self._reports, written = os.pipe()
        with self._log.open("wb") as output:
            arguments = [str(description), str(written), json.dumps(sys.path)]
            self._process = subprocess.Popen(
                [sys.executable, "-c", _START, *arguments],
                pass_fds=(written,),
                # It ends when this pipe does: with us, however we end.
                stdin=subprocess.PIPE,
                stdout=output,
                stderr=output,
                cwd=scratch,
                start_new_session=True,
            )
        os.close(written)
        self._received = b""

    def report(self, seconds: float, memory_mb: int) -> dict[str, Any]:
        """Return the next report.

        Raises:
            _Failed: there is none within the time, or the process has died or grown too large.
        """
        deadline = time.monotonic() + seconds
        while b"\n" not in self._received:
            left = deadline - time.monotonic()
            if left <= 0:
                raise _Failed(f"took more than {seconds:g} s")
            wait = min(left, _GLANCE) if memory_mb else left
            if select.select([self._reports], [], [], wait)[0]:
                data = os.read(self._reports, 65536)
                if not data:
                    raise _Failed(self._death())
                self._received += data
            elif memory_mb and self._memory() > memory_mb:
                raise _Failed(f"used more than {memory_mb} MB of memory")
        line, _, self._received = self._received.partition(b"\n")
        found: dict[str, Any] = json.loads(line)
        return found

    @property
    def last_words(self) -> str:
        """The end of what the process has printed."""
        return self._log.read_bytes()[-_LAST_WORDS:].decode(errors="replace")

    def end(self) -> None:
        """Kill it and all that it started; harmless if it has ended."""
        with suppress(ProcessLookupError):
            os.killpg(self._process.pid, signal.SIGKILL)
        self._process.wait()
        os.close(self._reports)
        if self._process.stdin:
            self._process.stdin.close()

    def _death(self) -> str:
        code = self._process.wait()
        if code >= 0:
            return f"ended its process with exit code {code}"
        hint = " (out of memory?)" if code == -signal.SIGKILL else ""
        return f"crashed its process: {signal.Signals(-code).name}{hint}"

    def _memory(self) -> float:
        """Return the resident megabytes."""
        try:
            pages = int(Path(f"/proc/{self._process.pid}/statm").read_text().split()[1])
        except (OSError, IndexError):
            return 0
        return pages * os.sysconf("SC_PAGE_SIZE") / 2**20
