"""Idle worker processes between two runs of this process: what they imported stays warm.

A worker that is started now would see this moment's environment, folders and code. So a kept one
is taken over only where it has seen the same; else it is ended, and the run starts another.
"""

from __future__ import annotations

import atexit
import os
import threading
import time
from collections.abc import Sequence

from mlops_pipeline.runners.workers.process import WorkerProcess
from mlops_pipeline.runners.workers.surroundings import Surroundings

_CLOSING = 3.0
"""Seconds that workers have to end by themselves."""


class Spares:
    """Keeps idle workers for the next run, and ends those that none has come for.

    Args:
        idle: seconds that a worker is kept: it may hold much memory.
    """

    def __init__(self, idle: float = 30.0) -> None:
        self._idle = idle
        self._lock = threading.Lock()
        self._kept: list[tuple[float, WorkerProcess]] = []
        self._timer: threading.Timer | None = None
        self._in_use = False

    def keep(self, workers: Sequence[WorkerProcess], most: int) -> None:
        """Keep idle workers, up to `most` with those that are there."""
        with self._lock:
            if not self._in_use:
                self._in_use = True
                atexit.register(self.close)
                os.register_at_fork(after_in_child=self._forget)
            self._kept += [(time.monotonic(), worker) for worker in workers]
            surplus, self._kept = self._kept[:-most], self._kept[-most:]
            self._set_timer()
        _end_aside([worker for _, worker in surplus])

    def take(self, now: Surroundings) -> WorkerProcess | None:
        """Return a worker that is as good as a fresh one; those that are not are ended."""
        with self._lock:
            stale = []
            found = None
            while self._kept and found is None:
                _, worker = self._kept.pop()
                if worker.is_like_fresh(now):
                    found = worker
                else:
                    stale.append(worker)
        _end_aside(stale)
        return found

    def close(self) -> None:
        """End all, and wait until they are gone."""
        with self._lock:
            kept, self._kept = self._kept, []
            self._set_timer()
        end([worker for _, worker in kept])

    def _expire(self) -> None:
        with self._lock:
            due = time.monotonic() - self._idle
            late = [worker for since, worker in self._kept if since <= due]
            self._kept = [(since, worker) for since, worker in self._kept if since > due]
            self._set_timer()
        end(late)

    def _set_timer(self) -> None:
        if self._timer is not None:
            self._timer.cancel()
            self._timer = None
        if self._kept:
            left = self._kept[0][0] + self._idle - time.monotonic()
            self._timer = threading.Timer(max(left, 0), self._expire)
            self._timer.daemon = True
            self._timer.start()

    def _forget(self) -> None:
        """Drop the workers in a forked process: they belong to the parent."""
        self._lock = threading.Lock()
        kept, self._kept, self._timer = self._kept, [], None
        for _, worker in kept:
            worker.disown()


def end(workers: Sequence[WorkerProcess]) -> None:
    """Let idle workers end by themselves; who is late is killed."""
    for worker in workers:
        worker.close()
    deadline = time.monotonic() + _CLOSING
    for worker in workers:
        worker.join(deadline - time.monotonic())


def _end_aside(workers: Sequence[WorkerProcess]) -> None:
    """End workers without waiting for it."""
    if workers:
        threading.Thread(target=end, args=(workers,), daemon=True).start()
