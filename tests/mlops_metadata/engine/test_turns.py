"""Stock clients of ML Metadata in the process that has a store open by the engine."""

from __future__ import annotations

import subprocess
import sys
import threading
from pathlib import Path

import pytest
from layout_stores import stock_client
from ml_metadata.proto import metadata_store_pb2 as pb

from mlops_metadata.by_file import open_sqlite
from mlops_pipeline.store import Run

pytestmark = pytest.mark.mlmd


def names_in(path: Path) -> set[str]:
    """What another process finds."""
    program = (
        "import sys, sqlite3; d = sqlite3.connect(sys.argv[1]);"
        "print(*d.execute('PRAGMA integrity_check').fetchone());"
        "[print(n) for (n,) in d.execute('SELECT name FROM Type UNION SELECT name FROM Context')]"
    )
    command = [sys.executable, "-c", program, str(path)]
    lines = subprocess.run(command, capture_output=True, text=True, check=True).stdout.split()
    assert lines[0] == "ok"
    return set(lines)


def test_a_stock_client_keeps_its_log_when_we_close_the_one_before(tmp_path: Path) -> None:
    path = tmp_path / "metadata.db"
    store = open_sqlite(f"sqlite:///{path}")
    store.put_run(Run("first", "p"))
    client = stock_client(path)
    client.put_context_type(pb.ContextType(name="a"))
    del client
    client = stock_client(path)
    client.put_context_type(pb.ContextType(name="b"))
    store.put_run(Run("second", "p"))
    client.put_context_type(pb.ContextType(name="c"))
    assert {"a", "b", "c", "first", "second"} <= names_in(path)
    store.close()
    client.put_context_type(pb.ContextType(name="d"))
    assert {"a", "b", "c", "d", "first", "second"} <= names_in(path)
    assert {p.name for p in tmp_path.iterdir()} <= {
        f"metadata.db{suffix}" for suffix in ("", ".lock", "-wal", "-shm")
    }


def test_stock_clients_of_another_thread_take_turns_with_us(tmp_path: Path) -> None:
    path = tmp_path / "metadata.db"
    store = open_sqlite(f"sqlite:///{path}")
    store.put_run(Run("first", "p"))

    def theirs() -> None:
        for number in range(8):
            client = stock_client(path)
            client.put_context_type(pb.ContextType(name=f"theirs-{number}"))

    thread = threading.Thread(target=theirs)
    thread.start()
    for number in range(80):
        store.put_run(Run(f"ours-{number}", "p"))
    thread.join()
    store.close()
    wanted = {f"ours-{number}" for number in range(80)} | {f"theirs-{n}" for n in range(8)}
    assert wanted <= names_in(path)
