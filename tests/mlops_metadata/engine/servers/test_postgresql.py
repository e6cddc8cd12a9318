"""The engine on a real PostgreSQL."""

from __future__ import annotations

import os
from collections import Counter
from collections.abc import Iterator
from dataclasses import replace
from typing import Any

import pytest
from registered_models import RegisteredModelsContract
from store_contract import SharedStoreContract, execution, model

from mlops_pipeline.errors import StoreError
from mlops_pipeline.store import (
    ArtifactType,
    MetadataStore,
    Run,
    State,
    open_store,
)

pytestmark = [pytest.mark.mlmd, pytest.mark.slow]  # a PostgreSQL is started


@pytest.fixture
def url(postgresql_url: str) -> str:
    return postgresql_url


@pytest.fixture
def store(url: str) -> Iterator[MetadataStore]:
    opened = open_store(url)
    yield opened
    opened.close()


def ask(url: str, statement: str, *values: Any) -> list[tuple[Any, ...]]:
    import psycopg

    password = os.environ["MLOPS_METADATA_PASSWORD"]
    with psycopg.connect(url, password=password, autocommit=True) as connection:
        cursor = connection.execute(statement, values)
        return cursor.fetchall() if cursor.description else []


class TestSqlStoreOnPostgresql(SharedStoreContract):
    # Two that end the same execution wait for each other at its row.
    one_writer = True

    def test_two_stores_make_a_type_once(self, url: str, store: MetadataStore) -> None:
        other = open_store(url)
        assert other.artifacts_by_type("Model") == []
        for each in (store, other):
            each.register_types([ArtifactType("Model", "Model", {"a": "INT"})])
            each.put_execution(execution(state=State.COMPLETE))
        other.close()
        twice = "SELECT name FROM Type GROUP BY name, type_kind HAVING count(*) > 1"
        assert ask(url, twice) == []

    def test_processes_make_the_database_at_once(self, url: str, other_processes: Any) -> None:
        processes = other_processes(url, 6)
        for number, process in enumerate(processes):
            process.send("write", name=f"w{number}", count=5)
        ids = [process.answer() for process in processes for _ in range(5)]
        assert len(set(ids)) == 30
        assert ask(url, "SELECT count(*) FROM Execution WHERE last_known_state = 3") == [(30,)]

    @pytest.mark.parametrize("race", ["begin", "claim", "publish", "end"])
    def test_of_racing_processes_exactly_one_wins(
        self, url: str, store: MetadataStore, other_processes: Any, race: str
    ) -> None:
        processes = other_processes(url, 4)
        loses = dict.fromkeys(("begin", "claim", "publish"), "AlreadyExistsError")
        for number in range(15):
            running, _ = store.put_execution(execution())
            for process in processes:
                process.send("race", race=race, name=f"key-{number}", id=running.id)
            results = Counter(process.answer() for process in processes)
            assert results == {"won": 1, loses.get(race, "StaleExecutionError"): 3}

    def test_a_lost_connection_is_made_again(self, url: str, store: MetadataStore) -> None:
        store.put_run(Run("before", "p"))
        end = (
            "SELECT pg_terminate_backend(pid) FROM pg_stat_activity "
            "WHERE datname = current_database() AND pid <> pg_backend_pid()"
        )
        for use in (
            lambda: store.get_run("before"),
            lambda: store.put_run(Run("after", "p")),
            lambda: store.put_execution(execution()),
        ):
            assert ask(url, end) == [(True,)]
            use()
        assert [run.id for run in store.list_runs()] == ["run-1", "after", "before"]
        assert len(store.executions_of_run("run-1")) == 1

    def test_the_tables_are_those_of_ml_metadata(self, url: str, store: MetadataStore) -> None:
        from ml_metadata import MetadataStore as StockClient
        from ml_metadata.proto import metadata_store_pb2 as pb

        parts = url.removeprefix("postgresql://").replace("@", ":").replace("/", ":").split(":")
        config = pb.ConnectionConfig()
        config.postgresql.user, config.postgresql.host, config.postgresql.port = parts[:3]
        config.postgresql.password = os.environ["MLOPS_METADATA_PASSWORD"]
        config.postgresql.dbname = f"{parts[3]}_stock"
        StockClient(config).get_artifact_types()
        stock = f"{url}_stock"
        for statement in (
            "SELECT table_name, column_name, data_type, is_nullable, column_default, "
            "character_maximum_length FROM information_schema.columns "
            "WHERE table_schema = 'public' ORDER BY table_name, ordinal_position",
            "SELECT indexdef FROM pg_indexes WHERE schemaname = 'public' "
            "AND indexname NOT LIKE 'mlops%%' ORDER BY indexname",
            "SELECT conname FROM pg_constraint WHERE connamespace = 'public'::regnamespace "
            "ORDER BY conname",
            "SELECT * FROM Type ORDER BY id",
        ):
            assert ask(url, statement) == ask(stock, statement)
        # What the client finds in ours.
        _, written = store.put_execution(
            execution(state=State.COMPLETE, parameters={"a": 1, "b": [1, "x"]}),
            outputs={"model": [model("m", properties={"s": {"a": 1}, "big": 2**70})]},
        )
        config.postgresql.dbname = parts[3]
        (found,) = StockClient(config).get_artifacts_by_type("Model")
        assert (found.id, found.uri) == (written["model"][0].id, "/models/m")
        assert found.custom_properties["s"].struct_value["a"] == 1
        assert found.custom_properties["big"].proto_value.type_url.endswith("StringValue")


def test_long_texts_and_backslashes_are_kept(store: MetadataStore) -> None:
    value = {"a": "\\" * 5000, "b": "x" * 200_000, "c": 2**31, "d": "'; DROP TABLE Type; --\\"}
    stored, _ = store.put_execution(execution(parameters=value, properties=value))
    (found,) = store.executions([stored.id])
    assert (found.parameters, found.properties) == (value, value)


def test_what_postgresql_cannot_hold_is_told(store: MetadataStore) -> None:
    with pytest.raises(StoreError, match="too long"):
        store.put_execution(execution("n" * 300))
    with pytest.raises(StoreError, match="NUL"):
        store.put_execution(execution("a\0b"))
    assert store.executions_of_run("run-1") == []
    store.put_execution(execution("fine"))


def test_another_database_is_refused(url: str, store: MetadataStore) -> None:
    ask(url, "DROP TABLE MLMDEnv")
    with pytest.raises(StoreError, match="holds something else"):
        open_store(url)


def test_another_version_is_refused(url: str, store: MetadataStore) -> None:
    ask(url, "UPDATE MLMDEnv SET schema_version = 9")
    with pytest.raises(StoreError, match="version 9, not 10"):
        open_store(url)


def test_a_server_that_is_not_there_is_told(url: str, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("mlops_metadata.engine.servers.database.OPENING", 0.1)
    with pytest.raises(StoreError, match="cannot be reached"):
        open_store("postgresql://owner@127.0.0.1:1/mlmd")


def test_a_claim_ends_with_its_publication(store: MetadataStore) -> None:
    running, _ = store.put_execution(execution("k", cache_key="c"))
    store.put_execution(replace(running, state=State.COMPLETE), outputs={"model": [model("m")]})
    assert [each.id for each in store.executions_by_cache_key("c")] == [running.id]


class TestRegisteredModelsOnPostgresql(RegisteredModelsContract):
    @pytest.fixture(autouse=True)
    def _keep_url(self, url: str) -> None:
        self._url = url

    def again(self, store: MetadataStore) -> MetadataStore:
        return open_store(self._url)
