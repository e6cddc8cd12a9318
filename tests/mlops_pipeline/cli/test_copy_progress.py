"""Progress of `mlops metadata copy`."""

from __future__ import annotations

import contextlib
import os
import pty
import re
import subprocess
import sys
from pathlib import Path

import pytest
from cli_project import Mlops

from mlops_pipeline.cli.copy_progress import PAUSE, PlainCopyProgress
from mlops_pipeline.store import CopyStep


def test_a_line_is_said_each_ten_seconds(capsys: pytest.CaptureFixture[str]) -> None:
    now = 100.0
    with PlainCopyProgress(clock=lambda: now) as told:
        for rows in range(2000, 32000, 2000):
            now += PAUSE / 4
            told(CopyStep("copying", "Event", rows, 31000))
    said = capsys.readouterr()
    assert said.out == ""
    assert said.err.splitlines() == [
        "copying Event: 8,000 of 31,000 rows",
        "copying Event: 16,000 of 31,000 rows",
        "copying Event: 24,000 of 31,000 rows",
    ]


def test_a_short_copy_says_nothing_where_there_is_no_terminal(mlops: Mlops) -> None:
    mlops("run", ".", "--store", "metadata.db")
    done = mlops("metadata", "copy", "metadata.db", "copy.db")
    assert (done.code, done.err) == (0, "")


@pytest.mark.slow  # Starts processes.
def test_a_terminal_shows_the_table_and_its_rows(mlops: Mlops, tmp_path: Path) -> None:
    mlops("run", ".", "--store", "metadata.db")
    command = [sys.executable, "-m", "mlops_pipeline.cli", "metadata", "copy", "--json"]
    ours, theirs = pty.openpty()
    started = subprocess.Popen(
        [*command, "metadata.db", "copy.db"],
        cwd=tmp_path,
        env={**os.environ, "TERM": "xterm"},
        stdout=subprocess.PIPE,
        stderr=theirs,
    )
    os.close(theirs)
    shown = everything(ours)
    printed, _ = started.communicate()
    assert started.returncode == 0
    assert printed.startswith(b"[")
    assert re.search(r"\w+ing \w+: \d+ of \d+ rows", shown)
    # The line is taken away at the end.
    assert shown.rstrip().endswith("\x1b[2K")


def everything(terminal: int) -> str:
    """All that is written to a terminal until nobody has it open any more."""
    parts = []
    # Linux answers with an error then, not with an end.
    with contextlib.suppress(OSError):
        while part := os.read(terminal, 65536):
            parts.append(part)
    os.close(terminal)
    return b"".join(parts).decode()
