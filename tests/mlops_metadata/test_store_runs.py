"""Many runs at once on our server and on a MariaDB: none lost, none doubled."""

from __future__ import annotations

import json
import subprocess
import sys
from pathlib import Path

import pytest
from mariadb_server import has_mariadb

pytestmark = [pytest.mark.mlmd, pytest.mark.slow]  # eight processes run pipelines

SCRIPT = Path(__file__).resolve().parents[2] / "benchmarks" / "store_runs.py"


@pytest.mark.parametrize("kind", ["grpc", "mysql"])
def test_runs_from_eight_processes_are_all_there(
    kind: str, tmp_path: Path, environment: dict[str, str]
) -> None:
    if kind == "mysql" and not has_mariadb():
        pytest.skip("NO MARIADB WAS RUN: there is no mariadbd (Debian: mariadb-server)")
    figures = tmp_path / "figures.json"
    command = [sys.executable, str(SCRIPT), "--on", kind, "--sides", "launcher", "--runs", "40"]
    done = subprocess.run(
        [*command, "--root", str(tmp_path), "--json", str(figures)],
        capture_output=True,
        text=True,
        env=environment,
        timeout=300,
    )
    assert done.returncode == 0, done.stdout + done.stderr
    told = json.loads(figures.read_text())["figures"][kind]["launcher"]
    assert (told["executions"], told["errors"], told["problems"]) == (320, 0, [])
