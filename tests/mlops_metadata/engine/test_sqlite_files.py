"""SQLite files of stores: made whole, prepared, or refused and left alone."""

from __future__ import annotations

import os
import shlex
import sqlite3
import subprocess
import sys
from contextlib import closing
from pathlib import Path
from typing import Any

import pytest

from mlops_metadata.by_file import open_sqlite
from mlops_pipeline.errors import StoreError
from mlops_pipeline.store import Run

OWN_INDEXES = {
    "mlops_artifact_type",
    "mlops_association_execution",
    "mlops_attribution_artifact",
    "mlops_context_type",
    "mlops_execution_type",
    "mlops_parent_child",
}


@pytest.fixture
def path(tmp_path: Path) -> Path:
    return tmp_path / "metadata.db"


@pytest.fixture
def url(path: Path) -> str:
    return f"sqlite:///{path}"


def ask(path: Path, statement: str) -> list[tuple[Any, ...]]:
    with closing(sqlite3.connect(path, isolation_level=None)) as database:
        return database.execute(statement).fetchall()


def refused(url: str) -> StoreError:
    with pytest.raises(StoreError) as caught:
        open_sqlite(url)
    assert caught.value.hint
    return caught.value


def indexes(path: Path) -> set[str]:
    rows = ask(path, "SELECT name FROM sqlite_master WHERE name LIKE 'mlops%'")
    return {name for (name,) in rows}


def test_a_new_store_has_a_write_ahead_log_and_the_indexes(path: Path, url: str) -> None:
    open_sqlite(url).close()
    assert ask(path, "PRAGMA journal_mode") == [("wal",)]
    assert indexes(path) == OWN_INDEXES
    assert ask(path, "SELECT schema_version FROM MLMDEnv") == [(10,)]
    assert sorted(p.name for p in path.parent.iterdir()) == ["metadata.db", "metadata.db.lock"]


def test_a_network_disk_has_no_write_ahead_log(
    path: Path, url: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("mlops_metadata.engine.locations._NETWORK_DISKS", ("",))
    store = open_sqlite(url)
    store.put_run(Run("r", "p"))
    store.close()
    assert ask(path, "PRAGMA journal_mode") == [("delete",)]


def test_a_store_of_an_earlier_version_of_ours_gains_indexes(path: Path, url: str) -> None:
    store = open_sqlite(url)
    store.put_run(Run("r", "p"))
    store.close()
    for name in sorted(OWN_INDEXES)[2:]:
        ask(path, f"DROP INDEX {name}")
    again = open_sqlite(url)
    assert [run.id for run in again.list_runs()] == ["r"]
    again.close()
    assert indexes(path) == OWN_INDEXES


@pytest.mark.slow  # Waits for another program.
def test_a_store_that_another_program_holds_is_used_as_it_is(path: Path, url: str) -> None:
    store = open_sqlite(url)
    store.put_run(Run("r", "p"))
    store.close()
    ask(path, "PRAGMA journal_mode=DELETE")
    ask(path, "PRAGMA user_version=0")
    with closing(sqlite3.connect(path, isolation_level=None)) as reader:
        reader.execute("BEGIN")
        reader.execute("SELECT * FROM Context").fetchall()
        for mode in ("ro", "rw"):
            viewer = open_sqlite(f"{url}?mode={mode}")
            assert viewer.get_run("r") is not None
            viewer.close()
        reader.execute("COMMIT")
    assert ask(path, "PRAGMA journal_mode") == [("delete",)]
    open_sqlite(url).close()
    assert ask(path, "PRAGMA journal_mode") == [("wal",)]


@pytest.mark.parametrize("statement", [
    "SELECT context_id FROM Association WHERE execution_id IN (1)",
    "SELECT context_id FROM Attribution WHERE artifact_id IN (1)",
    "SELECT id FROM Context WHERE type_id = 1 ORDER BY id DESC LIMIT 20",
    "SELECT id FROM Execution WHERE type_id = 1 ORDER BY id DESC LIMIT 20",
    "SELECT id FROM Artifact WHERE type_id = 1 ORDER BY id DESC LIMIT 20",
    "SELECT t.id FROM Context t JOIN ParentContext p ON p.context_id = t.id WHERE "
    "p.parent_context_id = 1 AND t.type_id = 2 ORDER BY p.context_id DESC LIMIT 20",
    "SELECT t.id FROM Execution t JOIN Association a ON a.execution_id = t.id WHERE "
    "a.context_id = 1 AND t.type_id = 2 ORDER BY a.execution_id DESC LIMIT 20",
])  # fmt: skip
def test_what_is_asked_often_is_answered_by_an_index(path: Path, url: str, statement: str) -> None:
    open_sqlite(url).close()
    plan = [row[3] for row in ask(path, f"EXPLAIN QUERY PLAN {statement}")]
    assert all("SEARCH" in step for step in plan), plan


def test_a_process_that_died_while_making_the_store_is_no_obstacle(path: Path, url: str) -> None:
    path.with_name("metadata.db.new").write_bytes(b"half a database")
    store = open_sqlite(url)
    store.put_run(Run("r", "p"))
    store.close()
    assert sorted(p.name for p in path.parent.iterdir()) == ["metadata.db", "metadata.db.lock"]


_OPEN = """
import sys
from mlops_metadata.by_file import open_sqlite
from mlops_pipeline.errors import StoreError
from mlops_pipeline.store import Run
try:
    store = open_sqlite(sys.argv[1])
    store.put_run(Run("r", "p"))
    print("made")
except StoreError as error:
    print(error.message)
"""


@pytest.mark.slow  # Fills a disk.
@pytest.mark.parametrize("kilobytes", [100, 280, 320, 400, 1000])
def test_a_full_disk_leaves_no_broken_store(tmp_path: Path, kilobytes: int) -> None:
    disk = shlex.quote(str(tmp_path))
    use = shlex.join([sys.executable, "-c", _OPEN, f"sqlite:///{tmp_path}/metadata.db"])
    script = (
        f"mount -t tmpfs -o size={kilobytes}k tmpfs {disk} && {use} && "
        f"mount -o remount,size=9000k {disk} && {use}"
    )
    done = subprocess.run(
        ["unshare", "--map-root-user", "--mount", "sh", "-c", script],
        env={**os.environ, "PYTHONPATH": os.pathsep.join(sys.path)},
        capture_output=True,
        text=True,
        check=False,
    )
    if "mount" in done.stderr or "unshare" in done.stderr:
        pytest.skip(f"no disk of its own here: {done.stderr}")
    before, after = done.stdout.splitlines()
    assert after == "made"
    assert before == "made" or "disk is full" in before or "disk I/O error" in before


def test_an_empty_database_file_is_filled_and_not_replaced(path: Path, url: str) -> None:
    path.touch(mode=0o640)
    before = path.stat()
    store = open_sqlite(url)
    store.put_run(Run("r", "p"))
    store.close()
    after = path.stat()
    assert (after.st_ino, after.st_mode) == (before.st_ino, before.st_mode)


def test_the_log_of_a_store_that_is_gone_does_not_spoil_a_new_one(path: Path, url: str) -> None:
    store = open_sqlite(url)
    for number in range(40):
        store.put_run(Run(f"old-{number}", "p", properties={"text": "x" * 1000}))
    log = path.with_name("metadata.db-wal")
    left = log.read_bytes()
    store.close()
    path.unlink()
    log.write_bytes(left)
    new = open_sqlite(url)
    assert new.list_runs() == []
    new.put_run(Run("new", "p"))
    new.close()
    again = open_sqlite(url)
    assert [run.id for run in again.list_runs()] == ["new"]
    again.close()
    assert ask(path, "PRAGMA integrity_check") == [("ok",)]
    # It may hold the last of what somebody has moved elsewhere without it.
    assert path.with_name("metadata.db-wal.left").read_bytes() == left


def test_another_kind_of_file_is_refused_and_left_alone(path: Path, url: str) -> None:
    path.write_text("my notes, which are longer than a header of a database " * 3)
    assert "is not a SQLite database" in refused(url).message
    assert path.read_text().startswith("my notes")
    assert list(path.parent.iterdir()) == [path]


def test_a_database_of_something_else_is_refused_and_left_alone(path: Path, url: str) -> None:
    ask(path, "CREATE TABLE experiments(x)")
    before = path.read_bytes()
    assert "the database of something else" in refused(url).message
    assert path.read_bytes() == before


@pytest.mark.parametrize(("version", "age"), [(99, "a newer"), (9, "an older")])
def test_other_versions_are_refused_and_left_alone(
    path: Path, url: str, version: int, age: str
) -> None:
    open_sqlite(url).close()
    ask(path, f"UPDATE MLMDEnv SET schema_version = {version}")
    before = path.read_bytes()
    error = refused(url)
    assert f"{age} ml-metadata has written it (version {version} " in error.message
    assert "upgrade" in error.hint
    assert path.read_bytes() == before


def test_a_version_that_is_no_number_is_refused(path: Path, url: str) -> None:
    for name in ("Type", "Artifact", "Execution", "MLMDEnv"):
        ask(path, f"CREATE TABLE {name}(schema_version)")
    ask(path, "INSERT INTO MLMDEnv VALUES ('ten')")
    assert "(version 0 of its tables" in refused(url).message


def test_a_damaged_file_is_refused(path: Path, url: str) -> None:
    open_sqlite(url).close()
    content = path.read_bytes()
    path.write_bytes(content[:4096] + b"\xff" * (len(content) - 4096))
    assert str(path) in refused(url).message
