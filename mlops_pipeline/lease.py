"""Whether the process behind a RUNNING execution is still alive.

On the same machine the kernel knows: a process is named by boot, PID namespace, number and
start time. From elsewhere only the heartbeat tells: an execution that has shown none for the
length of the lease is dead.
"""

from __future__ import annotations

import os
import socket
import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager
from functools import lru_cache
from pathlib import Path

from mlops_pipeline.store import Execution, MetadataStore, State

PROCESS = "process"
"""Execution property that names the process: `<boot>:<PID namespace>:<pid>:<start time>`."""


@lru_cache(maxsize=1)
def _machine(pid: int) -> str:
    """Names the set of processes that `pid` can be looked up in; empty where nothing does."""
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
    """The execution property that names this process."""
    pid = os.getpid()
    return {PROCESS: f"{_machine(pid)}|{pid}|{_start_time(pid)}"}


@lru_cache(maxsize=1)
def host() -> str:
    """Name of this machine."""
    return socket.gethostname()


def is_dead(execution: Execution, lease: float) -> bool:
    """Whether nobody works on a RUNNING execution any more.

    Args:
        lease: seconds.
    """
    machine, _, rest = str(execution.properties.get(PROCESS, "")).partition("|")
    pid, _, started = rest.partition("|")
    if machine and machine == _machine(os.getpid()) and pid.isdigit():
        return _start_time(int(pid)) != started
    return time.time() - execution.heartbeat > lease


@contextmanager
def heartbeat(store: MetadataStore, execution: Execution, lease: float) -> Iterator[None]:
    """Show while the block runs that the execution is alive, three times a lease."""
    done = threading.Event()

    def beat() -> None:
        while not done.wait(lease / 3):
            store.heartbeat(execution.id)

    thread = threading.Thread(target=beat, name=f"heartbeat-{execution.id}", daemon=True)
    thread.start()
    try:
        yield
    finally:
        done.set()
        thread.join()


def describe(execution: Execution) -> str:
    """Who runs an execution, for messages."""
    return f"process {execution.pid} on {execution.host}"


def is_running(execution: Execution, lease: float) -> bool:
    """Whether somebody works on the execution right now."""
    return execution.state is State.RUNNING and not is_dead(execution, lease)
