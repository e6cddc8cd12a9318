"""Machines whose clocks differ by more than a lease: another PID namespace, with a wall clock that
is an hour off."""

from __future__ import annotations

import contextlib
import os
import shutil
import socket
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from mlops_metadata.by_file import open_sqlite
from mlops_pipeline.store import Execution, MetadataStore, State

pytestmark = pytest.mark.mlmd

HOUR = 3600
NAMESPACE = ["unshare", "--pid", "--fork", "--kill-child", "--mount-proc"]
PIPELINE = """
import socket
from mlops_pipeline import component, pipeline

@component
def Slow() -> int:
    socket.create_connection(("127.0.0.1", PORT)).recv(1)
    return 7

@pipeline
def clocks():
    Slow()
"""


@pytest.fixture(scope="module")
def shim(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The library that shifts the clock of a process."""
    if shutil.which("cc") is None:
        pytest.skip("clocks are not shifted: there is no C compiler")
    if subprocess.run([*NAMESPACE, "true"], capture_output=True, check=False).returncode:
        pytest.skip("no second machine is made of a PID namespace: unshare(1) may not make one")
    library = tmp_path_factory.mktemp("clock") / "shifted_clock.so"
    source = Path(__file__).with_name("shifted_clock.c")
    subprocess.run(["cc", "-shared", "-fPIC", "-o", library, source, "-ldl"], check=True)
    return library


@pytest.fixture
def gate() -> Iterator[socket.socket]:
    """What the component waits for, seen by no cache: it works until its connection ends."""
    with socket.create_server(("127.0.0.1", 0)) as listening:
        yield listening


def let_through(gate: socket.socket, process: subprocess.Popen[str]) -> str:
    """Let the component work until the process ends; returns what that printed."""
    gate.settimeout(0.1)
    while process.poll() is None:
        with contextlib.suppress(TimeoutError):
            gate.accept()[0].close()
    return process.communicate()[0]


@pytest.fixture
def store(tmp_path: Path, gate: socket.socket) -> Iterator[MetadataStore]:
    text = PIPELINE.replace("PORT", str(gate.getsockname()[1]))
    (tmp_path / "pipeline.py").write_text(text)
    store = open_sqlite(f"sqlite:///{tmp_path / 'metadata.db'}")
    yield store
    store.close()


def start(folder: Path, *command: str, before: list[str] | None = None) -> subprocess.Popen[str]:
    whole = [*(before or []), sys.executable, "-m", "mlops_pipeline.cli", *command]
    whole += ["--store", str(folder / "metadata.db"), "--in-process"]
    return subprocess.Popen(
        whole,
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        text=True,
        cwd=folder,
        env={**os.environ, "MLOPS_LEASE": "1.5"},
    )


def begin(folder: Path, name: str, before: list[str] | None = None) -> subprocess.Popen[str]:
    return start(folder, "run", "pipeline.py", "--run-id", name, "--root", "root", before=before)


def elsewhere(shim: Path, shift: int) -> list[str]:
    return [*NAMESPACE, "env", f"LD_PRELOAD={shim}", f"CLOCK_SHIFT={shift}"]


def until(found: Callable[[], bool], process: subprocess.Popen[str]) -> None:
    deadline = time.monotonic() + 120
    while not found():
        assert process.poll() is None, process.communicate()[0]
        assert time.monotonic() < deadline
        time.sleep(0.05)


def running(store: MetadataStore, name: str) -> Execution | None:
    found = store.executions_of_run(name)
    return next((each for each in found if each.state is State.RUNNING), None)


def test_work_of_a_machine_whose_clock_is_behind_is_waited_for(
    tmp_path: Path, shim: Path, store: MetadataStore, gate: socket.socket
) -> None:
    first = begin(tmp_path, "first", elsewhere(shim, -HOUR))
    until(lambda: running(store, "first") is not None, first)
    worker = running(store, "first")
    assert worker is not None
    # The clock is really another one.
    assert abs(worker.heartbeat - time.time()) > HOUR / 2
    second = begin(tmp_path, "second")
    until(lambda: store.get_run("second") is not None, second)
    # Three signs of life a lease: this is more than two leases.
    beats: set[float] = set()

    def many_beats() -> bool:
        beats.update(each.heartbeat for each in store.executions([worker.id]))
        return len(beats) > 7

    until(many_beats, second)
    for process in (first, second):
        output = let_through(gate, process)
        assert process.returncode == 0, output
    states = [store.executions_of_run(name)[0].state for name in ("first", "second")]
    assert states == [State.COMPLETE, State.CACHED]


def test_a_run_that_died_on_a_machine_whose_clock_is_ahead_is_gone_on_with(
    tmp_path: Path, shim: Path, store: MetadataStore, gate: socket.socket
) -> None:
    first = begin(tmp_path, "first", elsewhere(shim, HOUR))
    until(lambda: running(store, "first") is not None, first)
    alive = start(tmp_path, "resume", "first")
    output, _ = alive.communicate(timeout=60)
    assert alive.returncode == 2, output
    assert "is being run: Slow by process" in output
    first.kill()
    first.communicate()
    again = start(tmp_path, "resume", "first")
    output = let_through(gate, again)
    assert again.returncode == 0, output
    states = [each.state for each in store.executions_of_run("first")]
    assert states == [State.FAILED, State.COMPLETE]
