"""How databases find what the look-ups ask for: by indexes, however much there is."""

from __future__ import annotations

import json
from collections.abc import Callable, Iterator
from typing import Any

import pytest
from filled_store import fill, name_of

from mlops_metadata.engine import SqlStore
from mlops_metadata.engine.servers.database import marked
from mlops_pipeline.inspection import LineageStart, upstream
from mlops_pipeline.run_state import load_outputs
from mlops_pipeline.store import open_store

Asked = list[tuple[str, Any]]

on_server = [pytest.mark.mlmd, pytest.mark.slow]  # a server is started


@pytest.fixture(
    scope="module",
    params=[
        "sqlite",
        pytest.param("postgresql", marks=on_server),
        pytest.param("mysql", marks=on_server),
    ],
)
def filled(
    request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory
) -> Iterator[SqlStore]:
    with pytest.MonkeyPatch.context() as patch:
        if request.param == "sqlite":
            url = f"sqlite:///{tmp_path_factory.mktemp('plans')}/metadata.db"
        elif request.param == "mysql":
            server = request.getfixturevalue("mariadb")
            url = server.url("plans")
            patch.setenv("MLOPS_METADATA_PASSWORD", server.password)
        else:
            server = request.getfixturevalue("postgresql")
            url = f"postgresql://{server.owner}@127.0.0.1:{server.port}/plans"
            patch.setenv("MLOPS_METADATA_PASSWORD", server.password)
        store = open_store(url)
        assert isinstance(store, SqlStore)
        fill(store, request.param)
        yield store
        store.close()


def _hit(store: SqlStore) -> None:
    found = store.executions_by_cache_key(name_of("key", 7))
    assert [len(each) for each in load_outputs(store, found).values()] == [1]


def _lineage(store: SqlStore) -> None:
    (model,) = store.artifacts_by_type("Model", limit=1)
    found = upstream(store, LineageStart(artifacts=(model.id,)))
    assert (len(found.executions), len(found.artifacts)) == (3, 3)


LOOK_UPS: dict[str, tuple[int, Callable[[SqlStore], object]]] = {
    "hit": (3, _hit),
    "miss": (1, lambda store: store.executions_by_cache_key("none")),
    "lineage": (6, _lineage),
    "newest runs": (1, lambda store: store.list_runs()),
    "runs of a pipeline": (1, lambda store: store.list_runs(pipeline="often")),
    "runs of a rare pipeline": (1, lambda store: store.list_runs(pipeline="rare")),
    "run": (1, lambda store: store.get_run(name_of("run", 7))),
    "executions of a run": (1, lambda store: store.executions_of_run(name_of("run", 7))),
    "claim": (1, lambda store: store.execution_by_name("Trainer", name_of("claim", 7))),
    "executions of a type": (1, lambda store: store.recent_executions("Trainer")),
    "executions of a node": (1, lambda store: store.recent_executions("Trainer", node="often.n")),
    "newest models": (1, lambda store: store.artifacts_by_type("Model", limit=20)),
    "artifacts at a URI": (1, lambda store: store.artifacts_by_uri(name_of("/uri", 7))),
}


@pytest.mark.parametrize("look_up", LOOK_UPS)
def test_a_look_up_takes_few_statements_and_scans_no_table(filled: SqlStore, look_up: str) -> None:
    most, call = LOOK_UPS[look_up]
    call(filled)
    asked = recorded(filled, call)
    assert 0 < len(asked) <= most, "\n".join(statement for statement, _ in asked)
    for statement, values in asked:
        assert scans(filled, statement, values) == [], statement


def test_a_scan_is_seen(filled: SqlStore) -> None:
    for statement in (
        "SELECT * FROM Execution t WHERE t.last_known_state = 1",
        "SELECT * FROM (SELECT t.id FROM Artifact t WHERE t.state = 1) o "
        "LEFT JOIN ArtifactProperty p ON p.artifact_id = o.id",
    ):
        assert scans(filled, statement, ()) != []


def recorded(store: SqlStore, call: Callable[[SqlStore], object]) -> Asked:
    """What is sent to the database meanwhile, transactions included."""
    database: Any = store.database
    connection, asked = database._connection, []
    if hasattr(connection, "set_trace_callback"):
        connection.set_trace_callback(lambda statement: asked.append((statement, ())))
        call(store)
        connection.set_trace_callback(None)
        return [each for each in asked if each[0] not in ("BEGIN", "ROLLBACK")]
    begin = database._driver.begin

    class Recording:
        def __init__(self, session: Any) -> None:
            self._session = session

        def __getattr__(self, name: str) -> Any:
            return getattr(self._session, name)

        def rows(self, statement: str, values: Any = ()) -> Any:
            asked.append((statement, values))
            return self._session.rows(statement, values)

    database._driver.begin = lambda connection, kind: Recording(begin(connection, kind))
    try:
        call(store)
    finally:
        database._driver.begin = begin
    return asked


def scans(store: SqlStore, statement: str, values: Any) -> list[str]:
    """The tables that a database goes through from end to end for a statement."""
    connection: Any = store.database._connection  # type: ignore[attr-defined]
    if hasattr(connection, "set_trace_callback"):
        rows = connection.execute(f"EXPLAIN QUERY PLAN {statement}", values).fetchall()
        return [row[3] for row in rows if row[3].startswith(("SCAN t", "SCAN e", "SCAN p"))]
    if "postgresql" in store.database.name:
        found = connection.execute(f"EXPLAIN (FORMAT JSON) {marked(statement)}", values)
        ((plan,),) = found.fetchall()
        return list(_full_scans(plan[0]["Plan"] if isinstance(plan, list) else json.loads(plan)))
    cursor = connection.cursor()
    cursor.execute(f"EXPLAIN {marked(statement)}", values or None)
    return [
        f"{table}: {how}"
        for _, _, table, how, *_ in cursor.fetchall()
        if how in ("ALL", "index") and not table.startswith("<")
    ]


def _full_scans(plan: dict[str, Any]) -> Iterator[str]:
    kind = plan["Node Type"]
    by_index = kind in ("Index Scan", "Index Only Scan")
    if kind == "Seq Scan" or (by_index and "Index Cond" not in plan):
        yield f"{plan['Relation Name']}: {kind}"
    for each in plan.get("Plans", ()):
        yield from _full_scans(each)
