"""Signs of life of the process behind a RUNNING execution.

On the same machine the kernel knows: a process is named by boot, PID namespace, number and
start time. From elsewhere only the heartbeat tells: an execution whose heartbeat has not changed
while this process watched it for the length of its lease is dead. Clocks of two machines are never
compared, as they may differ by more than a lease.
"""

from __future__ import annotations

import logging
import math
import os
import signal
import socket
import threading
import time
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import replace
from functools import lru_cache
from pathlib import Path
from typing import Any, ClassVar, NoReturn

from mlops_pipeline.run_state.workspace import Workspace
from mlops_pipeline.settings import LONGEST_LEASE
from mlops_pipeline.store import Execution, MetadataStore, Run, StaleExecutionError, State

log = logging.getLogger(__name__)

LOST = "lost"
"""Execution property: the sign by which it was seen that its process is gone, such as SIGTERM."""

PROCESS = "process"
"""Execution property that names the process: `<boot>:<PID namespace>:<pid>:<start time>`."""

LEASE = "lease"
"""Execution property: seconds within which its process shows a sign of life."""

_LATEST = 20
"""Runs of a pipeline that are looked at for what a killed one has left."""

POLL = 0.1
"""Seconds between two looks at an execution of another process."""


class LostError(KeyboardInterrupt):
    """This process is taken away by what runs it, as from a pod that a cluster deletes or evicts.

    Nobody has asked for its work to stop: a person's stop is a plain `KeyboardInterrupt`.
    """


def heed_loss() -> None:
    """Take SIGTERM, which comes before a pod goes, for the loss of this process.

    SIGINT stays a person's stop. The first of them decides: what follows it, while the stop is
    being recorded, is the pod going.
    """

    def end(number: int, frame: object) -> NoReturn:
        for each in (signal.SIGTERM, signal.SIGINT):
            signal.signal(each, signal.SIG_IGN)
        if number == signal.SIGINT:
            raise KeyboardInterrupt
        raise LostError(signal.Signals(number).name)

    if threading.current_thread() is threading.main_thread():
        signal.signal(signal.SIGTERM, end)
        signal.signal(signal.SIGINT, end)


@lru_cache(maxsize=1)
def _machine(pid: int) -> str:
    """Return a name for the processes that `pid` is among; empty if there is none."""
    try:
        boot = Path("/proc/sys/kernel/random/boot_id").read_text().strip()
        return f"{boot}:{Path(f'/proc/{pid}/ns/pid').readlink()}"
    except OSError:
        return ""


def _start_time(pid: int) -> str:
    """Start time of a process in clock ticks since boot; empty if it is gone."""
    try:
        stat = Path(f"/proc/{pid}/stat").read_text()
    except OSError:
        return ""
    # The name of the program may hold spaces and brackets, so count from its end.
    state, *fields = stat.rpartition(")")[2].split()
    return "" if state == "Z" else fields[18]


def this_process() -> dict[str, str]:
    """Return the execution property that names this process."""
    return {PROCESS: _named(os.getpid())}


@lru_cache(maxsize=1)
def _named(pid: int) -> str:
    return f"{_machine(pid)}|{pid}|{_start_time(pid)}"


@lru_cache(maxsize=1)
def host() -> str:
    """Name of this machine."""
    return socket.gethostname()


class Heartbeats:
    """Watches heartbeats from elsewhere: since when each has been the same.

    Args:
        clock: seconds of a clock of this process that only goes forward.
    """

    def __init__(self, clock: Callable[[], float] = time.monotonic) -> None:
        self._clock = clock
        self._seen: dict[tuple[int, str], tuple[float, float]] = {}

    def __bool__(self) -> bool:
        return bool(self._seen)

    def seconds_still(self, execution: Execution) -> float:
        """Return for how many seconds a heartbeat has been seen not to change."""
        # Two stores may give the same number.
        key = (execution.id, str(execution.properties.get(PROCESS, "")))
        heartbeat, since = self._seen.get(key, (math.nan, 0.0))
        now = self._clock()
        if heartbeat != execution.heartbeat:
            if len(self._seen) >= _WATCHED:
                self._seen.clear()
            self._seen[key] = (execution.heartbeat, now)
            return 0.0
        return now - since


_WATCHED = 10_000
_heartbeats = Heartbeats()


def is_dead(workspace: Workspace, execution: Execution) -> bool:
    """Return True if no process works on a RUNNING execution any more.

    One from elsewhere has to be asked for at least twice, with its lease between.
    """
    gone = is_gone(execution.properties)
    if gone is not None:
        return gone
    lease = lease_of(execution, workspace.lease)
    if _heartbeats.seconds_still(execution) <= lease:
        return False
    # This process may have stood still itself since it read the heartbeat.
    current = _read(workspace, execution)
    return current is not None and _heartbeats.seconds_still(current) > lease


def lease_of(execution: Execution, default: float) -> float:
    """Return the lease in seconds that the process of an execution works by."""
    lease = execution.properties.get(LEASE)
    return lease if isinstance(lease, int | float) and 0 < lease <= LONGEST_LEASE else default


def dies(workspace: Workspace, execution: Execution) -> bool:
    """Watch a RUNNING execution until its process is known to be dead (True) or alive (False).

    A process elsewhere is watched for no longer than its lease.
    """
    lease = lease_of(execution, workspace.lease)
    gone = is_gone(execution.properties)
    if gone is not None:
        return gone
    # Only that it is alive may be believed of a clock: nothing is lost if it is not.
    if 0 <= time.time() - execution.heartbeat <= lease:
        return False
    name = f"{execution.node_id}, run by {process_of(execution)},"
    log.warning("watching %s for up to %g s for a sign of life", name, lease)
    current: Execution | None = execution
    while current is not None and current.heartbeat == execution.heartbeat:
        if is_dead(workspace, current):
            return True
        time.sleep(POLL)
        current = _read(workspace, execution)
    return current is None


def _read(workspace: Workspace, execution: Execution) -> Execution | None:
    """Read a RUNNING execution again; None if it has ended meanwhile."""
    found = next(iter(workspace.store.executions([execution.id])), None)
    return found if found is not None and found.state is State.RUNNING else None


def is_gone(properties: Mapping[str, Any]) -> bool | None:
    """Return True if the process in `properties` has ended; None if that is unknown here."""
    machine, _, rest = str(properties.get(PROCESS, "")).partition("|")
    pid, _, started = rest.partition("|")
    if machine and machine == _machine(os.getpid()) and pid.isdigit():
        return _start_time(int(pid)) != started
    return None


class _Beat:
    """An execution that is kept alive.

    Args:
        pause: seconds between two beats.
    """

    def __init__(self, store: MetadataStore, execution_id: int, pause: float) -> None:
        self._store = store
        self._execution_id = execution_id
        self._pause = pause
        self.due = time.monotonic() + pause

    def beat(self) -> None:
        """Write a sign of life."""
        self.due = time.monotonic() + self._pause
        try:
            self._store.heartbeat(self._execution_id)
        except Exception as error:  # noqa: BLE001 - whatever happens, it goes on beating
            # The next beat may get through; a whole lease without one is needed to die.
            log.warning("no heartbeat for execution %d: %s", self._execution_id, error)


class Heart:
    """Shows that the executions of this process are alive, three times a lease.

    One thread does so for all stores and runs of the process, and waits for the next ones.
    """

    _changed = threading.Condition()
    _beats: ClassVar[set[_Beat]] = set()
    _thread: ClassVar[threading.Thread | None] = None
    _awake: ClassVar[float] = math.inf
    """When the thread looks again by itself, though the beat that it waits for may be over."""

    def __init__(self, store: MetadataStore, lease: float) -> None:
        self._store = store
        self._pause = lease / 3

    @contextmanager
    def beating(self, execution: Execution) -> Iterator[None]:
        """Keep an execution alive while the block runs."""
        beat = _Beat(self._store, execution.id, self._pause)
        with Heart._changed:
            Heart._beats.add(beat)
            # After a fork, the thread is in the parent only.
            if Heart._thread is None or not Heart._thread.is_alive():
                Heart._thread = threading.Thread(target=_beat, name="heartbeat", daemon=True)
                Heart._thread.start()
            elif beat.due < Heart._awake:
                Heart._changed.notify()
        try:
            yield
        finally:
            with Heart._changed:
                Heart._beats.discard(beat)


_LONGEST_WAIT = 3600.0
"""Seconds that the heartbeat waits without a beat."""


def _beat() -> None:
    while True:
        with Heart._changed:
            now = time.monotonic()
            Heart._awake = min((each.due for each in Heart._beats), default=now + _LONGEST_WAIT)
            Heart._changed.wait(Heart._awake - now)
            now = time.monotonic()
            beats = [each for each in Heart._beats if each.due <= now]
        for beat in beats:
            beat.beat()


def process_of(execution: Execution) -> str:
    """Return the process and host of an execution, for messages."""
    return f"process {execution.pid} on {execution.host}"


def state_of(run: Run) -> State:
    """Return the state of a run: one whose process was killed has failed."""
    if run.state is State.RUNNING and is_gone(run.properties):
        return State.FAILED
    return run.state


def reap(workspace: Workspace, execution: Execution) -> None:
    """Record that the process of a RUNNING execution died, and remove what it left."""
    seen = replace(execution, properties={**execution.properties, LOST: "no sign of life"})
    _abandon(workspace, seen, State.FAILED, f"{process_of(execution)} died")


def _abandon(workspace: Workspace, execution: Execution, state: State, error: str) -> None:
    ended = replace(execution, state=state, error=error, finished=time.time())
    try:
        workspace.store.put_execution(ended)
    except StaleExecutionError:
        return
    attempt = workspace.artifact_root.attempt(execution)
    if attempt is not None:
        attempt.discard()


def sweep(workspace: Workspace, pipeline: str) -> None:
    """Remove what ended executions of a pipeline left, and reap those whose process died."""
    _sweep_root(workspace, pipeline)
    # Who is killed right after a claim has made no folder yet which would tell of it.
    for run in workspace.store.list_runs(pipeline=pipeline, limit=_LATEST):
        if run.state is State.RUNNING and is_gone(run.properties):
            for execution in workspace.store.executions_of_run(run.id):
                if execution.state is State.RUNNING and is_dead(workspace, execution):
                    reap(workspace, execution)


def sweep_watched(workspace: Workspace, pipeline: str) -> None:
    """Sweep at the end of a run, if anything from elsewhere was watched meanwhile."""
    if _heartbeats:
        _sweep_root(workspace, pipeline)


def _sweep_root(workspace: Workspace, pipeline: str) -> None:
    for running in workspace.artifact_root.sweep(pipeline, workspace.store):
        if is_dead(workspace, running):
            reap(workspace, running)


def cancel_own(workspace: Workspace, run_id: str) -> None:
    """End what this process has left RUNNING: Ctrl-C may come right after a claim is recorded."""
    own = this_process()
    for execution in workspace.store.executions_of_run(run_id):
        if execution.state is State.RUNNING and own.items() <= execution.properties.items():
            _abandon(workspace, execution, State.CANCELED, "it was interrupted")
