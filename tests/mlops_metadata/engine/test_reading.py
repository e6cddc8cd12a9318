"""Rows as they are found, also those that somebody has damaged."""

from __future__ import annotations

import base64
import sqlite3
from contextlib import closing
from pathlib import Path
from typing import Any

import pytest

from mlops_metadata.by_file import open_sqlite
from mlops_metadata.engine.reading import begin_with_key, known_ids, value_of
from mlops_metadata.layout.rows import Proto, Struct
from mlops_pipeline.store import ArtifactRecord, Execution, Run, State


@pytest.mark.parametrize(
    ("columns", "value"),
    [
        ((3, None, None, None, None), 3),
        ((None, 2.0, None, None, None), 2.0),
        ((None, None, "", None, None), ""),
        ((None, None, "mlmd-struct::", None, None), Struct({})),
        ((None, None, "mlmd-struct::%%%", None, None), "mlmd-struct::%%%"),
        ((None, None, "mlmd-struct::CgVh", None, None), "mlmd-struct::CgVh"),
        ((None, None, None, "CgFh", None), Proto("a")),
        ((None, None, None, b"CgFh", None), Proto("a")),
        ((None, None, None, "not base64", None), "not base64"),
        ((None, None, None, None, 0), False),
        ((None, None, None, None, None), None),
    ],
)
def test_a_value_is_in_the_column_that_is_filled(columns: Any, value: Any) -> None:
    assert repr(value_of(columns, base64.b64decode)) == repr(value)


def test_only_ids_that_a_database_can_hold_are_asked_for() -> None:
    assert known_ids([3, 1, 3, 0, -1, 2**63, 2**70]) == [1, 3]
    written_over: list[Any] = [2, "x", b"1", None, 1.5]
    assert known_ids(written_over) == [2]


def test_ids_beyond_those_of_a_database_are_left_out(tmp_path: Path) -> None:
    store = open_sqlite(f"sqlite:///{tmp_path}/metadata.db")
    assert store.executions([2**70, -5]) == []
    assert store.events_by_artifact([2**63]) == []
    store.close()


def test_an_execution_whose_rows_somebody_has_changed_is_still_read(tmp_path: Path) -> None:
    path = tmp_path / "metadata.db"
    store = open_sqlite(f"sqlite:///{path}")
    made = Execution("pets.Gen", "pets", "r", "gen", State.COMPLETE)
    done, _ = store.put_execution(made)
    with closing(sqlite3.connect(path)) as database:
        database.execute("UPDATE Execution SET last_known_state = NULL")
        database.execute(
            "UPDATE ExecutionProperty SET proto_value = NULL, string_value = 'x' "
            "WHERE name = 'mlops.record'"
        )
        database.commit()
    (found,) = store.executions([done.id])
    assert (found.node_id, found.state, found.run_id) == ("gen", State.FAILED, "")
    assert found.damage == "record is 'x'; last_known_state is 0"
    store.close()


def test_records_whose_type_is_gone_are_still_read(tmp_path: Path) -> None:
    path = tmp_path / "metadata.db"
    store = open_sqlite(f"sqlite:///{path}")
    made = Execution("pets.Gen", "pets", "r", "gen", State.COMPLETE)
    done, written = store.put_execution(made, outputs={"x": [ArtifactRecord("Model", "/m")]})
    store.close()
    with closing(sqlite3.connect(path)) as database:
        database.execute("DELETE FROM Type WHERE name IN ('Model', 'pets.Gen')")
        database.execute("DELETE FROM EventPath")
        database.commit()
    again = open_sqlite(f"sqlite:///{path}")
    assert [each.type for each in again.artifacts([written["x"][0].id])] == [""]
    assert [each.node_id for each in again.executions([done.id])] == ["gen"]
    assert [event.key for event in again.events_by_execution([done.id])] == [""]
    again.close()


def test_a_state_that_was_written_over_counts_as_failed(tmp_path: Path) -> None:
    path = tmp_path / "metadata.db"
    store = open_sqlite(f"sqlite:///{path}")
    store.put_run(Run("r", "p", State.COMPLETE, started=1.0, finished=2.0))
    store.put_execution(Execution("c", "p", "r", "n", State.SKIPPED))
    store.close()
    with closing(sqlite3.connect(path)) as database, database:
        for table in ("ContextProperty", "ExecutionProperty"):
            change = f"UPDATE {table} SET string_value = 'gone' WHERE name = 'mlops.state'"
            assert database.execute(change).rowcount == 1
    store = open_sqlite(f"sqlite:///{path}")
    (run,), (execution,) = store.list_runs(), store.executions_of_run("r")
    assert (run.state, execution.state) == (State.FAILED, State.FAILED)
    store.close()


@pytest.mark.parametrize(
    ("found", "steps"),
    [
        ([0, "model"], ["model", 0]),
        (["model", 1], ["model", 1]),
        ([1, "a", 2, "b"], ["a", 2, "b", 1]),
        (["a", "b"], ["a", "b"]),
        ([0, 1], [0, 1]),
    ],
)
def test_an_index_that_the_database_has_put_before_its_key_is_that_of_the_key(
    found: list[Any], steps: list[Any]
) -> None:
    begin_with_key(found)
    assert found == steps
