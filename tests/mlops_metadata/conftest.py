from __future__ import annotations

import contextlib
import importlib.util
import json
import os
import subprocess
import sys
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest
from mariadb_server import MariaDbServer, has_mariadb, mariadb_server
from postgres_server import PostgresServer, find_binaries, postgres_server

HAS_ML_METADATA = importlib.util.find_spec("ml_metadata") is not None


def pytest_ignore_collect(collection_path: Path) -> bool | None:
    """The light environment deselects tests of ML Metadata, but cannot import them either."""
    if HAS_ML_METADATA or not collection_path.name.startswith("test_"):
        return None
    marks = ("pytestmark = pytest.mark.mlmd", "pytestmark = [pytest.mark.mlmd")
    return any(mark in collection_path.read_text() for mark in marks) or None


pytest.register_assert_rewrite("store_contract")

ENVIRONMENT = {**os.environ, "PYTHONPATH": os.pathsep.join(p for p in sys.path if p)}


def _passwords() -> dict[str, str]:
    """What a test has set to get at its store."""
    return {n: v for n, v in os.environ.items() if n.startswith("MLOPS_METADATA_")}


class StoreProcess:
    """Another process that has the store open."""

    def __init__(self, url: str) -> None:
        self._process = subprocess.Popen(
            [sys.executable, str(Path(__file__).with_name("store_process.py")), url],
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            text=True,
            env={**ENVIRONMENT, **_passwords()},
        )

    def send(self, do: str, **details: Any) -> None:
        """Give a command; `answer` waits for what comes of it."""
        assert self._process.stdin is not None
        self._process.stdin.write(json.dumps({"do": do, **details}) + "\n")
        self._process.stdin.flush()

    def answer(self) -> Any:
        assert self._process.stdout is not None
        line = self._process.stdout.readline()
        assert line, "the other process has died"
        return json.loads(line)

    def ask(self, do: str, **details: Any) -> Any:
        self.send(do, **details)
        return self.answer()

    def kill(self) -> None:
        self._process.kill()
        self._process.communicate()

    def close(self) -> None:
        """Let the process close its store and end."""
        with contextlib.suppress(BrokenPipeError):
            self._process.communicate(timeout=60)


@pytest.fixture
def other_processes() -> Iterator[Callable[[str, int], list[StoreProcess]]]:
    """Start processes on a store, and wait until each has it open."""
    started: list[StoreProcess] = []

    def start(url: str, count: int = 1) -> list[StoreProcess]:
        new = [StoreProcess(url) for _ in range(count)]
        started.extend(new)
        assert [process.answer() for process in new] == ["open"] * count
        return new

    yield start
    for process in started:
        process.kill()


@pytest.fixture
def environment() -> dict[str, str]:
    """Lets another process import what this one can."""
    return ENVIRONMENT


@pytest.fixture
def sql() -> Callable[[Path, str], list[list[Any]]]:
    """Query a file with SQLite in another process: in this one it would drop MLMD's locks."""
    program = (
        "import json, sqlite3, sys; d = sqlite3.connect(sys.argv[1]);"
        "print(json.dumps(d.execute(sys.argv[2]).fetchall())); d.close()"
    )

    def query(path: Path, statement: str) -> list[list[Any]]:
        done = subprocess.run(
            [sys.executable, "-c", program, str(path), statement],
            capture_output=True,
            text=True,
            check=True,
        )
        return list(json.loads(done.stdout))

    return query


@pytest.fixture(scope="session")
def mariadb() -> Iterator[MariaDbServer]:
    if not has_mariadb():
        pytest.skip("NO MARIADB WAS RUN: there is no mariadbd (Debian: mariadb-server)")
    with mariadb_server() as server:
        yield server


@pytest.fixture
def mariadb_url(
    mariadb: MariaDbServer, request: pytest.FixtureRequest, monkeypatch: pytest.MonkeyPatch
) -> str:
    """The URL of a database that is not there yet."""
    monkeypatch.setenv("MLOPS_METADATA_PASSWORD", mariadb.password)
    return mariadb.url(f"db{abs(hash(request.node.nodeid)) % 10**12}")


@pytest.fixture
def database(mariadb_url: str) -> str:
    return mariadb_url


@pytest.fixture
def passwords(database: str) -> dict[str, str]:
    """Lets another process get at the database."""
    return _passwords()


@pytest.fixture(scope="session")
def postgresql() -> Iterator[PostgresServer]:
    binaries = find_binaries()
    if binaries is None:
        pytest.skip("NO POSTGRESQL WAS RUN: there is no initdb (Debian: postgresql)")
    pytest.importorskip("psycopg", reason="NO POSTGRESQL WAS RUN: there is no psycopg")
    with postgres_server(binaries, "sesame") as server:
        yield server


@pytest.fixture
def postgresql_url(
    postgresql: PostgresServer, request: pytest.FixtureRequest, monkeypatch: pytest.MonkeyPatch
) -> str:
    """The URL of a database that is not there yet."""
    monkeypatch.setenv("MLOPS_METADATA_PASSWORD", postgresql.password)
    name = f"db{abs(hash(request.node.nodeid)) % 10**12}"
    return f"postgresql://{postgresql.owner}@127.0.0.1:{postgresql.port}/{name}"
