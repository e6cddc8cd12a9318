from __future__ import annotations

import os
import time
from pathlib import Path

import pytest

from mlops_pipeline.run_state import Workspace
from mlops_pipeline.snapshot import (
    SNAPSHOT,
    Snapshot,
    is_own_snapshot,
    read_snapshot,
    snapshot_facts,
    take_snapshot,
)
from mlops_pipeline.snapshot.kept import read_bundles
from mlops_pipeline.store import MemoryStore, Run


class Counting(MemoryStore):
    """A store that counts the documents that it is given."""

    def __init__(self) -> None:
        super().__init__()
        self.put = 0

    def put_document(self, text: str) -> str:
        self.put += 1
        return super().put_document(text)


@pytest.fixture
def workspace(tmp_path: Path) -> Workspace:
    (tmp_path / "p").mkdir()
    (tmp_path / "artifacts").mkdir()
    write(tmp_path / "p" / "pipeline.py", "x = 1\n")
    write(tmp_path / "p" / "mlops.toml", "")
    return Workspace(
        Counting(), str(tmp_path / "artifacts"), tmp_path / "p", (str(tmp_path / "p"),)
    )


def write(path: Path, text: str) -> None:
    """Write a file that was there for a while."""
    path.write_text(text)
    before = time.time() - 60
    os.utime(path, (before, before))


def taken(workspace: Workspace) -> Snapshot:
    run = Run("r", "p", properties={SNAPSHOT: take_snapshot(workspace)})
    found = read_snapshot(workspace.store, run)
    assert found is not None
    return found


def texts(workspace: Workspace, snapshot: Snapshot) -> dict[str, bytes]:
    bundles = read_bundles(workspace.store, snapshot)
    return {name: bundles[digest] for name, digest in snapshot.files.items()}


def test_the_same_code_is_kept_once(workspace: Workspace) -> None:
    first = take_snapshot(workspace)
    store = workspace.store
    assert isinstance(store, Counting)
    put = store.put
    # The stamps of the files have not settled yet, so that they are read again.
    assert [take_snapshot(workspace) for _ in range(3)] == [first] * 3
    time.sleep(0.1)
    assert [take_snapshot(workspace) for _ in range(3)] == [first] * 3
    assert store.put == put


def test_an_edit_is_kept_beside_what_was_there(workspace: Workspace) -> None:
    first = taken(workspace)
    write(workspace.base_dir / "pipeline.py", "x = 22\n")
    second = taken(workspace)
    assert texts(workspace, first)["0/pipeline.py"] == b"x = 1\n"
    assert texts(workspace, second) == {"0/pipeline.py": b"x = 22\n", "0/mlops.toml": b""}


def test_another_store_gets_all_though_the_note_knows_it(workspace: Workspace) -> None:
    taken(workspace)
    other = Workspace(MemoryStore(), workspace.root, workspace.base_dir, workspace.import_paths)
    assert texts(other, taken(other))["0/pipeline.py"] == b"x = 1\n"


def test_a_note_that_is_damaged_is_written_anew(workspace: Workspace) -> None:
    first = take_snapshot(workspace)
    (note,) = Path(workspace.root).glob(".sources-*.json")
    for text in (
        "no json",
        "[]",
        "[" * 100_000,
        '{"files": {"a": 1}, "bundles": []}',
        '{"files": 3}',
    ):
        note.write_text(text)
        assert take_snapshot(workspace) == first


def test_a_note_that_somebody_else_has_written_is_not_believed(workspace: Workspace) -> None:
    time.sleep(0.1)
    first = take_snapshot(workspace)
    (note,) = Path(workspace.root).glob(".sources-*.json")
    said = note.read_text()
    digest = taken(workspace).files["0/pipeline.py"]
    assert digest in said
    note.write_text(said.replace(digest, "0" * 64))
    assert take_snapshot(workspace) == first


def test_the_lock_file_of_the_project_is_kept_with_the_code(tmp_path: Path) -> None:
    (tmp_path / "pipelines" / "one").mkdir(parents=True)
    write(tmp_path / "pyproject.toml", "[project]\n")
    write(tmp_path / "uv.lock", "version = 1\n")
    base = tmp_path / "pipelines" / "one"
    write(base / "pipeline.py", "")
    workspace = Workspace(
        MemoryStore(), str(tmp_path / "root"), base, (str(base),), tmp_path / "uv.lock"
    )
    snapshot = taken(workspace)
    assert snapshot.places == (str(base), str(tmp_path))
    assert set(snapshot.files) == {"0/pipeline.py", "1/uv.lock", "1/pyproject.toml"}
    assert snapshot.lock == "1/uv.lock"


def test_a_file_with_a_password_is_left_out_each_time(workspace: Workspace) -> None:
    write(workspace.base_dir / "mlops.toml", 'store = "postgresql://ada:hush@db/ml"\n')
    for _ in range(3):
        snapshot = taken(workspace)
        assert set(snapshot.files) == {"0/pipeline.py"}
        assert "password" in snapshot.left_out["0/mlops.toml"]
    assert b"hush" not in b"".join(read_bundles(workspace.store, snapshot).values())


def test_a_run_in_a_folder_that_is_gone_has_a_sealed_snapshot(tmp_path: Path) -> None:
    workspace = Workspace(MemoryStore(), str(tmp_path / "root"), tmp_path / "gone")
    facts = snapshot_facts(workspace, "r")
    assert is_own_snapshot(Run("r", "p", properties=facts))
    assert not is_own_snapshot(Run("other", "p", properties=facts))
    assert not is_own_snapshot(Run("r", "p", properties={**facts, SNAPSHOT: "0" * 64}))
