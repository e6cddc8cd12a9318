"""The command `mlops`, in this process, over a store in memory that the commands share."""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path

from cli_project import Mlops


def test_commands_that_lead_on_are_quoted_and_name_the_place(mlops: Mlops, tmp_path: Path) -> None:
    assert "  mlops run 'my flowers'  " in mlops("init", "my flowers").out
    failed = mlops(
        "run", ".", "-p", "steps=13", "--store", f"memory://{tmp_path}/a b", "--root", "r"
    )
    [resume] = [line for line in (failed.out + failed.err).splitlines() if "mlops resume" in line]
    assert f"--store 'memory://{tmp_path}/a b' --root r  " in resume


def test_a_reader_that_has_seen_enough_is_not_complained_of() -> None:
    process = subprocess.Popen(
        [sys.executable, "-m", "mlops_pipeline.cli", "completion", "bash"],
        env={**os.environ, "PYTHONPATH": os.pathsep.join(sys.path)},
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
    )
    assert process.stdout is not None
    process.stdout.close()
    _, err = process.communicate()
    assert err == b""
