"""A pool of warm worker processes: a heavy library is imported once a worker, not once a node."""

from __future__ import annotations

import threading
from collections.abc import Callable, Sequence
from types import TracebackType

from mlops_pipeline.executors import Task, TaskResult, failed
from mlops_pipeline.runners.workers.idle import Spares, end
from mlops_pipeline.runners.workers.output import Output
from mlops_pipeline.runners.workers.process import WorkerProcess
from mlops_pipeline.runners.workers.surroundings import current_surroundings

_PATIENCE = 0.1
"""Seconds that a task waits for a warm process before it has another one started."""


class WorkerPool:
    """Runs tasks in up to `size` processes that are started when they are needed.

    `execute` may be called from any number of threads. A process that has died, was killed, or
    whose task left child processes behind is replaced.

    Args:
        on_output: is given a task and each line that it prints, while it runs.
        grace: seconds that a late or canceled task has to clean up.
        spares: where workers come from, and where idle ones may be kept afterwards.
        import_paths: folders that user modules are found in.

    >>> with WorkerPool(2) as pool:
    ...     result = pool.execute(task)
    """

    def __init__(
        self,
        size: int,
        *,
        on_output: Callable[[Task, str], None] | None = None,
        grace: float = 5.0,
        spares: Spares | None = None,
        import_paths: Sequence[str] = (),
    ) -> None:
        self._size = max(size, 1)
        self._on_output = on_output
        self._grace = grace
        self._spares = spares
        self._import_paths = import_paths
        self._changed = threading.Condition()
        self._idle: list[WorkerProcess] = []
        self._busy: set[WorkerProcess] = set()
        self._closed = False
        # Counts the calls of `cancel_all`, so that who waited through one knows it.
        self._cancels = 0

    def fork_first(self) -> None:
        """Make the first process now, by a fork of this one; those after it are started as usual.

        This process must have no other threads, and no open store.
        """
        self._idle.append(WorkerProcess(forked=True))

    def execute(self, task: Task) -> TaskResult:
        """Run a task in a worker, after waiting for a free one."""
        while True:
            worker = self._take()
            if worker is None:
                return TaskResult(error=f"{task.name} was canceled", retryable=False)
            try:
                result = self._run(worker, task)
                # It has imported code that was changed since: a new process runs the new code.
                worker.reusable &= not result.stale
            finally:
                # Not reusable either when Ctrl-C interrupted this thread while the task ran.
                self._give_back(worker)
            if not result.stale:
                return result

    def cancel_all(self) -> None:
        """End the tasks that run or wait now; the pool can be used afterwards."""
        with self._changed:
            self._cancels += 1
            for worker in self._busy:
                worker.cancel()
            self._changed.notify_all()

    def close(self) -> None:
        """Cancel what runs, and wait until all processes are gone."""
        end(self._leave())

    def keep_warm(self) -> None:
        """Close the pool, but leave its idle processes to the next one."""
        idle = self._leave()
        if self._spares is None:
            end(idle)
        else:
            self._spares.keep(idle, self._size)

    def _leave(self) -> list[WorkerProcess]:
        with self._changed:
            self._closed = True
            self.cancel_all()
            self._changed.wait_for(lambda: not self._busy)
            idle, self._idle = self._idle, []
        return idle

    def __enter__(self) -> WorkerPool:
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        self.close()

    def _run(self, worker: WorkerProcess, task: Task) -> TaskResult:
        on_output = self._on_output
        try:
            output = Output(task, (lambda line: on_output(task, line)) if on_output else None)
        except OSError as error:
            return failed(error)
        try:
            return worker.run(task, output, self._grace)
        finally:
            output.close()

    def _take(self) -> WorkerProcess | None:
        """Return a process for one task, or None if the task was canceled before it had one."""
        with self._changed:
            cancels = self._cancels

            def ended() -> bool:
                return self._cancels != cancels or self._closed

            if self._busy:
                # A process costs more than a short task: one that is soon idle is worth a wait.
                self._changed.wait_for(lambda: bool(self._idle) or ended(), _PATIENCE)
            self._changed.wait_for(lambda: self._free() or ended())
            if ended():
                return None
            # The one used last: what has imported TensorFlow goes on being used, so the others
            # need not be started, or import it too.
            worker = self._idle.pop() if self._idle else self._start()
            self._busy.add(worker)
            return worker

    def _start(self) -> WorkerProcess:
        """Return a process that sees what there is now: a spare one, or a new one."""
        if self._spares is None:
            return WorkerProcess()
        now = current_surroundings(self._import_paths)
        return self._spares.take(now) or WorkerProcess(now)

    def _free(self) -> bool:
        return bool(self._idle) or len(self._busy) < self._size

    def _give_back(self, worker: WorkerProcess) -> None:
        with self._changed:
            self._busy.discard(worker)
            if worker.reusable:
                worker.rearm()
                self._idle.append(worker)
            else:
                worker.kill()
            self._changed.notify_all()
