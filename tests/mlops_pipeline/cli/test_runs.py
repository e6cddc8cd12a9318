"""The command `mlops`, in this process, over a store in memory that the commands share."""

from __future__ import annotations

import os
import signal
import sqlite3
import subprocess
import sys
from contextlib import closing

import pytest
from cli_project import Mlops


def test_runs_lists_the_newest_first(mlops: Mlops) -> None:
    for run_id in ("one", "two"):
        mlops("run", ".", "--run-id", run_id)
    lines = mlops("runs").out.splitlines()
    assert [line.split()[0] for line in lines] == ["run", "two", "one"]
    assert [run["id"] for run in mlops("runs", "-n", "1", "--json").data] == ["two"]


def test_runs_without_any_says_how_to_start(mlops: Mlops) -> None:
    result = mlops("runs")
    assert result.code == 0
    assert result.out == "no runs yet; start one with `mlops run PIPELINE`\n"


def test_without_any_run_each_command_says_how_to_start(mlops: Mlops) -> None:
    assert "start one with `mlops run PIPELINE`" in mlops("show").err


def test_no_run_is_named_as_the_newest_one_is(mlops: Mlops) -> None:
    result = mlops("run", ".", "--run-id", "last")
    assert (result.code, "means the newest run" in result.err) == (2, True)


HOLDER = """
import os, signal, sys
from pathlib import Path
from mlops_metadata.connection import FileLock
with FileLock(Path(sys.argv[1])):
    print("held", flush=True)
    os.kill(os.getpid(), signal.SIGSTOP)
"""


@pytest.mark.slow  # Waits for a stopped process.
@pytest.mark.parametrize("prepared", [True, False])
def test_a_writer_that_is_stopped_keeps_no_reader_waiting(mlops: Mlops, prepared: bool) -> None:
    mlops("run", ".", "--store", "metadata.db")
    if not prepared:
        # As another program leaves it.
        with closing(sqlite3.connect("metadata.db")) as connection, connection:
            connection.execute("DROP INDEX mlops_context_type")
            connection.execute("PRAGMA user_version = 0")
    command = [sys.executable, "-c", HOLDER, "metadata.db.lock"]
    with subprocess.Popen(command, stdout=subprocess.PIPE) as holder:
        assert holder.stdout is not None
        assert holder.stdout.readline() == b"held\n"
        os.waitid(os.P_PID, holder.pid, os.WSTOPPED)
        done = mlops("runs", "--store", "metadata.db")
        os.kill(holder.pid, signal.SIGCONT)
    assert done.code == 0
    assert "small" in done.out
