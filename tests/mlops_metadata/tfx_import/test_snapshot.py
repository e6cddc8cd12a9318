"""Copies of stores, which are only read."""

from __future__ import annotations

import importlib.util
import sqlite3
from contextlib import closing
from pathlib import Path

import pytest

from mlops_metadata import import_tfx_store
from mlops_metadata.by_file import open_sqlite
from mlops_metadata.engine.locations import Location
from mlops_metadata.tfx_import.snapshot import open_copy
from mlops_pipeline.errors import StoreError
from mlops_pipeline.store import ArtifactRecord, Execution, MemoryStore, Run, State


@pytest.fixture
def path(tmp_path: Path) -> Path:
    """A store with a run of one node."""
    path = tmp_path / "theirs.db"
    store = open_sqlite(f"sqlite:///{path}")
    store.put_run(Run("r", "taxi", State.COMPLETE))
    made = Execution("pets.Gen", "taxi", "r", "gen", State.COMPLETE)
    store.put_execution(made, outputs={"x": [ArtifactRecord("Examples", "/x")]})
    store.close()
    return path


def set_version(path: Path, version: int) -> None:
    with closing(sqlite3.connect(path)) as database:
        database.execute(f"UPDATE MLMDEnv SET schema_version = {version}")
        database.commit()


def test_a_store_is_imported_without_ml_metadata_and_stays_as_it_is(path: Path) -> None:
    before = path.read_bytes()
    store = MemoryStore()
    done = import_tfx_store(path, store)
    assert (done.runs, done.executions, done.artifacts) == (1, 1, 1)
    assert [artifact.uri for artifact in store.artifacts_by_type("Examples")] == ["/x"]
    assert import_tfx_store(path, store).known == 1
    assert path.read_bytes() == before


def test_what_this_process_has_open_through_another_library_is_copied_by_another_process(
    path: Path,
) -> None:
    with path.open("rb"), open_copy(Location(path)) as copy:
        rows = copy.read(lambda session: session.rows("SELECT name FROM Context"))
    assert ("taxi",) in rows


def test_the_store_of_this_process_itself_is_refused(path: Path) -> None:
    store = open_sqlite(f"sqlite:///{path}")
    with pytest.raises(StoreError, match="is the store of this process itself"):
        import_tfx_store(path, store)
    store.close()


def test_a_newer_version_is_refused_by_its_own_name(path: Path) -> None:
    set_version(path, 11)
    with pytest.raises(StoreError, match=f"{path}: a newer ml-metadata"):
        import_tfx_store(path, MemoryStore())


@pytest.mark.skipif(
    importlib.util.find_spec("ml_metadata") is not None, reason="ML Metadata is installed here"
)
def test_an_older_version_needs_ml_metadata(path: Path) -> None:
    set_version(path, 6)
    with pytest.raises(ModuleNotFoundError):
        import_tfx_store(path, MemoryStore())


def test_a_damaged_store_is_told(path: Path) -> None:
    content = path.read_bytes()
    path.write_bytes(content[:4096] + b"\xff" * (len(content) - 4096))
    with pytest.raises(StoreError, match=r"damaged|cannot be read"):
        import_tfx_store(path, MemoryStore())
