"""Where settings come from, and what is said of wrong ones."""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path

import pytest

from mlops_pipeline.errors import StoreError
from mlops_pipeline.store import MemoryStore, open_store


def test_a_store_in_memory_opens_by_url() -> None:
    assert isinstance(open_store("memory://"), MemoryStore)


def test_an_unknown_store_gives_the_near_miss() -> None:
    with pytest.raises(StoreError, match="no store is registered for sqlit://") as caught:
        open_store("sqlit:///x.db")
    assert caught.value.hint == "did you mean 'sqlite'?"


def test_a_store_without_a_scheme_is_refused() -> None:
    with pytest.raises(StoreError, match="not the URL of a store"):
        open_store("metadata.db")


def test_processes_make_the_folders_of_store_and_root_at_once(tmp_path: Path) -> None:
    script = """
import sys
from pathlib import Path
from mlops_pipeline.roots import make_root
from mlops_pipeline.store import make_store_folder
print("ready", flush=True)
sys.stdin.readline()
for number in range(100):
    folder = Path(sys.argv[1], str(number), ".mlops", "below")
    make_store_folder(f"sqlite:///{folder / 'metadata.db'}")
    make_root(str(folder / "root"))
"""
    environment = {**os.environ, "PYTHONPATH": os.pathsep.join(p for p in sys.path if p)}
    processes = [
        subprocess.Popen(
            [sys.executable, "-c", script, str(tmp_path)],
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            stderr=subprocess.PIPE,
            text=True,
            env=environment,
        )
        for _ in range(3)
    ]
    for process in processes:
        assert process.stdout is not None
        process.stdout.readline()
    told = [process.communicate(timeout=60)[1] for process in _started(processes)]
    assert [process.returncode for process in processes] == [0, 0, 0], told
    assert (tmp_path / "99" / ".mlops" / ".gitignore").read_text() == "*\n"
    assert (tmp_path / "99" / ".mlops" / "below" / "root").is_dir()


def _started(processes: list[subprocess.Popen[str]]) -> list[subprocess.Popen[str]]:
    """Let all of them go on at once."""
    for process in processes:
        assert process.stdin is not None
        process.stdin.write("go\n")
        process.stdin.flush()
    return processes
