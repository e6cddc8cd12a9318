"""Rows that lead nowhere, on a real PostgreSQL and a real MariaDB."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest
from postgres_server import PostgresServer, find_binaries, postgres_server

from mlops_metadata.engine import SqlStore
from mlops_pipeline.errors import StoreError
from mlops_pipeline.store import (
    ArtifactRecord,
    Execution,
    Run,
    State,
    StoreCheck,
    check_tables,
    copy_store,
    live_artifacts,
    only_existing,
    open_store,
    running_executions,
)

pytestmark = [pytest.mark.mlmd, pytest.mark.slow]  # a PostgreSQL and a MariaDB are started


@pytest.fixture(scope="module")
def postgres() -> Iterator[PostgresServer]:
    binaries = find_binaries()
    if binaries is None:
        pytest.skip("NO POSTGRESQL WAS RUN: there is no initdb (Debian: postgresql)")
    pytest.importorskip("psycopg", reason="NO POSTGRESQL WAS RUN: there is no psycopg")
    with postgres_server(binaries, "sesame") as server:
        yield server


@pytest.fixture(params=["postgresql", "mariadb"])
def store(
    request: pytest.FixtureRequest, monkeypatch: pytest.MonkeyPatch
) -> Iterator[tuple[str, SqlStore]]:
    if request.param == "mariadb":
        url = request.getfixturevalue("database")
    else:
        server = request.getfixturevalue("postgres")
        monkeypatch.setenv("MLOPS_METADATA_PASSWORD", server.password)
        url = f"postgresql://{server.owner}@127.0.0.1:{server.port}/checked"
    opened = open_store(url)
    assert isinstance(opened, SqlStore)
    yield url, opened
    opened.close()


def wrong(checks: list[StoreCheck]) -> dict[str, int]:
    return {each.name: each.left for each in checks if each.left}


def test_rows_that_lead_nowhere_are_named_and_removed(store: tuple[str, SqlStore]) -> None:
    url, opened = store
    opened.put_run(Run("run", "pets"))
    done = Execution("pets.Train", "pets", "run", "train", State.COMPLETE, cache_key="key")
    model = ArtifactRecord("Model", "/models/1", properties={"score": 0.5, "größe": 1})
    opened.put_execution(done, outputs={"model": [model]})
    running, _ = opened.put_execution(Execution("pets.Train", "pets", "run", "b", State.RUNNING))
    before = check_tables(url)
    assert wrong(before) == {}
    assert {each.name: each.rows for each in before}["events lead to artifacts"] == 1
    assert [each.id for each in running_executions(url)] == [running.id]
    assert [(each.type, each.uri) for each in live_artifacts(url)] == [("Model", "/models/1")]

    for statement in (
        "INSERT INTO Event (artifact_id, execution_id, type) VALUES (900, 1, 4)",
        "INSERT INTO EventPath (event_id, step_key, is_index_step)"
        " SELECT id, 'x', is_custom_property FROM Event JOIN ArtifactProperty ON 1 = 1"
        " WHERE Event.artifact_id = 900 LIMIT 1",
        "INSERT INTO Association (context_id, execution_id) VALUES (900, 901)",
        "INSERT INTO Attribution (context_id, artifact_id) VALUES (900, 1)",
        "INSERT INTO ParentContext (context_id, parent_context_id) VALUES (1, 900)",
        "INSERT INTO ParentType (type_id, parent_type_id) VALUES (1, 900)",
        "INSERT INTO TypeProperty (type_id, name, data_type) VALUES (900, 'span', 1)",
        "INSERT INTO ArtifactProperty (artifact_id, name, is_custom_property)"
        " SELECT 900, name, is_custom_property FROM ArtifactProperty WHERE artifact_id = 1",
    ):
        opened.database.write(lambda session, statement=statement: session.run(statement))
    properties = {each.name: each.rows for each in before}["properties have an artifact"]
    assert wrong(check_tables(url)) == {
        "declared properties have a type": 1,
        "parents of types exist": 1,
        "events lead to artifacts": 1,
        "associations lead to contexts": 1,
        "associations lead to executions": 1,
        "attributions lead to contexts": 1,
        "parents of contexts exist": 1,
        "properties have an artifact": properties,
    }
    repaired = {each.name: each.removed for each in check_tables(url, repair=True)}
    assert repaired["paths belong to events"] == 1
    assert repaired["properties have an artifact"] == properties
    assert check_tables(url) == before


def test_a_database_that_is_missing_is_not_made_by_who_only_looks(
    store: tuple[str, SqlStore], tmp_path: Path
) -> None:
    url = f"{store[0]}_missing"
    for _ in range(2):
        for repair in (False, True):
            with pytest.raises(StoreError, match="there is no metadata store"):
                check_tables(url, repair=repair)
        with pytest.raises(StoreError, match="there is no metadata store"):
            copy_store(url, f"sqlite:///{tmp_path}/copy.db")
        with pytest.raises(StoreError, match="there is no metadata store"):
            open_store(only_existing(url))
    # A database without tables is no store either.
    session = store[1].database
    name = url.rpartition("/")[2]
    if url.startswith("mysql"):
        session.read(lambda each: each.rows(f"CREATE DATABASE {name}"))
        with pytest.raises(StoreError, match="there is no metadata store"):
            open_store(only_existing(url))
    open_store(url).close()
    open_store(only_existing(url)).close()
