"""Rows that lead nowhere, in a store in a file: found, named, and removed when asked."""

from __future__ import annotations

import sqlite3
from contextlib import closing
from dataclasses import replace
from pathlib import Path

import pytest

from mlops_pipeline.errors import StoreError
from mlops_pipeline.store import (
    ArtifactRecord,
    Execution,
    Run,
    State,
    StoreCheck,
    check_tables,
    live_artifacts,
    open_store,
    running_executions,
)


@pytest.fixture
def path(tmp_path: Path) -> Path:
    return tmp_path / "metadata.db"


@pytest.fixture
def url(path: Path) -> str:
    """A store with an input, an output, and what one execution is in."""
    url = f"sqlite:///{path}"
    with closing(open_store(url)) as store:
        store.put_run(Run("run", "pets"))
        done = Execution("pets.Train", "pets", "run", "train", State.COMPLETE, cache_key="key")
        model = ArtifactRecord("Model", "/models/1", properties={"score": 0.5})
        _, written = store.put_execution(done, outputs={"model": [model]})
        check = replace(done, component="pets.Check", node_id="check", cache_key="")
        store.put_execution(check, inputs={"model": [written["model"][0].id]})
    return url


def change(path: Path, *statements: str) -> None:
    with closing(sqlite3.connect(path)) as connection, connection:
        for statement in statements:
            connection.execute(statement)


def wrong(checks: list[StoreCheck]) -> dict[str, int]:
    return {each.name: each.left for each in checks if each.left}


def test_what_fits_is_told_with_the_number_of_rows_looked_at(url: str) -> None:
    checks = check_tables(url)
    assert wrong(checks) == {}
    rows = {each.name: each.rows for each in checks}
    assert rows["pages of the file are sound"] > 10
    assert rows["events lead to artifacts"] == 2
    assert rows["executions have a type"] == 2
    assert rows["properties have an artifact"] > 0


@pytest.mark.parametrize(
    ("statement", "name", "first"),
    [
        (
            "INSERT INTO Event (artifact_id, execution_id, type) VALUES (900, 1, 4)",
            "events lead to artifacts",
            "3 (Artifact 900 is gone)",
        ),
        (
            "INSERT INTO Event (artifact_id, execution_id, type) VALUES (1, 900, 4)",
            "events lead to executions",
            "3 (Execution 900 is gone)",
        ),
        (
            "INSERT INTO EventPath (event_id, is_index_step, step_key) VALUES (900, 0, 'x')",
            "paths belong to events",
            "900 (Event 900 is gone)",
        ),
        (
            "INSERT INTO Association (context_id, execution_id) VALUES (900, 1)",
            "associations lead to contexts",
            "(Context 900 is gone)",
        ),
        (
            "INSERT INTO Association (context_id, execution_id) VALUES (1, 900)",
            "associations lead to executions",
            "(Execution 900 is gone)",
        ),
        (
            "INSERT INTO Attribution (context_id, artifact_id) VALUES (900, 1)",
            "attributions lead to contexts",
            "(Context 900 is gone)",
        ),
        (
            "INSERT INTO Attribution (context_id, artifact_id) VALUES (1, 900)",
            "attributions lead to artifacts",
            "(Artifact 900 is gone)",
        ),
        (
            "INSERT INTO ParentContext VALUES (900, 1)",
            "contexts with a parent exist",
            "900 1 (Context 900 is gone)",
        ),
        (
            "INSERT INTO ParentContext VALUES (1, 900)",
            "parents of contexts exist",
            "1 900 (Context 900 is gone)",
        ),
        (
            "INSERT INTO ArtifactProperty (artifact_id, name, is_custom_property, int_value) "
            "VALUES (900, 'score', 1, 1)",
            "properties have an artifact",
            "900 score (Artifact 900 is gone)",
        ),
        (
            "INSERT INTO ExecutionProperty (execution_id, name, is_custom_property) "
            "VALUES (900, 'steps', 1)",
            "properties have an execution",
            "900 steps (Execution 900 is gone)",
        ),
        (
            "INSERT INTO ContextProperty (context_id, name, is_custom_property) "
            "VALUES (900, 'text', 1)",
            "properties have a context",
            "900 text (Context 900 is gone)",
        ),
        (
            "INSERT INTO TypeProperty VALUES (900, 'span', 1)",
            "declared properties have a type",
            "900 span (Type 900 is gone)",
        ),
        ("INSERT INTO ParentType VALUES (900, 1)", "types with a parent exist", "900 1 (Type 900"),
        ("INSERT INTO ParentType VALUES (1, 900)", "parents of types exist", "1 900 (Type 900"),
    ],
)
def test_a_row_that_leads_nowhere_is_named_and_removed(
    url: str, path: Path, statement: str, name: str, first: str
) -> None:
    before = check_tables(url)
    change(path, statement)
    checks = check_tables(url)
    assert wrong(checks) == {name: 1}
    (found,) = (each for each in checks if each.misfits)
    assert first in found.first[0]
    assert found.removable
    # Only to look changes nothing.
    assert wrong(check_tables(url)) == {name: 1}
    repaired = check_tables(url, repair=True)
    assert [each.removed for each in repaired if each.misfits] == [1]
    assert wrong(repaired) == {}
    # All else is there as it was, but for the page that the file grew by.
    assert check_tables(url)[1:] == before[1:]


@pytest.mark.parametrize(
    ("table", "name"),
    [
        ("Artifact", "artifacts have a type"),
        ("Execution", "executions have a type"),
        ("Context", "contexts have a type"),
    ],
)
def test_records_without_type_are_told_and_stay(
    url: str, path: Path, table: str, name: str
) -> None:
    change(path, f"UPDATE {table} SET type_id = 900 WHERE id = 1")
    repaired = check_tables(url, repair=True)
    assert wrong(repaired) == {name: 1}
    assert sum(each.removed for each in repaired) == 0
    assert wrong(check_tables(url)) == {name: 1}


def test_the_paths_of_removed_events_go_with_them(url: str, path: Path) -> None:
    change(path, "DELETE FROM Artifact", "DELETE FROM Attribution", "DELETE FROM ArtifactProperty")
    assert wrong(check_tables(url)) == {"events lead to artifacts": 2}
    repaired = {each.name: each.removed for each in check_tables(url, repair=True) if each.removed}
    assert repaired == {"events lead to artifacts": 2, "paths belong to events": 4}
    assert wrong(check_tables(url)) == {}


def test_many_misfits_are_counted_and_the_first_named(url: str, path: Path) -> None:
    change(path, *(f"INSERT INTO ParentContext VALUES ({n}, 1)" for n in range(900, 910)))
    (found,) = (each for each in check_tables(url) if each.misfits)
    assert found.misfits == 10
    assert [text.split()[0] for text in found.first] == ["900", "901", "902", "903", "904"]


def test_a_damaged_file_is_told_and_nothing_is_removed_from_it(url: str, path: Path) -> None:
    change(path, "INSERT INTO ParentContext VALUES (900, 1)", "PRAGMA user_version=0")
    with closing(sqlite3.connect(path)) as connection:
        connection.execute("PRAGMA wal_checkpoint(TRUNCATE)")
        (page,) = connection.execute(
            "SELECT rootpage FROM sqlite_master WHERE name = 'idx_artifact_uri'"
        ).fetchone()
        (size,) = connection.execute("PRAGMA page_size").fetchone()
    with path.open("rb+") as file:
        file.seek((page - 1) * size)
        file.write(b"\xff" * 64)
    for repair in (False, True):
        (found,) = check_tables(url, repair=repair)
        assert found.misfits
        assert found.removed == 0
        assert found.first


def test_a_check_writes_nothing(url: str, path: Path) -> None:
    before = path.read_bytes()
    path.chmod(0o400)
    assert wrong(check_tables(url)) == {}
    assert path.read_bytes() == before


def test_what_runs_and_what_is_live_is_listed(url: str) -> None:
    with closing(open_store(url)) as store:
        begun = Execution("pets.Train", "pets", "run", "again", State.RUNNING)
        running, _ = store.put_execution(begun)
    assert [each.id for each in running_executions(url)] == [running.id]
    assert [(each.type, each.uri) for each in live_artifacts(url)] == [
        ("Model", "/models/1"),
    ]


def test_a_record_that_cannot_be_read_hides_no_other(url: str, path: Path) -> None:
    with closing(open_store(url)) as store:
        for node in ("one", "two"):
            begun = Execution("pets.Train", "pets", "run", node, State.RUNNING)
            store.put_execution(begun)
    change(
        path,
        "UPDATE ExecutionProperty SET proto_value = 'x', string_value = NULL "
        "WHERE execution_id = 3 AND name = 'mlops.record'",
    )
    found = {each.id: each.run_id for each in running_executions(url)}
    assert found == {3: "", 4: "run"}


def test_only_tables_are_checked(tmp_path: Path) -> None:
    with pytest.raises(StoreError, match="cannot be reached from here"):
        check_tables("memory://tables")
    with pytest.raises(StoreError, match="does not exist"):
        check_tables(f"sqlite:///{tmp_path / 'none.db'}")
    assert not (tmp_path / "none.db").exists()
