"""Stores that TFX 1.16 wrote, in both of its layouts, imported into ours.

`tfx_stores/portable.sql` is a store of LocalDagRunner after three runs of the penguin pipeline: the
first runs all, the second is cached up to the trainer, the third fails. `legacy.sql` is one of
InteractiveContext, which gives each node a run of its own.
"""

from __future__ import annotations

import contextlib
import hashlib
import sqlite3
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import ml_metadata as mlmd
import pytest
from imported_stores import Tfx, written
from ml_metadata.proto import metadata_store_pb2 as pb

from mlops_metadata.by_file import open_sqlite
from mlops_metadata.tfx_import import import_tfx_store
from mlops_pipeline.errors import StoreError
from mlops_pipeline.store import ArtifactState, MemoryStore, MetadataStore

pytestmark = pytest.mark.mlmd


def query(path: Path, statement: str) -> list[Any]:
    with contextlib.closing(sqlite3.connect(path)) as database:
        return database.execute(statement).fetchall()


@pytest.fixture
def portable(tmp_path: Path) -> Path:
    return written(tmp_path / "tfx", "portable")


@pytest.fixture
def store(tmp_path: Path) -> Iterator[MetadataStore]:
    opened = open_sqlite(f"sqlite:///{tmp_path}/ours.db")
    yield opened
    opened.close()


@pytest.mark.parametrize("layout", ["portable", "legacy"])
def test_the_source_is_only_read(tmp_path: Path, layout: str) -> None:
    source = written(tmp_path / "tfx", layout)
    before = (sorted(source.parent.iterdir()), hashlib.sha256(source.read_bytes()).digest())
    import_tfx_store(f"sqlite:///{source}", MemoryStore())
    after = (sorted(source.parent.iterdir()), hashlib.sha256(source.read_bytes()).digest())
    assert after == before


def test_the_path_of_a_source_is_taken_as_it_is(tmp_path: Path) -> None:
    source = written(tmp_path / "50%20off?", "portable")
    assert import_tfx_store(source, MemoryStore()).runs == 3


def test_states_that_were_kept_in_a_property_are_read(tmp_path: Path, store: MetadataStore) -> None:
    tfx = Tfx(tmp_path / "old.db")
    states = ("published", "deleted", "pending")
    tfx.put(tfx.execution("r1", "complete"), *[(tfx.examples("/x", "1.0", s), 4) for s in states])
    import_tfx_store(tmp_path / "old.db", store)
    found = [a.state for a in store.artifacts_by_type("Examples")][::-1]
    assert found == [ArtifactState.LIVE, ArtifactState.DELETED, ArtifactState.PENDING]


def test_a_store_of_an_older_mlmd_is_brought_up_to_date_in_a_copy(
    tmp_path: Path, portable: Path
) -> None:
    config = pb.ConnectionConfig()
    config.sqlite.filename_uri = str(portable)
    config.sqlite.connection_mode = 3
    mlmd.downgrade_schema(config, 6)
    version = "SELECT schema_version FROM MLMDEnv"
    assert query(portable, version) == [(6,)]
    assert import_tfx_store(portable, MemoryStore()).executions == 19
    assert query(portable, version) == [(6,)]


@pytest.mark.parametrize(
    ("make", "message"),
    [
        (lambda path: None, "does not exist"),
        (lambda path: path.mkdir(), "is a folder"),
        (lambda path: path.write_text("species,island\n"), "is not a SQLite database"),
        (lambda path: query(path, "CREATE TABLE t (x)"), "of something else"),
        (lambda path: open_sqlite(f"sqlite:///{path}").close(), "holds no executions of TFX"),
    ],
    ids=["missing", "folder", "text", "other", "empty"],
)
def test_what_is_no_store_of_tfx_is_named(
    tmp_path: Path, make: Callable[[Path], Any], message: str
) -> None:
    path = tmp_path / "source.db"
    make(path)
    with pytest.raises(StoreError, match=message):
        import_tfx_store(path, MemoryStore())
