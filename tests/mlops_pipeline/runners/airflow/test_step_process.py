"""What `mlops airflow deploy` leaves in a folder of DAGs."""

from __future__ import annotations

import logging
import os
import signal
import threading
import time
from pathlib import Path
from typing import Any

import pytest

from mlops_pipeline.runners.airflow import (
    ExecutionConfig,
)
from mlops_pipeline.runners.airflow.step_process import Step, StepProcess, level_of

pytestmark = pytest.mark.slow  # Each starts processes.


@pytest.mark.parametrize(
    ("line", "level"),
    [
        ("step 3 of 10, loss 0.2", "INFO"),
        ("WARNING:tensorflow:no gradient", "WARNING"),
        ("2026-11-28 07:02:55,723 - trainer - ERROR - no data", "ERROR"),
        ("W1128 07:02:55.723607 140 cpu_utils.cc:94] slow", "WARNING"),
        ("2026-11-28 07:02:55.723607: E tensorflow/core/x.cc:9] bad", "ERROR"),
        ("E is the base of logarithms", "INFO"),
        ("CRITICAL:root:out of memory", "CRITICAL"),
        ("warning: the store is old", "WARNING"),
        ("DEBUG:root:detail", "DEBUG"),
    ],
)
def test_lines_keep_the_level_of_whoever_printed_them(line: str, level: str) -> None:
    assert logging.getLevelName(level_of(line)) == level


class Log:
    """Keeps the lines that a step prints."""

    def __init__(self) -> None:
        self.lines: list[str] = []
        self.started = threading.Event()

    def log(self, level: int, text: str, *values: str) -> None:
        self.lines.append(text % values)
        self.started.set()


def step_process(folder: Path, script: str, log: Log, grace: float) -> StepProcess:
    """A step that a shell script stands in for."""
    file = folder / "python"
    file.write_text(f"#!/bin/sh\n{script}\n")
    file.chmod(0o755)
    return StepProcess(ExecutionConfig(python=str(file), grace=grace), log)


def test_a_step_that_does_not_end_is_ended(tmp_path: Path) -> None:
    log = Log()
    stubborn = "trap '' TERM; echo started; while :; do sleep 0.1; done"
    process = step_process(tmp_path, stubborn, log, 0.2)
    codes: list[Any] = []
    step = Step(str(tmp_path / "x.json"), ["run-node"])
    thread = threading.Thread(target=lambda: codes.append(process.run(step)))
    thread.start()
    assert log.started.wait(30)
    process.stop()
    thread.join(30)
    assert codes == [(-9, None)]


def test_a_step_that_is_stopped_by_a_signal_handler_cleans_up(tmp_path: Path) -> None:
    log = Log()
    # More than a pipe holds: nobody else reads while the handler runs.
    clean_up = f"head -c 300000 /dev/zero; touch {tmp_path}/clean; exit 3"
    tidy = f"trap '{clean_up}' TERM; echo started; while :; do sleep 0.1; done"
    process = step_process(tmp_path, tidy, log, 30)

    def remind() -> None:
        assert log.started.wait(30)
        time.sleep(0.3)
        os.kill(os.getpid(), signal.SIGUSR1)

    before = signal.signal(signal.SIGUSR1, lambda *_: process.stop())
    threading.Thread(target=remind).start()
    try:
        code, _ = process.run(Step(str(tmp_path / "x.json"), ["run-node"]))
    finally:
        signal.signal(signal.SIGUSR1, before)
    assert (code, (tmp_path / "clean").exists()) == (3, True)
