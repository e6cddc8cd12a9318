from __future__ import annotations

import os
import sqlite3
import subprocess
import sys
from pathlib import Path
from typing import Any

import ml_metadata as mlmd
import pytest
from ml_metadata.proto import metadata_store_pb2 as pb

from mlops_metadata.sqlite_file import open_by_library
from mlops_pipeline.errors import StoreError
from mlops_pipeline.store import ArtifactRecord, Execution, Run, State

pytestmark = pytest.mark.mlmd

INDEXES = "SELECT name, tbl_name FROM sqlite_master WHERE name LIKE 'mlops%' ORDER BY name"
OWN_INDEXES = [
    ["mlops_artifact_type", "Artifact"],
    ["mlops_association_execution", "Association"],
    ["mlops_attribution_artifact", "Attribution"],
    ["mlops_context_type", "Context"],
    ["mlops_execution_type", "Execution"],
    ["mlops_parent_child", "ParentContext"],
]


@pytest.fixture
def path(tmp_path: Path) -> Path:
    return tmp_path / "metadata.db"


@pytest.fixture
def url(path: Path) -> str:
    return f"sqlite:///{path}"


def stock(path: Path) -> Any:
    """The file opened as TFX opens it."""
    config = pb.ConnectionConfig()
    config.sqlite.filename_uri = str(path)
    config.sqlite.connection_mode = 3
    return mlmd.MetadataStore(config)


def execution(name: str) -> Execution:
    return Execution("pets.Train", "pets", "run", "train", State.RUNNING, name=name)


# Preparation


def test_a_new_store_has_a_write_ahead_log_and_more_indexes(path: Path, url: str, sql: Any) -> None:
    open_by_library(url).close()
    assert sql(path, "PRAGMA journal_mode") == [["wal"]]
    assert sql(path, INDEXES) == OWN_INDEXES


def test_a_store_that_tfx_made_gains_them(path: Path, url: str, sql: Any) -> None:
    made = stock(path)
    made.put_context_type(pb.ContextType(name="pipeline"))
    del made
    assert sql(path, "PRAGMA journal_mode") == [["delete"]]
    opened = open_by_library(url)
    opened.put_run(Run("r", "p"))
    opened.close()
    assert sql(path, "PRAGMA journal_mode") == [["wal"]]
    assert sql(path, INDEXES) == OWN_INDEXES
    assert [c.name for c in stock(path).get_contexts_by_type("pipeline_run")] == ["r"]


def test_a_process_that_died_while_making_the_store_is_no_obstacle(path: Path, url: str) -> None:
    path.with_name("metadata.db.new").write_bytes(b"half a database")
    path.touch()
    store = open_by_library(url)
    store.put_run(Run("r", "p"))
    store.close()
    assert sorted(p.name for p in path.parent.iterdir()) == ["metadata.db", "metadata.db.lock"]


# Sharing


def test_stores_on_one_file_share_what_they_write(path: Path, url: str) -> None:
    first, second = open_by_library(url), open_by_library(f"sqlite:///{path.parent}/./{path.name}")
    first.put_run(Run("r", "p"))
    first.close()
    first.close()
    assert second.get_run("r") is not None
    second.put_run(Run("s", "p"))
    second.close()
    third = open_by_library(url)
    assert [r.id for r in third.list_runs()] == ["s", "r"]
    third.close()


def test_a_closed_store_says_so(url: str) -> None:
    store = open_by_library(url)
    store.close()
    with pytest.raises(StoreError, match="is closed"):
        store.get_run("r")
    with pytest.raises(StoreError, match="is closed"):
        store.put_run(Run("r", "p"))


def test_a_file_made_anew_is_another_store(path: Path, url: str) -> None:
    old = open_by_library(url)
    old.put_run(Run("old", "p"))
    for file in path.parent.iterdir():
        file.unlink()
    new = open_by_library(url)
    assert new.list_runs() == []
    old.close()
    new.put_run(Run("new", "p"))
    assert [r.id for r in new.list_runs()] == ["new"]
    new.close()


def test_opening_beside_a_stock_client_of_this_process_loses_none_of_its_writes(
    path: Path, url: str, other_processes: Any
) -> None:
    open_by_library(url).close()
    client = stock(path)
    client.put_context_type(pb.ContextType(name="before"))
    open_by_library(url).close()
    (leaver,) = other_processes(url)
    leaver.ask("write", name="leaver", count=1)
    leaver.close()
    client.put_context_type(pb.ContextType(name="after"))
    program = (
        "import sys, ml_metadata as m; from ml_metadata.proto import metadata_store_pb2 as pb;"
        "c = pb.ConnectionConfig(); c.sqlite.filename_uri = sys.argv[1];"
        "print([t.name for t in m.MetadataStore(c).get_context_types()])"
    )
    seen = subprocess.run(
        [sys.executable, "-c", program, str(path)], capture_output=True, text=True, check=True
    )
    assert "'before'" in seen.stdout
    assert "'after'" in seen.stdout


def test_a_forked_child_is_told_to_open_its_own(path: Path, url: str) -> None:
    store = open_by_library(url)
    store.put_run(Run("parent", "p"))
    child = os.fork()
    if child == 0:
        code = 1
        try:
            store.get_run("parent")
        except StoreError as error:
            own = open_by_library(url)
            own.put_run(Run("child", "p"))
            own.close()
            code = 0 if "forked" in str(error) else 2
        finally:
            os._exit(code)
    assert os.waitstatus_to_exitcode(os.waitpid(child, 0)[1]) == 0
    store.put_run(Run("later", "p"))
    assert [r.id for r in store.list_runs()] == ["later", "child", "parent"]
    store.close()


# What cannot be opened


def refused(url: str) -> StoreError:
    with pytest.raises(StoreError) as caught:
        open_by_library(url)
    assert caught.value.hint
    return caught.value


def test_another_kind_of_file_is_refused_and_left_alone(path: Path, url: str) -> None:
    path.write_text("my notes, which are longer than a header of a database " * 3)
    assert "is not a SQLite database" in refused(url).message
    assert path.read_text().startswith("my notes")


def test_a_database_of_something_else_is_refused_and_left_alone(path: Path, url: str) -> None:
    database = sqlite3.connect(path)
    database.execute("CREATE TABLE experiments(x)")
    database.close()
    before = path.read_bytes()
    assert "the database of something else" in refused(url).message
    assert path.read_bytes() == before


def test_a_newer_schema_is_refused_and_left_alone(path: Path, url: str, sql: Any) -> None:
    open_by_library(url).close()
    database = sqlite3.connect(path)
    database.execute("UPDATE MLMDEnv SET schema_version = 99")
    database.commit()
    database.close()
    assert "a newer ml-metadata has written it" in refused(url).message


def test_an_older_schema_is_refused_with_the_way_to_upgrade(path: Path, url: str) -> None:
    open_by_library(url).close()
    database = sqlite3.connect(path)
    database.execute("UPDATE MLMDEnv SET schema_version = 9")
    database.commit()
    database.close()
    error = refused(url)
    assert "an older ml-metadata has written it" in error.message
    assert "upgrade" in error.hint


def test_a_damaged_file_is_refused(path: Path, url: str) -> None:
    open_by_library(url).close()
    content = path.read_bytes()
    path.write_bytes(content[:4096] + b"\xff" * (len(content) - 4096))
    assert str(path) in refused(url).message


# Reading only


def test_a_store_opened_to_read_refuses_writes(url: str) -> None:
    store = open_by_library(url)
    stored, _ = store.put_execution(
        execution("a"), outputs={"model": [ArtifactRecord("Model", "/m")]}
    )
    viewer = open_by_library(url + "?mode=ro")
    assert [e.id for e in viewer.executions_of_run("run")] == [stored.id]
    for write in (
        lambda: viewer.put_run(Run("r", "p")),
        lambda: viewer.put_execution(execution("b")),
        lambda: viewer.heartbeat(stored.id),
        lambda: viewer.put_document("text"),
    ):
        with pytest.raises(StoreError, match="for reading only"):
            write()
    store.put_execution(execution("c"))
    assert len(viewer.executions_of_run("run")) == 2
    viewer.close()
    store.close()


def test_a_store_to_read_is_not_made(path: Path, url: str) -> None:
    assert "does not exist" in refused(url + "?mode=ro").message
    assert list(path.parent.iterdir()) == []
