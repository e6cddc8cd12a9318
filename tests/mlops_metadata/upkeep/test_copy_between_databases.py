"""A store that is copied from a file to PostgreSQL, on to MariaDB, and back into a file."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import closing
from itertools import pairwise
from pathlib import Path
from typing import Any

import pytest
from layout_stores import stock_client
from postgres_server import PostgresServer, find_binaries, postgres_server

from mlops_pipeline.errors import StoreError
from mlops_pipeline.store import (
    ArtifactRecord,
    Execution,
    MetadataStore,
    Run,
    State,
    check_tables,
    copy_store,
    open_store,
)

pytestmark = [pytest.mark.mlmd, pytest.mark.slow]  # a PostgreSQL and a MariaDB are started

VALUES = {
    "third": 1 / 3,
    "nan_like": 1e300,
    "large": 2**62,
    "small": -7,
    "flag": True,
    "other": False,
    "text": "größe \N{SNAKE} \\ 'quoted' \"too\"",
    "long": "ä" * 3000,
    "nul": "a\0b",
    "list": [1, {"a": [None, 2.5]}],
    "long list": [n / 7 for n in range(1000)],
}


@pytest.fixture(scope="module")
def postgres() -> Iterator[PostgresServer]:
    binaries = find_binaries()
    if binaries is None:
        pytest.skip("NO POSTGRESQL WAS RUN: there is no initdb (Debian: postgresql)")
    pytest.importorskip("psycopg", reason="NO POSTGRESQL WAS RUN: there is no psycopg")
    with postgres_server(binaries, "sesame") as server:
        yield server


def publish(store: MetadataStore, name: str) -> None:
    done = Execution(
        "pets.Train",
        "pets",
        "run",
        "train",
        State.COMPLETE,
        name=name,
        cache_key="key",
        parameters=VALUES,
    )
    models = [ArtifactRecord("Model", f"/m/{name}/{n}", properties=VALUES) for n in range(3)]
    store.put_execution(done, outputs={"model": models, "same": models[:1]})


def records(url: str) -> tuple[Any, ...]:
    with closing(open_store(url)) as store:
        executions = store.executions_of_run("run")
        ids = [each.id for each in executions]
        models = store.artifacts_by_type("Model")
        assert len(executions) > 1
        return executions, store.events_by_execution(ids), models, store.list_runs()


def test_records_are_the_same_on_every_database(
    postgres: PostgresServer, database: str, tmp_path: Path
) -> None:
    # Both servers have the password that `database` has set.
    urls = [
        f"sqlite:///{tmp_path}/first.db",
        f"postgresql://{postgres.owner}@127.0.0.1:{postgres.port}/copied",
        database,
        f"sqlite:///{tmp_path}/last.db",
    ]
    with closing(open_store(urls[0])) as store:
        store.put_run(Run("run", "pets"))
        for number in range(5):
            publish(store, f"n{number}")
    wanted = records(urls[0])
    for source, target in pairwise(urls):
        assert all(each.new == each.rows for each in copy_store(source, target))
        assert records(target) == wanted
        assert [each.name for each in check_tables(target) if each.misfits] == []
        assert not any(each.new for each in copy_store(source, target))
    # Each counts on after the rows that it was given.
    for url in urls[1:]:
        with closing(open_store(url)) as store:
            publish(store, "later")
            assert [each.id for each in store.executions_of_run("run")] == [1, 2, 3, 4, 5, 6]
        with pytest.raises(StoreError, match="holds something else"):
            copy_store(urls[0], url)
    client = stock_client(tmp_path / "last.db")
    assert len(client.get_executions()) == 6
    found = {each.id: each.uri for each in client.get_artifacts_by_type("Model")}
    assert {each.id: each.uri for each in wanted[2]}.items() <= found.items()
