"""`mlops watch`: policies are looked at until it is asked to end."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
import time
from pathlib import Path

import pytest
from cli_project import Mlops
from retrained import make_project


def test_it_looks_at_each_policy_once(mlops: Mlops, tmp_path: Path) -> None:
    make_project(tmp_path, more='[policy.other]\npipeline = "none.py"\nmodel = "none"\n')
    done = mlops("watch", "--once")
    assert "daily: rolled out: shop v1 was pushed" in done.out
    assert "policy other: " in done.err
    assert done.code == 1


def test_mistakes_in_the_file_end_it_at_once(mlops: Mlops, tmp_path: Path) -> None:
    make_project(tmp_path, more="[policy.other]\n")
    done = mlops("watch")
    assert (done.code, "policy.other has no pipeline" in done.err) == (2, True)


@pytest.mark.slow  # Starts a process that watches.
def test_new_data_is_trained_on_until_it_is_asked_to_end(tmp_path: Path) -> None:
    make_project(tmp_path)
    (tmp_path / "mlops.toml").write_text("")
    command = [sys.executable, "-m", "mlops_pipeline.cli", "watch", "--every", "0.2"]
    environment = {**os.environ, "PYTHONPATH": os.pathsep.join([p for p in sys.path if p])}
    environment["PYTHONUNBUFFERED"] = "1"
    out = tmp_path / "out.txt"
    with out.open("w") as file:
        process = subprocess.Popen(command, cwd=tmp_path, stdout=file, env=environment)
    try:
        for text, told in (("good 1", "shop v1 was pushed"), ("good 2", "shop v2 was pushed")):
            (tmp_path / "data.txt").write_text(text)
            deadline = time.monotonic() + 60
            while told not in out.read_text():
                assert time.monotonic() < deadline
                assert process.poll() is None
                time.sleep(0.05)
        process.send_signal(signal.SIGTERM)
        assert process.wait(30) == 0
    finally:
        process.kill()
        process.wait()
