"""Scripts that fork: in processes of their own, since the one that runs tests has threads."""

from __future__ import annotations

import json
import subprocess
import sys
import textwrap
from pathlib import Path
from typing import Any

BEGIN = """
import json, logging, os, signal, sys, threading, time
from subprocess import TimeoutExpired
from mlops_pipeline.runners.workers import ForkOptions, fork, may_fork

def printed(run, **given):
    output, end = os.pipe()
    child = fork(ForkOptions(-1, end, **given), run)
    os.close(end)
    with open(output) as lines:
        text = lines.read()
    return child.wait(), text
"""


def tried(folder: Path, script: str) -> Any:
    """What a script prints last, as JSON, run in a folder."""
    file = folder / "script.py"
    file.write_text(BEGIN + textwrap.dedent(script))
    done = subprocess.run(
        [sys.executable, str(file)], cwd=folder, capture_output=True, text=True, timeout=60
    )
    assert done.returncode == 0, done.stderr
    return json.loads(done.stdout.splitlines()[-1])
