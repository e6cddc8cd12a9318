"""New stores for benchmarks, with the servers that they need; gone afterwards."""

from __future__ import annotations

import contextlib
import os
import signal
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

from measure import REPOSITORY

KINDS = {
    "sqlite": "a SQLite file",
    "grpc": "our server over a SQLite file",
    "postgresql": "a PostgreSQL",
    "mysql": "a MariaDB",
    "grpc-mysql": "our server over a MariaDB",
}
"""Names of the stores, and what each is."""


@contextlib.contextmanager
def new_store(kind: str) -> Iterator[str]:
    """Make an empty store, and yield its URL."""
    with contextlib.ExitStack() as stack:
        if kind in ("sqlite", "grpc"):
            folder = stack.enter_context(tempfile.TemporaryDirectory(prefix="store-"))
            url = f"sqlite:///{folder}/metadata.db"
        elif kind == "postgresql":
            url = stack.enter_context(_postgresql())
        else:
            url = stack.enter_context(_mariadb()).url("mlmd")
        yield stack.enter_context(_served(url)) if kind.startswith("grpc") else url


@contextlib.contextmanager
def _served(store: str) -> Iterator[str]:
    """Serve a store from a process of its own, and yield its URL."""
    script = (
        "import sys; from mlops_metadata.server import serve; s = serve(sys.argv[1], port=0);"
        "print(s.url, flush=True); sys.stdin.read(); s.stop()"
    )
    with subprocess.Popen(
        [sys.executable, "-c", script, store],
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        text=True,
        env=environment(),
    ) as process:
        assert process.stdout is not None
        url = process.stdout.readline().strip()
        if not url:
            raise SystemExit(f"no server starts over {store}")
        yield url
        process.communicate()


@contextlib.contextmanager
def _postgresql() -> Iterator[str]:
    sys.path.append(str(REPOSITORY / "tests" / "contracts"))
    from postgres_server import find_binaries, postgres_server

    binaries = find_binaries()
    if binaries is None:
        raise SystemExit("there is no PostgreSQL here (Debian: postgresql)")
    with postgres_server(binaries, "sesame") as server:
        os.environ["MLOPS_METADATA_PASSWORD"] = server.password
        yield f"postgresql://{server.owner}@127.0.0.1:{server.port}/mlmd"


@contextlib.contextmanager
def _mariadb() -> Iterator[Any]:
    """Run a MariaDB that brings each transaction to the disk and has memory, as real ones do."""
    sys.path.append(str(REPOSITORY / "tests" / "contracts"))
    from mariadb_server import has_mariadb, mariadb_server

    if not has_mariadb():
        raise SystemExit("there is no mariadbd here (Debian: mariadb-server)")
    with mariadb_server("--innodb-buffer-pool-size=1G", durable=True) as server:
        os.environ["MLOPS_METADATA_PASSWORD"] = server.password
        yield server


def environment() -> dict[str, str]:
    """Return variables that let a process import the same modules as this one."""
    return {**os.environ, "PYTHONPATH": os.pathsep.join(p for p in sys.path if p)}


def processor_of(url: str) -> Callable[[], float]:
    """Return what tells the seconds of the processor that the server behind a URL has taken."""
    port = urlsplit(url).port
    if not port or url.startswith("grpc"):
        return lambda: 0.0
    pid, _ = _find(str(port), _signs(url))

    def taken() -> float:
        total = 0
        for each in (pid, *_children(pid)):
            for part in Path(f"/proc/{each}/task").glob("*/schedstat"):
                with contextlib.suppress(OSError):
                    total += int(part.read_text().split()[0])
        return total / 1e9

    return taken


@contextlib.contextmanager
def killable(url: str) -> Iterator[Killable]:
    """Let the server behind a URL be killed and started again, and end the last one."""
    server = Killable(url)
    try:
        yield server
    finally:
        server.end()


class Killable:
    """A server of databases on this machine."""

    def __init__(self, url: str) -> None:
        self._pid, self._command = _find(str(urlsplit(url).port), _signs(url))
        # It has a folder of its own for what it keeps for a moment.
        lines = Path(f"/proc/{self._pid}/environ").read_bytes().decode(errors="replace").split("\0")
        self._environment = dict(line.split("=", 1) for line in lines if "=" in line)
        self._again: subprocess.Popen[bytes] | None = None

    def kill(self) -> None:
        """Kill it by SIGKILL, with all its processes."""
        below = _children(self._pid)
        # All at once, as a container dies.
        for each in (self._pid, *below):
            with contextlib.suppress(ProcessLookupError):
                os.kill(each, signal.SIGKILL)
        if self._again is not None:
            self._again.wait()
        # A PostgreSQL is begun again once the last of its processes has seen that.
        while any(Path(f"/proc/{each}").exists() for each in below):
            time.sleep(0.01)

    def start(self) -> None:
        """Start it as it was started."""
        self._again = subprocess.Popen(
            self._command[0],
            user=self._command[1],
            group=self._command[2],
            cwd="/tmp",
            stdout=subprocess.DEVNULL,
            stderr=subprocess.DEVNULL,
            env=self._environment,
        )
        self._pid = self._again.pid

    def end(self) -> None:
        """End the server that was started here, unless it is ended by what keeps its files."""
        if self._again is not None and Path(self._command[0][0]).name != "postgres":
            self._again.send_signal(signal.SIGTERM)
            self._again.wait(60)


def _signs(url: str) -> tuple[str, str]:
    port = urlsplit(url).port
    return (f"--port={port}", "-p" if url.startswith("postgresql") else f"--port={port}")


def _find(port: str, signs: tuple[str, str]) -> tuple[int, tuple[list[str], int, int]]:
    """Find the process of a server by what it was started with."""
    for folder in Path("/proc").glob("[0-9]*"):
        with contextlib.suppress(OSError):
            words = (folder / "cmdline").read_bytes().decode(errors="replace").split("\0")[:-1]
            is_server = bool(words) and Path(words[0]).name in ("postgres", "mariadbd", "mysqld")
            is_ours = signs[0] in words or (signs[1] in words and port in words)
            if is_server and is_ours:
                status = folder.stat()
                return int(folder.name), (words, status.st_uid, status.st_gid)
    raise SystemExit(f"no server on port {port} here")


def _children(pid: int) -> list[int]:
    return [int(each) for each in Path(f"/proc/{pid}/task/{pid}/children").read_text().split()]
