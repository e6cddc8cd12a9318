"""One worker process as its parent sees it: start, hand over a task, watch, end."""

from __future__ import annotations

import contextlib
import json
import os
import select
import signal
import subprocess
import sys
import time
from pathlib import Path
from typing import TYPE_CHECKING

from mlops_pipeline.executors import Task, TaskResult
from mlops_pipeline.runners.workers.messages import Reply, TaskRequest, from_line, to_line
from mlops_pipeline.runners.workers.output import Output
from mlops_pipeline.runners.workers.surroundings import Surroundings, are_unchanged

if TYPE_CHECKING:
    from mlops_pipeline.runners.workers.forked import Forked

_START = (
    "import json, sys; sys.path[:] = json.loads(sys.argv.pop()); "
    "from mlops_pipeline.runners.workers.worker import main; main(*map(int, sys.argv[1:]))"
)
# How often a silent worker is looked at: a child that it forked may keep its pipes open.
_GLANCE = 1.0
_READ_SIZE = 64 * 1024
# A thread or a process that was left behind may print for ever.
_MOST_READS = 100


class WorkerProcess:
    """A warm process that runs one task at a time.

    It is in a session of its own, so that Ctrl-C in the terminal reaches the parent only.

    Args:
        seen: the surroundings that it starts in.
        forked: make it a fork of this process, which takes no start of an interpreter.
    """

    def __init__(self, seen: Surroundings | None = None, *, forked: bool = False) -> None:
        self._seen = seen
        self._imported: dict[str, str] = {}
        requests, self._requests = os.pipe()
        self._replies, replies = os.pipe()
        self._output, output = os.pipe()
        lifeline, self._lifeline = os.pipe()
        self._woken, self._wake = os.pipe()
        given = (requests, replies, lifeline)
        start = _fork if forked else _interpret
        self._process = start(given, output)
        for fd in (*given, output):
            os.close(fd)
        os.set_blocking(self._output, False)
        os.set_blocking(self._woken, False)
        self._received = b""
        self._started = False
        self.reusable = True

    @property
    def pid(self) -> int:
        """Process id, which is also the id of its group and session."""
        return self._process.pid

    def run(self, task: Task, output: Output, grace: float) -> TaskResult:
        """Run a task and wait for its end; afterwards `reusable` says if the process can go on.

        Args:
            grace: seconds between SIGTERM and SIGKILL.
        """
        self.reusable = False
        # Threads that an earlier task left running may have printed since.
        self._forget_output()
        try:
            self._send(TaskRequest(task, output.end_marker))
            line = self._reply_to(task, output)
        except TimeoutError:
            self._terminate(output, grace)
            hint = "give the node a longer timeout, or look in its log for what it waits for"
            return TaskResult(
                error=f"{task.name} timed out after {task.timeout:g} s",
                hint=hint,
                details=output.tail,
            )
        except InterruptedError:
            self._terminate(output, grace)
            return TaskResult(error=f"{task.name} was canceled", retryable=False)
        if not line:
            return self._died(task, output)
        reply = from_line(line, Reply)
        self._drain(output)
        self.reusable = reply.reusable and output.ended
        self._imported.update(reply.imported)
        return reply.result

    def is_like_fresh(self, now: Surroundings) -> bool:
        """Return True if it is alive and would see and import the same as a new process."""
        same = self._seen == now and are_unchanged(self._imported.items())
        return same and not self._is_dead()

    def cancel(self) -> None:
        """Make `run`, in another thread, end its task."""
        os.write(self._wake, b"x")

    def rearm(self) -> None:
        """Forget cancellations, whose task has ended."""
        with contextlib.suppress(BlockingIOError):
            os.read(self._woken, _READ_SIZE)

    def close(self) -> None:
        """Let an idle process end by itself: it sees the end of its requests."""
        os.close(self._requests)
        self._requests = -1

    def join(self, timeout: float) -> None:
        """Wait for the end of a closed process; it and its children are killed when late."""
        with contextlib.suppress(subprocess.TimeoutExpired):
            self._process.wait(max(timeout, 0))
        self.kill()

    def kill(self) -> None:
        """End the process, and all that it started, at once."""
        _kill_session(self.pid)
        self._process.wait()
        self._close_all()

    def disown(self) -> None:
        """Let go of it in a forked process, so that it ends with its parent alone."""
        self._process.returncode = 0
        self._close_all()

    def _close_all(self) -> None:
        fds = (self._requests, self._replies, self._output, self._lifeline)
        for fd in (*fds, self._woken, self._wake):
            if fd >= 0:
                os.close(fd)

    def _send(self, request: TaskRequest) -> None:
        data = memoryview(to_line(request))
        with contextlib.suppress(BrokenPipeError):
            while data:
                data = data[os.write(self._requests, data) :]

    def _reply_to(self, task: Task, output: Output) -> bytes:
        """Return the line that replies to a task, or nothing if the process died.

        Raises: as `_wait`.
        """
        if not self._started:
            # The time that the process takes to start is not the task's.
            self._started = bool(self._wait(output, None))
            if not self._started:
                return b""
        return self._wait(output, task.timeout and time.monotonic() + task.timeout)

    def _wait(self, output: Output, deadline: float | None) -> bytes:
        """Return the next line from the process, or nothing if it died.

        Raises:
            TimeoutError: the deadline has passed.
            InterruptedError: the task was canceled.
        """
        poll = select.poll()
        for fd in (self._replies, self._output, self._woken):
            poll.register(fd, select.POLLIN)
        while True:
            # More than one line may have come at once: what is behind the first is kept.
            line, end, rest = self._received.partition(b"\n")
            if end:
                self._received = rest
                return line + end
            left = _GLANCE if deadline is None else deadline - time.monotonic()
            if left <= 0:
                raise TimeoutError
            ready = {fd for fd, _ in poll.poll(min(left, _GLANCE) * 1000)}
            if self._output in ready and not self._read(output):
                poll.unregister(self._output)
            if self._woken in ready:
                self.rearm()
                raise InterruptedError
            if self._replies in ready:
                data = os.read(self._replies, _READ_SIZE)
                self._received += data
                if not data:
                    return b""
            elif self._is_dead():
                return b""

    def _read(self, output: Output) -> bool:
        """Read a piece of what has been printed; false at its end."""
        data = os.read(self._output, _READ_SIZE)
        output.feed(data)
        return bool(data)

    def _drain(self, output: Output) -> None:
        """Read all that has been printed, up to the end marker if it is there."""
        with contextlib.suppress(BlockingIOError):
            for _ in range(_MOST_READS):
                if output.ended or not self._read(output):
                    return

    def _forget_output(self) -> None:
        with contextlib.suppress(BlockingIOError):
            for _ in range(_MOST_READS):
                os.read(self._output, _READ_SIZE)

    def _is_dead(self) -> bool:
        try:
            flags = os.WEXITED | os.WNOHANG | os.WNOWAIT
            return os.waitid(os.P_PID, self.pid, flags) is not None
        except ChildProcessError:
            return True

    def _terminate(self, output: Output, grace: float) -> None:
        """Send SIGTERM, wait for the clean-up, then send SIGKILL to all that is left."""
        with contextlib.suppress(ProcessLookupError):
            os.kill(self.pid, signal.SIGTERM)
        deadline = time.monotonic() + grace
        with contextlib.suppress(TimeoutError, InterruptedError):
            self._wait(output, deadline)
        _kill_session(self.pid)
        self._drain(output)

    def _died(self, task: Task, output: Output) -> TaskResult:
        # Children first: they may hold the pipe open, and the id stays ours until `wait`.
        _kill_session(self.pid)
        self._drain(output)
        code = self._process.wait()
        what = f"exit code {code}" if code >= 0 else _signal_name(-code)
        return TaskResult(
            error=f"{task.name}: the worker process died ({what})",
            hint=_hint(code),
            details=output.tail,
        )


def _interpret(given: tuple[int, int, int], output: int) -> subprocess.Popen[bytes] | Forked:
    """Start a worker in a new interpreter."""
    return subprocess.Popen(
        [sys.executable, "-c", _START, *map(str, given), json.dumps(sys.path)],
        pass_fds=given,
        stdin=subprocess.DEVNULL,
        stdout=output,
        stderr=output,
        start_new_session=True,
    )


def _fork(given: tuple[int, int, int], output: int) -> subprocess.Popen[bytes] | Forked:
    """Start a worker in a fork of this process, with what it needs loaded before."""
    # Loaded here: few processes fork.
    from mlops_pipeline.runners.workers.forked import ForkOptions, fork
    from mlops_pipeline.runners.workers.worker import main

    return fork(ForkOptions(-1, output, given), lambda: main(*given))


def _hint(code: int) -> str:
    if code == -signal.SIGKILL:
        # Only a process that has died needs it.
        from mlops_pipeline.runners.workers.memory_limit import out_of_memory_hint

        return out_of_memory_hint()
    if code == -signal.SIGSEGV:
        return "a native library crashed: the log shows where"
    return "look in the log of the node for its last words"


def _signal_name(number: int) -> str:
    try:
        return f"killed by {signal.Signals(number).name}"
    except ValueError:
        return f"killed by signal {number}"


def _kill_session(leader: int) -> None:
    """Kill a session leader, its session and all descendants, with the leader still unreaped."""
    # Again and again: a process may start another one while it is being looked for.
    for _ in range(10):
        # All are found before the first is killed: who loses its parent leaves the family.
        found = _members(leader)
        with contextlib.suppress(ProcessLookupError, PermissionError):
            os.killpg(leader, signal.SIGKILL)
        for pid in found:
            with contextlib.suppress(ProcessLookupError, PermissionError):
                os.kill(pid, signal.SIGKILL)
        if not found:
            return


def _members(leader: int) -> list[int]:
    """Return living processes that descend from a session leader, or are in its session."""
    table: dict[int, tuple[str, int, int]] = {}
    for stat in Path("/proc").glob("[0-9]*/stat"):
        with contextlib.suppress(OSError, ValueError):
            pid, _, rest = stat.read_text(errors="replace").partition(" (")
            state, parent, _, session = rest.rpartition(") ")[2].split()[:4]
            table[int(pid)] = (state, int(parent), int(session))
    family = {leader}
    grown = True
    while grown:
        new = {
            pid
            for pid, (_, parent, session) in table.items()
            if pid not in family and (parent in family or session == leader)
        }
        family |= new
        grown = bool(new)
    return [pid for pid in family if pid in table and table[pid][0] not in "ZX"]
