"""A MariaDB of its own for tests and benchmarks: on loopback, with a password, gone afterwards."""

from __future__ import annotations

import contextlib
import os
import shutil
import socket
import subprocess
import tempfile
import time
from collections.abc import Iterator
from dataclasses import dataclass, field
from pathlib import Path

from postgres_server import free_port


@dataclass(frozen=True)
class MariaDbServer:
    """Where it listens, and its only user, who may make databases."""

    port: int
    folder: Path
    user: str = "mlmd"
    password: str = "sesame"
    command: list[str] = field(default_factory=list)
    processes: list[subprocess.Popen[bytes]] = field(default_factory=list)

    def url(self, database: str) -> str:
        """The URL of a database, as a store."""
        return f"mysql://{self.user}@127.0.0.1:{self.port}/{database}"

    def kill(self) -> None:
        """End it as a lack of memory does, or a power cut."""
        self.processes[-1].kill()
        self.processes[-1].wait(60)

    def start(self) -> None:
        """Start it, again if it was killed, and wait until it answers."""
        with (self.folder / "log").open("ab") as log:
            self.processes.append(
                subprocess.Popen(self.command, stdout=log, stderr=log, env=_environment(self))
            )
        _wait(self, self.processes[-1])

    def end_connections(self) -> None:
        """End all connections, as a server that is restarted does, or one that finds them idle."""
        ids = self._sql("SELECT id FROM information_schema.processlist WHERE db IS NOT NULL")
        for each in ids.split():
            self._sql(f"KILL {each}")

    def _sql(self, statement: str) -> str:
        command = ["mariadb", "--no-defaults", f"--socket={self.folder}/socket", "-uroot", "-N"]
        done = subprocess.run(
            [*command, "-e", statement], check=True, capture_output=True, text=True
        )
        return done.stdout


def has_mariadb() -> bool:
    """Whether MariaDB is installed."""
    return bool(shutil.which("mariadbd") and shutil.which("mariadb-install-db"))


@contextlib.contextmanager
def mariadb_server(*settings: str, durable: bool = False) -> Iterator[MariaDbServer]:
    """Start a server without databases.

    Args:
        settings: further options of `mariadbd`.
        durable: whether it brings each transaction to the disk, as a real one does.
    """
    # Not below pytest's own folder, which only its owner can enter.
    folder = Path(tempfile.mkdtemp(prefix="mlops-mariadb-", dir=None if durable else _memory()))
    # As root, the server gives its rights away; what it writes to has to be its new user's.
    user = ["--user=mysql"] if os.getuid() == 0 else []
    if user:
        shutil.chown(folder, "mysql")
    server = MariaDbServer(free_port(), folder)
    try:
        _install(server, user)
        server.command.extend(_command(server, [*user, *settings], durable))
        try:
            server.start()
            yield server
        finally:
            server.processes[-1].terminate()
            server.processes[-1].wait(60)
    finally:
        shutil.rmtree(folder)


def _memory() -> str | None:
    """A folder in memory, if it holds the database: each new one there syncs a hundred files."""
    folder = "/dev/shm"
    if os.access(folder, os.W_OK) and shutil.disk_usage(folder).free > 2**30:
        return folder
    return None


def _install(server: MariaDbServer, user: list[str]) -> None:
    command = ["mariadb-install-db", "--no-defaults", *user, f"--datadir={server.folder}/data"]
    more = ["--auth-root-authentication-method=normal", "--skip-test-db"]
    done = subprocess.run(
        [*command, *more], capture_output=True, text=True, env=_environment(server)
    )
    assert done.returncode == 0, done.stdout + done.stderr
    account = f"'{server.user}'@'127.0.0.1'"
    (server.folder / "init.sql").write_text(
        f"CREATE USER IF NOT EXISTS {account} IDENTIFIED BY '{server.password}';\n"
        f"GRANT ALL ON *.* TO {account};\n"
    )


def _command(server: MariaDbServer, more: list[str], durable: bool) -> list[str]:
    program = shutil.which("mariadbd")
    assert program
    settings = [
        f"--datadir={server.folder}/data",
        f"--port={server.port}",
        "--bind-address=127.0.0.1",
        f"--socket={server.folder}/socket",
        f"--init-file={server.folder}/init.sql",
        f"--innodb-flush-log-at-trx-commit={int(durable)}",
        "--skip-name-resolve",
        # The default from MariaDB 11.6 on, which older ones have as an option.
        "--loose-innodb-snapshot-isolation=ON",
    ]
    return [program, "--no-defaults", *settings, *more]


def _environment(server: MariaDbServer) -> dict[str, str]:
    """Return the environment of a server; in `/tmp`, one that starts removes what others have."""
    return {**os.environ, "TMPDIR": str(server.folder)}


def _wait(server: MariaDbServer, process: subprocess.Popen[bytes]) -> None:
    deadline = time.monotonic() + 60
    while True:
        with contextlib.suppress(OSError):
            socket.create_connection(("127.0.0.1", server.port), 1).close()
            return
        assert process.poll() is None, (server.folder / "log").read_text()[-2000:]
        assert time.monotonic() < deadline, "MariaDB does not start"
        time.sleep(0.05)
