"""Outages: a server that is killed and comes back while eight processes write."""

from __future__ import annotations

import time
from collections import Counter
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from typing import Any, Protocol

import pytest
from mariadb_server import has_mariadb, mariadb_server
from postgres_server import find_binaries, postgres_server
from store_contract import execution, model

from mlops_metadata.engine import SqlStore, UnclearError
from mlops_pipeline.store import AlreadyExistsError, Run, State, open_store

pytestmark = [pytest.mark.mlmd, pytest.mark.slow]  # servers are started, and killed

PROCESSES, WRITES = 8, 25


class Server(Protocol):
    def kill(self) -> None: ...

    def start(self) -> None: ...


Place = tuple[str, Server]


@pytest.fixture(params=["postgresql", "mariadb"])
def place(request: pytest.FixtureRequest, monkeypatch: pytest.MonkeyPatch) -> Iterator[Place]:
    """A server of its own, with the URL of a database that is not there yet."""
    monkeypatch.setenv("MLOPS_METADATA_PASSWORD", "sesame")
    if request.param == "mariadb":
        if not has_mariadb():
            pytest.skip("NO MARIADB WAS RUN: there is no mariadbd (Debian: mariadb-server)")
        # A commit that was answered has to outlive the server.
        with mariadb_server("--innodb-flush-log-at-trx-commit=2") as server:
            yield server.url("outage"), server
        return
    binaries = find_binaries()
    if binaries is None:
        pytest.skip("NO POSTGRESQL WAS RUN: there is no initdb (Debian: postgresql)")
    pytest.importorskip("psycopg", reason="NO POSTGRESQL WAS RUN: there is no psycopg")
    with postgres_server(binaries, "sesame") as found:
        yield f"postgresql://{found.owner}@127.0.0.1:{found.port}/outage", found


def test_writers_outlive_a_server_that_is_killed_as_they_open_and_as_they_write(
    place: Place, other_processes: Callable[[str, int], list[Any]]
) -> None:
    url, server = place
    server.kill()
    with ThreadPoolExecutor(PROCESSES) as threads:
        opening = threads.submit(other_processes, url, PROCESSES)
        time.sleep(1.5)
        server.start()
        processes = opening.result(timeout=60)
        for number, process in enumerate(processes):
            process.send("write", name=f"w{number}", count=WRITES)
        first = [processes[0].answer() for _ in range(3)]
        server.kill()
        time.sleep(1)
        server.start()
        rest = [processes[0].answer() for _ in range(WRITES - 3)]
        others = [
            threads.submit(lambda each=each: [each.answer() for _ in range(WRITES)])
            for each in processes[1:]
        ]
        ids = [*first, *rest, *(each for found in others for each in found.result(timeout=60))]
    assert len(set(ids)) == PROCESSES * WRITES
    store = open_store(url)
    try:
        names = [record.name for record in store.artifacts_by_type("Model", limit=10_000)]
        wanted = [
            f"w{process}-{number}-{output}"
            for process in range(PROCESSES)
            for number in range(WRITES)
            for output in (0, 1)
        ]
        assert sorted(names) == sorted(wanted)
        made: Counter[State] = Counter()
        for process in range(PROCESSES):
            for number in range(WRITES):
                made.update(e.state for e in store.executions_of_run(f"run-w{process}-{number}"))
        assert made == {State.COMPLETE: PROCESSES * WRITES}
    finally:
        store.close()


class LosesCommits:
    """A driver that loses its connection at a commit, before it or after it."""

    def __init__(self, driver: Any, after: bool) -> None:
        self._driver = driver
        self._after = after
        self.left = 0

    def __getattr__(self, name: str) -> Any:
        return getattr(self._driver, name)

    def commit(self, connection: Any) -> None:
        if not self.left:
            self._driver.commit(connection)
            return
        self.left -= 1
        if self._after:
            self._driver.commit(connection)
        connection.close()
        # As the driver says it of a connection that is gone.
        self._driver.commit(connection)


@pytest.mark.parametrize("after", [False, True], ids=["before it took effect", "after it"])
def test_a_write_whose_commit_is_not_answered_is_recorded_once(place: Place, after: bool) -> None:
    store = open_store(place[0])
    assert isinstance(store, SqlStore)
    database: Any = store.database
    try:
        store.put_run(Run("warm", "pets"))
        claim = execution("warm", run_id="warm")
        store.put_execution(claim, outputs={"x": [model("warm")]})
        losing = database._driver = LosesCommits(database._driver, after)
        losing.left = 1
        store.put_run(Run("run-1", "pets", parameters={"by": 1}), new=True)
        losing.left = 1
        running, _ = store.put_execution(execution("key", run_id="run-1"))
        losing.left = 1
        store.heartbeat(running.id)
        done = execution("key", id=running.id, run_id="run-1", state=State.COMPLETE)
        losing.left = 1
        ended, outputs = store.put_execution(done, outputs={"m": [model("a"), model("b")]})
        losing.left = 1
        digest = store.put_document("text")
        assert losing.left == 0
        assert [e.id for e in store.executions_of_run("run-1")] == [running.id] == [ended.id]
        found = store.artifacts([record.id for record in outputs["m"]])
        assert [record.name for record in found] == ["a", "b"]
        assert len(store.artifacts_by_type("Model")) == 3
        assert store.get_document(digest) == "text"
        losing.left = 1
        # What has no name cannot be told from others.
        with pytest.raises(UnclearError):
            store.put_execution(execution("", run_id="run-1"))
        with pytest.raises(AlreadyExistsError):
            store.put_execution(execution("key", run_id="other"))
        with pytest.raises(AlreadyExistsError):
            store.put_run(Run("run-1", "pets"), new=True)
    finally:
        store.close()
