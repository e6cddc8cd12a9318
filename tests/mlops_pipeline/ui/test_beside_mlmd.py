"""The pages in one environment with ML Metadata, of a store that its own service speaks for."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

import pytest
from served_pages import get, serving_pages

pytestmark = [pytest.mark.mlmd, pytest.mark.slow]  # Starts two servers.

PIPELINE = """
import mlops_pipeline as m

@m.component
def One() -> int:
    return 1

@m.pipeline
def tiny() -> None:
    One()
"""
MLOPS = [sys.executable, "-m", "mlops_pipeline.cli"]


def test_pages_show_a_run_behind_a_server_of_ml_metadata(tmp_path: Path) -> None:
    (tmp_path / "pipeline.py").write_text(PIPELINE)
    store = f"sqlite:///{tmp_path}/metadata.db"
    served = subprocess.Popen(
        [*MLOPS, "metadata", "serve", "--port", "0", "--store", store],
        cwd=tmp_path,
        stdout=subprocess.PIPE,
        text=True,
    )
    try:
        assert served.stdout
        url = served.stdout.readline().split()[-1]
        (tmp_path / "mlops.toml").write_text(f'store = "{url}"\n')
        run = [*MLOPS, "run", "--in-process", "--run-id", "one"]
        subprocess.run(run, cwd=tmp_path, check=True, capture_output=True)
        with serving_pages(MLOPS, tmp_path) as pages:
            cookie = pages.enter()
            assert "run?id=one" in get(pages.page, cookie)[2]
            status, _, page = get(f"{pages.page}run?id=one", cookie)
            assert (status, "One" in page) == (200, True)
    finally:
        served.terminate()
        served.communicate()
