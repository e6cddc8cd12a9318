from __future__ import annotations

import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest
from layout_stores import stock_client
from ml_metadata.proto import metadata_store_pb2 as pb

from mlops_metadata.by_file import open_sqlite
from mlops_metadata.engine import SqlStore
from mlops_metadata.mlmd import MlmdStore
from mlops_pipeline.store import Run

pytestmark = pytest.mark.mlmd


def test_a_store_is_opened_by_the_engine(tmp_path: Path) -> None:
    store = open_sqlite(f"sqlite:///{tmp_path}/metadata.db")
    assert isinstance(store, SqlStore)
    store.close()


def test_a_store_that_this_process_has_open_through_ml_metadata_is_gone_through_as_well(
    tmp_path: Path, other_processes: Any
) -> None:
    path = tmp_path / "metadata.db"
    client = stock_client(path)
    client.put_context_type(pb.ContextType(name="before"))
    store = open_sqlite(f"sqlite:///{path}")
    assert isinstance(store, MlmdStore)
    store.put_run(Run("ours", "p"))
    store.close()
    (leaver,) = other_processes(f"sqlite:///{path}")
    leaver.ask("write", name="leaver", count=1)
    leaver.close()
    client.put_context_type(pb.ContextType(name="after"))
    program = (
        "import sys, sqlite3; d = sqlite3.connect(sys.argv[1]);"
        "print([n for (n,) in d.execute('SELECT name FROM Type UNION SELECT name FROM Context')])"
    )
    seen = subprocess.run(
        [sys.executable, "-c", program, str(path)], capture_output=True, text=True, check=True
    )
    for name in ("before", "after", "ours", "run-leaver-0"):
        assert f"'{name}'" in seen.stdout


def test_writes_go_on_after_a_stock_client_of_this_process_has_closed_the_file(
    tmp_path: Path, other_processes: Any
) -> None:
    path = tmp_path / "metadata.db"
    store = open_sqlite(f"sqlite:///{path}")
    store.put_run(Run("first", "p"))
    client = stock_client(path)
    client.put_context_type(pb.ContextType(name="theirs"))
    del client
    store.put_run(Run("second", "p"))
    (other,) = other_processes(f"sqlite:///{path}")
    other.ask("run", id="third", pipeline="p", by=1)
    other.close()
    store.put_run(Run("fourth", "p"))
    expected = ["fourth", "third", "second", "first"]
    assert [run.id for run in store.list_runs()] == expected
    store.close()
    again = open_sqlite(f"sqlite:///{path}")
    assert [run.id for run in again.list_runs()] == expected
    again.close()
