"""Forks of this process that start as new interpreters do: what they import need not be loaded.

A fork has this process in its memory, so all that would show there is put back first: signals,
files, streams, logging, warnings, environment, and modules that are the user's.
"""

from __future__ import annotations

import contextlib
import contextvars
import gc
import os
import signal
import sys
import threading
import time
import traceback
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from subprocess import TimeoutExpired
from typing import Any, NoReturn

from mlops_pipeline.runners.workers.fresh_state import make_fresh

_LONGEST_PAUSE = 0.05


@dataclass(frozen=True)
class ForkOptions:
    """What a fork has of its own; all other files of this process are closed there.

    Args:
        stdin: file that becomes standard input, -1 for none.
        output: file that becomes standard output and error.
        keep: further files that it uses.
        environment: its variables; None for those of this process.
        folder: where it starts; empty for where this process is.
        path: folders that modules are found in; None for those of this process.
    """

    stdin: int
    output: int
    keep: Sequence[int] = ()
    environment: Mapping[str, str] | None = None
    folder: str = ""
    path: Sequence[str] | None = None


class Forked:
    """A fork, with what `subprocess.Popen` has of a process that is waited for."""

    def __init__(self, pid: int) -> None:
        self.pid = pid
        self.returncode: int | None = None
        self.stdin: Any = None
        self.stdout: Any = None

    def wait(self, timeout: float | None = None) -> int:
        """Wait for the end, and return the exit code; a signal's is negative.

        Raises:
            subprocess.TimeoutExpired: it goes on running.
        """
        if timeout is None:
            self._reap(0)
        deadline, pause = time.monotonic() + (timeout or 0.0), 0.0005
        while self.returncode is None:
            self._reap(os.WNOHANG)
            left = deadline - time.monotonic()
            if self.returncode is None and left <= 0:
                raise TimeoutExpired(f"fork {self.pid}", timeout or 0.0)
            if self.returncode is None:
                pause = min(pause * 2, left, _LONGEST_PAUSE)
                time.sleep(pause)
        return self.returncode

    def _reap(self, flags: int) -> None:
        if self.returncode is not None:
            return
        try:
            pid, status = os.waitpid(self.pid, flags)
        except ChildProcessError:
            # Somebody else has waited for it: how it ended is not known.
            self.returncode = 0
        else:
            self.returncode = os.waitstatus_to_exitcode(status) if pid else None


def may_fork() -> bool:
    """Return True if no other thread runs here: what it holds locked would stay so in a fork."""
    try:
        return len(os.listdir("/proc/self/task")) == 1  # noqa: PTH208 - names are enough
    except OSError:
        return threading.active_count() == 1


def fork(options: ForkOptions, run: Callable[[], object]) -> Forked:
    """Run a function in a fork of this process, which ends with it.

    Its exit code is 0, that of `SystemExit`, or 1 after another exception.
    """
    for stream in (sys.stdout, sys.stderr):
        with contextlib.suppress(OSError, ValueError, AttributeError):
            stream.flush()
    with _no_signals():
        pid = os.fork()
        if not pid:
            _be_child(options, run)
    return Forked(pid)


@contextlib.contextmanager
def _no_signals() -> Iterator[None]:
    """Hold signals back: a handler of this process must not run in the fork."""
    before = signal.pthread_sigmask(signal.SIG_BLOCK, signal.valid_signals())
    try:
        yield
    finally:
        signal.pthread_sigmask(signal.SIG_SETMASK, before)


def _be_child(options: ForkOptions, run: Callable[[], object]) -> NoReturn:
    code = 1
    try:
        # What is garbage by now belongs to the parent, and so does closing it.
        gc.freeze()
        os.setsid()
        _put_signals_back()
        _put_files(options)
        make_fresh(options.environment, options.folder, options.path)
        signal.pthread_sigmask(signal.SIG_SETMASK, ())
        contextvars.Context().run(run)
        code = 0
    except SystemExit as end:
        code = end.code if isinstance(end.code, int) else int(end.code is not None)
    except BaseException:  # noqa: BLE001 - nothing of this may go on in the fork
        traceback.print_exc()
    finally:
        _end(code)


def _end(code: int) -> NoReturn:
    import atexit

    try:
        atexit._run_exitfuncs()
        for stream in (sys.stdout, sys.stderr):
            with contextlib.suppress(OSError, ValueError, AttributeError):
                stream.flush()
    finally:
        os._exit(code)


def _put_signals_back() -> None:
    signal.set_wakeup_fd(-1)
    for number in signal.valid_signals():
        if callable(signal.getsignal(number)):
            signal.signal(number, signal.SIG_DFL)
    # What a shell has started in the background ignores it.
    if signal.getsignal(signal.SIGINT) is not signal.SIG_IGN:
        signal.signal(signal.SIGINT, signal.default_int_handler)
    signal.signal(signal.SIGPIPE, signal.SIG_IGN)


def _put_files(options: ForkOptions) -> None:
    """Have the files of the fork, and lead the numbers of all others nowhere.

    They stay taken: an object of the parent that closes its file later closes no other one.
    """
    nothing = os.open(os.devnull, os.O_RDWR)
    os.dup2(nothing if options.stdin < 0 else options.stdin, 0)
    os.dup2(options.output, 1)
    os.dup2(options.output, 2)
    kept = {0, 1, 2, nothing, *options.keep}
    for number in _open_files():
        if number not in kept:
            os.dup2(nothing, number, inheritable=False)


def _open_files() -> list[int]:
    try:
        return [int(name) for name in os.listdir("/proc/self/fd")]  # noqa: PTH208
    except OSError:
        return list(range(3, os.sysconf("SC_OPEN_MAX")))
