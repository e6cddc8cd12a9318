"""Backups of a store in a file: whole, of one state, and never in the way of anything."""

from __future__ import annotations

import os
import sqlite3
import subprocess
import sys
from collections.abc import Iterator
from contextlib import closing, contextmanager
from pathlib import Path

import pytest

from mlops_pipeline.errors import StoreError
from mlops_pipeline.store import (
    ArtifactRecord,
    Execution,
    MetadataStore,
    Run,
    State,
    back_up,
    open_store,
)

WRITER = """
import sys
from dataclasses import replace
from mlops_pipeline.store import ArtifactRecord, Execution, State, open_store

store = open_store(sys.argv[1])
for number in range(100_000):
    claim = Execution("pets.Train", "pets", "run", "train", State.RUNNING, name=f"n{number}")
    running, _ = store.put_execution(claim)
    model = ArtifactRecord("Model", f"/models/{number}", properties={"text": "x" * 2000})
    store.put_execution(replace(running, state=State.COMPLETE), outputs={"model": [model]})
    print(number, flush=True)
"""


@pytest.fixture
def path(tmp_path: Path) -> Path:
    return tmp_path / "metadata.db"


@pytest.fixture
def url(path: Path) -> str:
    url = f"sqlite:///{path}"
    with closing(open_store(url)) as store:
        store.put_run(Run("run", "pets"))
        publish(store, "first")
    return url


def publish(store: MetadataStore, name: str) -> None:
    done = Execution("pets.Train", "pets", "run", "train", State.COMPLETE, name=name)
    store.put_execution(done, outputs={"model": [ArtifactRecord("Model", f"/models/{name}")]})


@contextmanager
def writing(url: str) -> Iterator[subprocess.Popen[str]]:
    """Run a process that writes to a store until the block ends."""
    command = [sys.executable, "-c", WRITER, url]
    environment = {**os.environ, "PYTHONPATH": os.pathsep.join(sys.path)}
    with subprocess.Popen(command, stdout=subprocess.PIPE, text=True, env=environment) as writer:
        try:
            yield writer
        finally:
            writer.kill()


def wait_for(writer: subprocess.Popen[str], number: int) -> None:
    assert writer.stdout
    for line in writer.stdout:
        if int(line) >= number:
            return
    raise AssertionError("the writer has ended")


def test_a_backup_is_made_while_another_process_goes_on_writing(
    url: str, path: Path, tmp_path: Path
) -> None:
    with writing(url) as writer:
        wait_for(writer, 20)
        done = [back_up(url, tmp_path / f"{number}.db") for number in range(5)]
        written = done[-1].rows["Execution"]
        # It goes on after the last backup.
        wait_for(writer, written + 5)
    assert 20 < done[0].rows["Execution"] <= written
    for each in done:
        with closing(open_store(f"sqlite:///{each.file}?mode=ro")) as store:
            executions = store.executions_of_run("run")
            assert len(executions) == each.rows["Execution"]
            complete = [e.id for e in executions if e.state is State.COMPLETE]
            assert len(complete) >= 20
            events = store.events_by_execution(complete)
            assert sorted(event.execution_id for event in events) == complete
            models = store.artifacts([event.artifact_id for event in events])
            assert len(models) == len(complete)


def test_a_backup_has_what_only_the_log_holds_so_far(url: str, tmp_path: Path) -> None:
    with closing(open_store(url)) as store:
        publish(store, "second")
        done = back_up(url, tmp_path / "backup.db")
        publish(store, "third")
    assert done.rows["Execution"] == 2
    assert done.size == done.file.stat().st_size
    with closing(open_store(f"sqlite:///{done.file}")) as store:
        assert [e.name for e in store.executions_of_run("run")] == ["first", "second"]
        publish(store, "other")


def test_a_backup_leaves_nothing_beside_it(url: str, tmp_path: Path) -> None:
    folder = tmp_path / "backups"
    folder.mkdir()
    back_up(url, folder / "backup.db")
    assert [each.name for each in folder.iterdir()] == ["backup.db"]


def test_a_file_that_is_there_is_replaced_only_when_asked(url: str, tmp_path: Path) -> None:
    target = tmp_path / "backup.db"
    back_up(url, target)
    before = target.read_bytes()
    with closing(open_store(url)) as store:
        publish(store, "second")
    with pytest.raises(StoreError, match=r"backup\.db is there already") as error:
        back_up(url, target)
    assert "--replace" in error.value.hint
    assert target.read_bytes() == before
    assert back_up(url, target, replace=True).rows["Execution"] == 2


def test_what_is_no_backup_is_not_replaced(url: str, path: Path, tmp_path: Path) -> None:
    notes = tmp_path / "notes.txt"
    notes.write_text("notes")
    with pytest.raises(StoreError, match="is not a SQLite database"):
        back_up(url, notes, replace=True)
    assert notes.read_text() == "notes"
    with pytest.raises(StoreError, match="is the store itself"):
        back_up(url, path, replace=True)
    with pytest.raises(StoreError, match="is a folder"):
        back_up(url, tmp_path, replace=True)
    with pytest.raises(StoreError, match="there is no folder"):
        back_up(url, tmp_path / "no" / "backup.db")


def test_a_store_that_is_in_use_is_not_replaced(url: str, tmp_path: Path) -> None:
    other = f"sqlite:///{tmp_path / 'other.db'}"
    with closing(open_store(other)) as store:
        publish(store, "other")
        with pytest.raises(StoreError, match=r"is in use.*other\.db-wal"):
            back_up(url, tmp_path / "other.db", replace=True)
        assert [e.name for e in store.executions_of_run("run")] == ["other"]


def test_a_damaged_store_gives_no_backup(url: str, path: Path, tmp_path: Path) -> None:
    with closing(sqlite3.connect(path)) as connection:
        connection.execute("PRAGMA wal_checkpoint(TRUNCATE)")
        (page,) = connection.execute(
            "SELECT rootpage FROM sqlite_master WHERE name = 'idx_artifact_uri'"
        ).fetchone()
        (size,) = connection.execute("PRAGMA page_size").fetchone()
    with path.open("rb+") as file:
        file.seek((page - 1) * size)
        file.write(b"\xff" * 64)
    folder = tmp_path / "backups"
    folder.mkdir()
    with pytest.raises(StoreError, match="damaged"):
        back_up(url, folder / "backup.db")
    assert list(folder.iterdir()) == []


def test_only_a_store_in_a_file_is_backed_up(tmp_path: Path) -> None:
    with pytest.raises(StoreError, match="is not a file") as error:
        back_up("postgresql://me:secret@host/mlmd", tmp_path / "backup.db")
    assert "secret" not in error.value.message
    assert "pg_dump" in error.value.hint
    with pytest.raises(StoreError, match="does not exist"):
        back_up(f"sqlite:///{tmp_path / 'none.db'}", tmp_path / "backup.db")
    assert not (tmp_path / "none.db").exists()


def test_a_backup_may_be_read_by_those_who_may_read_the_store(
    url: str, path: Path, tmp_path: Path
) -> None:
    path.chmod(0o640)
    assert back_up(url, tmp_path / "backup.db").file.stat().st_mode & 0o777 == 0o640
