"""Eight processes run pipelines on one store at once."""

from __future__ import annotations

import subprocess
import sys
from collections import Counter
from pathlib import Path

import pytest

from mlops_metadata.by_file import open_sqlite
from mlops_pipeline.run_state import load_links
from mlops_pipeline.store import Direction, State

pytestmark = pytest.mark.mlmd

PIPELINE = Path(__file__).parent / "crashing"
PROCESSES = 8


def start(folder: Path, number: int) -> subprocess.Popen[str]:
    command = [sys.executable, "-m", "mlops_pipeline.cli", "run", str(PIPELINE)]
    command += ["--store", f"sqlite:///{folder / 'metadata.db'}", "--root", str(folder / "root")]
    # What differs between the runs changes the work of `Train`, and of nothing before it.
    command += ["--run-id", f"r{number}", "-p", f"kill=/nowhere/{number}"]
    return subprocess.Popen(
        command, stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True, cwd=folder
    )


def test_all_finish_no_work_is_done_twice_and_lineage_is_right(tmp_path: Path) -> None:
    processes = [start(tmp_path, number) for number in range(PROCESSES)]
    for process in processes:
        output, _ = process.communicate(timeout=180)
        assert process.returncode == 0, output
    store = open_sqlite(f"sqlite:///{tmp_path / 'metadata.db'}")
    try:
        made: Counter[tuple[str, State]] = Counter()
        for number in range(PROCESSES):
            run = store.get_run(f"r{number}")
            assert run is not None
            assert run.state is State.COMPLETE
            executions = {e.node_id: e for e in store.executions_of_run(run.id)}
            assert sorted(executions) == ["Make", "Push", "Train"]
            made.update((e.node_id, e.state) for e in executions.values())
            read = load_links(store, executions.values(), Direction.INPUT)
            wrote = load_links(store, executions.values(), Direction.OUTPUT)
            for reader, key, writer, output in (
                ("Train", "examples", "Make", "examples"),
                ("Push", "model", "Train", "model"),
            ):
                found = read[executions[reader].id][key]
                assert found == wrote[executions[writer].id][output]
        assert made["Make", State.COMPLETE] == 1
        assert made["Make", State.CACHED] == PROCESSES - 1
        assert made["Train", State.COMPLETE] == PROCESSES
        # All models have the same bytes, so that they are pushed once.
        assert made["Push", State.COMPLETE] == 1
    finally:
        store.close()
