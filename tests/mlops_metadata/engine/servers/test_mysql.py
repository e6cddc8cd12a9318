"""The engine on a real MariaDB."""

from __future__ import annotations

import os
from collections import Counter
from collections.abc import Iterator
from typing import Any
from urllib.parse import urlsplit

import pytest
from mariadb_server import MariaDbServer
from registered_models import RegisteredModelsContract
from stock_store import open_mysql_by_library
from store_contract import SharedStoreContract, execution, model

from mlops_metadata.by_mysql import open_mysql
from mlops_pipeline.errors import StoreError
from mlops_pipeline.store import ArtifactRecord, MetadataStore, Run, State

pytestmark = [pytest.mark.mlmd, pytest.mark.slow]  # a MariaDB is started


@pytest.fixture
def url(database: str) -> str:
    return database


@pytest.fixture
def store(url: str) -> Iterator[MetadataStore]:
    opened = open_mysql(url)
    yield opened
    opened.close()


def ask(url: str, statement: str) -> list[tuple[Any, ...]]:
    import pymysql

    parts = urlsplit(url)
    connection = pymysql.connect(
        host=parts.hostname or "",
        port=parts.port or 0,
        user=parts.username,
        password=os.environ["MLOPS_METADATA_PASSWORD"],
        database=parts.path.strip("/"),
        autocommit=True,
    )
    with connection, connection.cursor() as cursor:
        cursor.execute(statement)
        return list(cursor.fetchall())


class TestSqlStoreOnMariaDb(SharedStoreContract):
    # Two that end the same execution wait for each other at its row.
    one_writer = True

    def test_processes_make_the_database_at_once(self, url: str, other_processes: Any) -> None:
        processes = other_processes(url, 6)
        for number, process in enumerate(processes):
            process.send("write", name=f"w{number}", count=5)
        ids = [process.answer() for process in processes for _ in range(5)]
        assert len(set(ids)) == 30
        assert ask(url, "SELECT count(*) FROM Execution WHERE last_known_state = 3") == [(30,)]
        assert ask(url, "SELECT count(*) FROM Type WHERE name = 'mlmd.Dataset'") == [(1,)]

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

    def test_a_connection_that_mariadb_has_ended_is_made_anew(
        self, mariadb: MariaDbServer, store: MetadataStore
    ) -> None:
        running, _ = store.put_execution(execution("key.1"))
        for _ in range(3):
            mariadb.end_connections()
            store.heartbeat(running.id)
            mariadb.end_connections()
            assert [each.id for each in store.executions([running.id])] == [running.id]
        mariadb.end_connections()
        store.put_run(Run("after", "p"))
        assert store.get_run("after") is not None


def test_names_that_differ_in_the_case_of_a_letter_are_different(store: MetadataStore) -> None:
    store.put_run(Run("Run", "p"))
    store.put_run(Run("run", "p"), new=True)
    store.put_execution(execution("KEY"))
    store.put_execution(execution("key"))
    assert [run.id for run in store.list_runs(pipeline="p")] == ["run", "Run"]


def test_the_tables_are_those_of_ml_metadata(
    url: str, store: MetadataStore, mariadb: MariaDbServer
) -> None:
    stock = open_mysql_by_library(f"{url}_stock")
    stock.close()

    def tables(where: str) -> dict[str, list[str]]:
        found = {}
        for (name,) in ask(where, "SHOW TABLES"):
            ((_, made),) = ask(where, f"SHOW CREATE TABLE {name}")
            lines = [line.strip(" ,") for line in made.splitlines()[1:-1]]
            found[name] = sorted(line for line in lines if "mlops_" not in line)
        return found

    assert tables(url) == tables(f"{url}_stock")
    statement = "SELECT * FROM Type ORDER BY id"
    assert ask(url, statement)[:9] == ask(f"{url}_stock", statement)[:9]


@pytest.mark.parametrize("first", [open_mysql, open_mysql_by_library])
def test_both_engines_read_what_either_has_written(url: str, first: Any) -> None:
    value = {"a": "Zoë 🐧 中文 \\'\"\x81", "b": ["é", 1.5], "big": 2**40, "long": "ü" * 3000}
    properties = {"t": "Zoë\\", "s": {"é": 1, "b": [True]}, "x": 1 / 3}
    second = {open_mysql: open_mysql_by_library, open_mysql_by_library: open_mysql}[first]
    for number, start in enumerate((first, second)):
        store = start(url)
        store.put_run(Run(f"läuft-{number}", "p", parameters=value, properties=value))
        done = execution(f"ä{number}", state=State.COMPLETE, parameters=value, run_id="r")
        record = ArtifactRecord("Model", f"/ü/{number}", properties=properties)
        store.put_execution(done, outputs={"model": [record]})
        store.close()
    found = []
    for start in (first, second):
        store = start(url)
        artifacts = store.artifacts_by_type("Model")
        found.append((store.list_runs(), store.executions_of_run("r"), artifacts))
        assert [run.id for run in store.list_runs(pipeline="p")] == ["läuft-1", "läuft-0"]
        assert all(run.parameters == value for run in store.list_runs(pipeline="p"))
        assert [each.parameters for each in store.executions_of_run("r")] == [value] * 2
        assert [dict(each.properties) for each in artifacts] == [properties] * 2
        store.close()
    assert found[0] == found[1]


def test_what_the_database_cannot_hold_is_told(store: MetadataStore) -> None:
    with pytest.raises(StoreError, match="too long"):
        store.put_execution(execution("n" * 300))
    with pytest.raises(StoreError, match="not Unicode"):
        store.put_execution(execution("\udcff"))
    with pytest.raises(StoreError, match="bytes at once"):
        store.put_execution(execution("large", parameters={"text": "x" * 20_000_000}))
    assert store.executions_of_run("run-1") == []
    store.put_execution(execution("fine"), outputs={"model": [model("m")]})


def test_records_that_are_too_large_together_go_in_parts(store: MetadataStore) -> None:
    # MariaDB takes 16 MiB at once, and quoting doubles a backslash.
    large = {f"text {number}": "\\" * 2**21 for number in range(6)}
    stored, _ = store.put_execution(execution("large", parameters=large))
    (found,) = store.executions([stored.id])
    assert found.parameters == large


def test_a_text_that_grows_too_large_by_being_quoted_is_told(store: MetadataStore) -> None:
    with pytest.raises(StoreError, match="bytes at once"):
        store.put_execution(execution("large", parameters={"text": "\\" * 9_000_000}))
    store.put_execution(execution("fine"))


def test_another_version_is_refused(url: str, store: MetadataStore) -> None:
    ask(url, "UPDATE MLMDEnv SET schema_version = 9")
    with pytest.raises(StoreError, match="version 9, not 10"):
        open_mysql(url)


def test_a_wrong_password_is_told_and_not_shown(url: str, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("MLOPS_METADATA_PASSWORD", "open-barley")
    with pytest.raises(StoreError) as caught:
        open_mysql(url)
    assert "cannot open the metadata store mysql://127.0.0.1" in caught.value.message
    assert "open-barley" not in str(caught.value)


class TestRegisteredModelsOnMariaDb(RegisteredModelsContract):
    @pytest.fixture(autouse=True)
    def _keep_url(self, url: str) -> None:
        self._url = url

    def again(self, store: MetadataStore) -> MetadataStore:
        return open_mysql(self._url)
