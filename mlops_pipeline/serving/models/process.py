"""A model's process as the server sees it: spawned, asked, timed, and always ended."""

from __future__ import annotations

import asyncio
import collections
import json
import logging
import os
import signal
import socket
import subprocess
import sys
import threading
import time
from collections.abc import Mapping
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path
from typing import IO

import msgspec

from mlops_pipeline.serving.models import wire
from mlops_pipeline.serving.models.failures import BadInputFailure, ModelFailure
from mlops_pipeline.serving.models.signatures import Tensors
from mlops_pipeline.serving.models.tensors import Tensor, checked_tensor

log = logging.getLogger(__name__)

_START = (
    "import json, sys; sys.path[:] = json.loads(sys.argv.pop()); "
    "from mlops_pipeline.serving.models.child import main; main()"
)
_LAST_LINES = 20
_LONGEST_LINE = 500
_PAGE = os.sysconf("SC_PAGE_SIZE")


@dataclass(frozen=True)
class ProcessLimits:
    """Limits of a model's process; 0 is no limit.

    Args:
        start_seconds: until the libraries of the model are imported.
        load_seconds: until the model is loaded and warm.
        request_seconds: for one batch; a model that takes longer hangs, and is ended.
        memory_mb: resident memory beyond which the process is replaced, and, at a quarter more,
            ended at once.
        address_space_mb: the process cannot ask for more (RLIMIT_AS).
        files: open files.
        max_requests: batches after which the process is replaced.
        max_age: seconds after which it is replaced.
    """

    start_seconds: float = 120
    load_seconds: float = 300
    request_seconds: float = 30
    memory_mb: int = 0
    address_space_mb: int = 0
    files: int = 1024
    max_requests: int = 0
    max_age: float = 0


class ModelProcess:
    """A process that holds one model, or none yet; it does one thing at a time."""

    def __init__(
        self,
        process: subprocess.Popen[bytes],
        streams: tuple[asyncio.StreamReader, asyncio.StreamWriter],
        limits: ProcessLimits,
    ) -> None:
        self.limits = limits
        self.asked = 0
        self.started = time.monotonic()
        self._process = process
        self._why = ""
        self._kind = "died"
        self._turn = asyncio.Lock()
        self._lines: collections.deque[str] = collections.deque(maxlen=_LAST_LINES)
        self._reader = streams[0]
        self._writer: asyncio.StreamWriter | None = streams[1]
        if process.stdout:
            threading.Thread(target=self._follow, args=(process.stdout,), daemon=True).start()

    @property
    def pid(self) -> int:
        """The number of the process."""
        return self._process.pid

    @property
    def is_alive(self) -> bool:
        """True until it has ended, or was ended."""
        return not self._why and self._process.poll() is None

    @property
    def is_worn(self) -> bool:
        """True if it is to be replaced, though it works."""
        limits = self.limits
        return (
            0 < limits.max_requests <= self.asked
            or 0 < limits.max_age <= time.monotonic() - self.started
            or 0 < limits.memory_mb <= self.memory_mb
        )

    @property
    def memory_mb(self) -> float:
        """Resident megabytes."""
        try:
            pages = int(Path(f"/proc/{self.pid}/statm").read_text().split()[1])
        except (OSError, IndexError, ValueError):
            return 0
        return pages * _PAGE / 2**20

    @property
    def last_words(self) -> str:
        """The end of what it has printed."""
        return "\n".join(self._lines)

    def end_if_too_large(self) -> None:
        """Kill it if its memory is far beyond the limit."""
        most = self.limits.memory_mb * 1.25
        if 0 < most < self.memory_mb:
            self.end(f"used more than {most:.0f} MB of memory", "memory")

    async def load(self, order: wire.LoadOrder) -> wire.ModelFacts:
        """Load a model and warm it up.

        Raises:
            ModelFailure: it cannot be loaded, or not in time.
        """
        reply, _ = await self._exchange(wire.frame(order), self.limits.load_seconds)
        if not isinstance(reply, wire.ModelFacts):
            raise ModelFailure("the model's process answered something else", "output")
        return reply

    async def get_ready(self, order: wire.ReadyOrder) -> None:
        """Import what a loader needs.

        Raises:
            ModelFailure: it cannot be imported, or not in time.
        """
        await self._exchange(wire.frame(order), self.limits.start_seconds)

    async def predict(self, signature: str, inputs: Tensors) -> Tensors:
        """Ask the model.

        Raises:
            ModelFailure: it fails, or takes too long, and is ended.
            BadInputFailure: the inputs do not fit.
        """
        self.asked += 1
        order = wire.PredictOrder(signature, wire.places(inputs))
        data = wire.frame(order, inputs)
        reply, found = await self._exchange(data, self.limits.request_seconds)
        if not isinstance(reply, wire.PredictReply):
            raise ModelFailure("the model's process answered something else", "output")
        return _safe(wire.tensors_in(reply.tensors, found))

    async def drain(self) -> None:
        """End it when it has answered what it was asked."""
        async with self._turn:
            self.end("was replaced", "died")

    def end(self, why: str, kind: str = "died") -> None:
        """Kill it and all that it started; harmless if it has ended."""
        if not self._why:
            self._why, self._kind = why, kind
        with suppress(ProcessLookupError, PermissionError):
            os.killpg(self._process.pid, signal.SIGKILL)
        if self._writer:
            self._writer.close()
            self._writer = None
        with suppress(subprocess.TimeoutExpired):
            self._process.wait(1)

    async def _exchange(self, data: bytes, seconds: float) -> tuple[wire.Reply, bytes]:
        async with self._turn:
            if self._writer is None:
                raise ModelFailure(f"the model's process {self._why or 'is gone'}", "died")
            timer = asyncio.get_running_loop().call_later(
                seconds or 10**9, self.end, f"took more than {seconds:g} s", "hung"
            )
            try:
                self._writer.write(data)
                await self._writer.drain()
                return await self._reply(self._reader)
            except (OSError, EOFError, msgspec.MsgspecError, ValueError) as error:
                message = self._death(error)
                self.end(message)
                log.warning("a model's process %s\n%s", message, self.last_words)
                raise ModelFailure(f"the model's process {message}", self._kind) from None
            except asyncio.CancelledError:
                # What it answers later would be taken for the answer to the next question.
                self.end("was asked by a task that was cancelled")
                raise
            finally:
                timer.cancel()

    async def _reply(self, reader: asyncio.StreamReader) -> tuple[wire.Reply, bytes]:
        head_size, size = wire.PREFIX.unpack(await reader.readexactly(wire.PREFIX.size))
        if size > wire.LARGEST:
            raise ValueError("a frame that is too large")
        reply = wire.replies.decode(await reader.readexactly(head_size))
        data = await reader.readexactly(size) if size else b""
        if isinstance(reply, wire.Trouble):
            if reply.kind == "input":
                raise BadInputFailure(reply.message)
            raise ModelFailure(reply.message, reply.kind)
        return reply, data

    def _death(self, error: Exception) -> str:
        if self._why:
            return self._why
        if not isinstance(error, OSError | EOFError):
            return "answered with bytes that are no answer"
        with suppress(subprocess.TimeoutExpired):
            code = self._process.wait(1)
            if code >= 0:
                return f"ended with exit code {code}"
            hint = " (out of memory?)" if code == -signal.SIGKILL else ""
            return f"crashed: {signal.Signals(-code).name}{hint}"
        return "closed its socket"

    def _follow(self, output: IO[bytes]) -> None:
        """Keep the last lines that the process prints, and hand all on to the log."""
        with output:
            while line := output.readline(_LONGEST_LINE):
                text = line.decode(errors="replace").rstrip()
                self._lines.append(text)
                log.info("model process %d: %s", self.pid, text)


def _safe(tensors: Mapping[str, Tensor]) -> Tensors:
    try:
        return {name: checked_tensor(t.dtype, t.shape, t.data) for name, t in tensors.items()}
    except BadInputFailure as failure:
        raise ModelFailure(f"the model's process gave {failure.message}", "output") from None


async def spawn(limits: ProcessLimits) -> ModelProcess:
    """Start a process without a model."""
    ours, theirs = socket.socketpair()
    told = {"address_space_mb": limits.address_space_mb, "files": limits.files}
    with theirs:
        process = subprocess.Popen(
            [
                *(sys.executable, "-c", _START),
                *(str(theirs.fileno()), json.dumps(told), str(os.getpid()), json.dumps(sys.path)),
            ],
            pass_fds=(theirs.fileno(),),
            stdin=subprocess.DEVNULL,
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
            start_new_session=True,
        )
    opening = asyncio.ensure_future(asyncio.open_unix_connection(sock=ours))
    try:
        streams = await asyncio.shield(opening)
    except BaseException:
        process.kill()
        process.communicate()
        (await opening)[1].close()
        raise
    return ModelProcess(process, streams, limits)
