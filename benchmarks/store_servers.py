"""New stores for benchmarks, with the servers that they need; gone afterwards."""

from __future__ import annotations

import contextlib
import os
import subprocess
import sys
import tempfile
from collections.abc import Iterator
from typing import Any

from measure import REPOSITORY

KINDS = {
    "sqlite": "a SQLite file",
    "grpc": "our server over a SQLite file",
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
def _mariadb() -> Iterator[Any]:
    """Run a MariaDB that brings each transaction to the disk, as real ones do."""
    sys.path.append(str(REPOSITORY / "tests" / "contracts"))
    from mariadb_server import has_mariadb, mariadb_server

    if not has_mariadb():
        raise SystemExit("there is no mariadbd here (Debian: mariadb-server)")
    with mariadb_server(durable=True) as server:
        os.environ["MLOPS_METADATA_PASSWORD"] = server.password
        yield server


def environment() -> dict[str, str]:
    """Return variables that let a process import the same modules as this one."""
    return {**os.environ, "PYTHONPATH": os.pathsep.join(p for p in sys.path if p)}
