"""A PostgreSQL of its own for tests: on loopback, with a password, gone afterwards."""

from __future__ import annotations

import contextlib
import os
import shutil
import socket
import subprocess
import tempfile
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path


@dataclass(frozen=True)
class PostgresServer:
    """Where it listens, and its only user."""

    port: int
    password: str
    owner: str = "owner"


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

    server = PostgresServer(free_port(), password)
    initial = ["-U", server.owner, f"--pwfile={secret}", "--auth=scram-sha-256", "--no-sync"]
    call("initdb", "-D", str(data), *initial, "-E", "UTF8", "--locale=C")
    options = f"-p {server.port} -c listen_addresses=127.0.0.1 -k {folder} -c fsync=off"
    call("pg_ctl", "-D", str(data), "-o", options, "-w", "-l", str(folder / "log"), "start")
    try:
        yield server
    finally:
        call("pg_ctl", "-D", str(data), "-m", "immediate", "-w", "stop")
        shutil.rmtree(folder)


def free_port() -> int:
    """A port that nobody listens on now."""
    with socket.socket() as listener:
        listener.bind(("127.0.0.1", 0))
        return int(listener.getsockname()[1])
