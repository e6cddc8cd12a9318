"""A PostgreSQL of its own for tests: on loopback, with a password, gone afterwards."""

from __future__ import annotations

import contextlib
import os
import shutil
import signal
import socket
import subprocess
import tempfile
import time
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path


@dataclass(frozen=True)
class PostgresServer:
    """Where it listens, and its only user."""

    port: int
    password: str
    folder: Path
    owner: str = "owner"
    start_command: tuple[str, ...] = ()

    def kill(self) -> None:
        """End it as a lack of memory does, or a power cut."""
        first = int((self.folder / "data" / "postmaster.pid").read_text().split()[0])
        family = [first, *_children(first)]
        for each in family:
            with contextlib.suppress(ProcessLookupError):
                os.kill(each, signal.SIGKILL)
        while any(Path(f"/proc/{each}/cmdline").exists() and _runs(each) for each in family):
            time.sleep(0.02)

    def start(self) -> None:
        """Start it, again if it was killed, and wait until it answers."""
        command, deadline = self.start_command, time.monotonic() + 20
        while True:
            done = subprocess.run(command, cwd=self.folder, capture_output=True, text=True)
            if done.returncode == 0:
                return
            # The last of those that were killed may still hold the memory that they shared.
            log = (self.folder / "log").read_text()[-2000:]
            assert time.monotonic() < deadline, done.stdout + done.stderr + log
            time.sleep(0.2)


def find_binaries() -> Path | None:
    """The folder of PostgreSQL's programs; None if it is not installed."""
    found = sorted(Path("/usr/lib/postgresql").glob("*/bin/initdb"))
    on_path = shutil.which("initdb")
    return found[-1].parent if found else Path(on_path).parent if on_path else None


@contextlib.contextmanager
def postgres_server(binaries: Path, password: str) -> Iterator[PostgresServer]:
    """Start a server with an empty database `postgres`."""
    # The server refuses to be run by root, and its user must get at its files.
    root = os.getuid() == 0
    prefix = ["setpriv", "--reuid=postgres", "--regid=postgres", "--clear-groups"] if root else []
    folder = Path(tempfile.mkdtemp(prefix="mlops-postgres-"))
    data, secret = folder / "data", folder / "password"
    secret.write_text(password)
    if root:
        for path in (folder, secret):
            shutil.chown(path, "postgres", "postgres")

    def call(name: str, *arguments: str) -> None:
        command: Sequence[str] = [*prefix, str(binaries / name), *arguments]
        done = subprocess.run(command, cwd=folder, capture_output=True, text=True)
        assert done.returncode == 0, done.stdout + done.stderr

    port = free_port()
    options = f"-p {port} -c listen_addresses=127.0.0.1 -k {folder} -c fsync=off"
    start = [str(binaries / "pg_ctl"), "-D", str(data), "-o", options, "-w"]
    command = (*prefix, *start, "-l", str(folder / "log"), "start")
    server = PostgresServer(port, password, folder, start_command=command)
    initial = ["-U", server.owner, f"--pwfile={secret}", "--auth=scram-sha-256", "--no-sync"]
    call("initdb", "-D", str(data), *initial, "-E", "UTF8", "--locale=C")
    server.start()
    try:
        yield server
    finally:
        call("pg_ctl", "-D", str(data), "-m", "immediate", "-w", "stop")
        shutil.rmtree(folder)


def _children(process: int) -> list[int]:
    found = []
    for path in Path("/proc").glob("[0-9]*/stat"):
        with contextlib.suppress(OSError):
            # After the name, which may hold anything: the state, and the parent.
            if int(path.read_text().rpartition(")")[2].split()[1]) == process:
                found.append(int(path.parent.name))
    return found


def _runs(process: int) -> bool:
    with contextlib.suppress(OSError):
        return Path(f"/proc/{process}/stat").read_text().rpartition(")")[2].split()[0] != "Z"
    return False


def free_port() -> int:
    """A port that nobody listens on now."""
    with socket.socket() as listener:
        listener.bind(("127.0.0.1", 0))
        return int(listener.getsockname()[1])
