"""The worker process: runs tasks one after the other, and what it imported stays warm.

Started by `runners.process` with three pipe ends: requests come in as JSON lines, replies go out
as JSON lines, and the lifeline never carries anything: its end means that the parent is gone.
Standard output and error are one pipe to the parent, which keeps the log, so whatever user code
prints cannot get between the replies.
"""

from __future__ import annotations

import atexit
import contextlib
import faulthandler
import io
import os
import signal
import sys
import threading
from types import FrameType
from typing import BinaryIO

from mlops_pipeline.executors import execute
from mlops_pipeline.runners.workers.messages import Reply, TaskRequest, from_line, to_line
from mlops_pipeline.runners.workers.surroundings import Imports

_PR_SET_CHILD_SUBREAPER = 36


class Stopped(KeyboardInterrupt):
    """The end of this process, asked for by SIGTERM; a task may raise KeyboardInterrupt itself."""


def main(requests_fd: int, replies_fd: int, lifeline_fd: int) -> None:
    """Serve requests until there are no more."""
    for fd in (requests_fd, replies_fd, lifeline_fd):
        os.set_inheritable(fd, False)
    _die_with_parent(lifeline_fd)
    faulthandler.enable()
    signal.signal(signal.SIGTERM, _interrupt)
    _adopt_orphans()
    if isinstance(sys.stdout, io.TextIOWrapper):
        # A pipe makes it block-buffered: lines would be late, and lost when the process dies.
        sys.stdout.reconfigure(line_buffering=True)
    with open(requests_fd, "rb") as requests, open(replies_fd, "wb") as replies:
        try:
            _serve(requests, replies)
        except Stopped:
            _flush()
            signal.signal(signal.SIGTERM, signal.SIG_DFL)
            os.kill(os.getpid(), signal.SIGTERM)
    atexit._run_exitfuncs()
    _flush()
    # Taking TensorFlow apart module by module takes a second, and nobody needs it.
    os._exit(0)


def _serve(requests: BinaryIO, replies: BinaryIO) -> None:
    pid = os.getpid()
    imports = Imports()
    # An empty line says that the worker has started.
    _write_line(replies, b"\n")
    for line in requests:
        request = from_line(line, TaskRequest)
        result = execute(request.task, interrupt=Stopped)
        if os.getpid() != pid:
            # User code forked and let the child come back: it must not reply a second time.
            os._exit(1)
        reusable = not _has_children() and _flush()
        with contextlib.suppress(OSError):
            os.write(1, request.end_of_output.encode())
        _write_line(replies, to_line(Reply(result, reusable, imports.new())))


def _write_line(replies: BinaryIO, line: bytes) -> None:
    replies.write(line)
    replies.flush()


def _interrupt(signum: int, frame: FrameType | None) -> None:
    # Unlike the default action, this lets `finally` and `with` of the user's code clean up.
    raise Stopped


def _die_with_parent(lifeline_fd: int) -> None:
    """Have this process group killed when the parent is gone, however it went.

    On Linux the kernel does it (a signal on the end of the lifeline), so it also works while C
    code holds the interpreter, and no thread is needed. PR_SET_PDEATHSIG would fire when the
    *thread* that started the worker ends.
    """
    import fcntl
    import select

    if not hasattr(fcntl, "F_SETSIG"):
        threading.Thread(target=_watch, args=(lifeline_fd,), daemon=True).start()
        return
    fcntl.fcntl(lifeline_fd, fcntl.F_SETOWN, -os.getpgrp())
    fcntl.fcntl(lifeline_fd, fcntl.F_SETSIG, signal.SIGKILL)
    flags = fcntl.fcntl(lifeline_fd, fcntl.F_GETFL)
    fcntl.fcntl(lifeline_fd, fcntl.F_SETFL, flags | os.O_ASYNC)
    poll = select.poll()
    poll.register(lifeline_fd, select.POLLIN)
    if poll.poll(0):
        # The parent went before the signal was ordered.
        os._exit(1)


def _watch(lifeline_fd: int) -> None:
    os.read(lifeline_fd, 1)
    os.killpg(0, signal.SIGKILL)


def _adopt_orphans() -> None:
    """Become the parent of what the children of tasks leave behind, so that it is noticed."""
    import ctypes

    with contextlib.suppress(OSError, AttributeError):
        ctypes.CDLL(None).prctl(_PR_SET_CHILD_SUBREAPER, 1, 0, 0, 0)


def _has_children() -> bool:
    try:
        os.waitid(os.P_ALL, 0, os.WEXITED | os.WNOHANG | os.WNOWAIT)
    except ChildProcessError:
        return False
    return True


def _flush() -> bool:
    """Empty the output buffers of Python and of C; return False if they are unusable."""
    import ctypes

    sys.stdout, sys.stderr = sys.__stdout__, sys.__stderr__
    try:
        for stream in (sys.stdout, sys.stderr):
            if stream is not None:
                stream.flush()
        libc = ctypes.CDLL(None)
        # Not fflush(NULL): it would wait for a stream that another thread is reading.
        libc.fflush(ctypes.c_void_p.in_dll(libc, "stdout"))
    except (OSError, ValueError):
        return False
    return True


if __name__ == "__main__":
    main(*map(int, sys.argv[1:4]))
