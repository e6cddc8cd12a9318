"""The standard components, unchanged, on an artifact root in S3."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from s3_server import BUCKET, S3Server, serving_s3, variables_set

from mlops_pipeline.roots import read_bytes
from mlops_pipeline.roots.object_store import names_below

# TensorFlow and its libraries warn about each other.
pytestmark = [pytest.mark.ml, pytest.mark.slow, pytest.mark.filterwarnings("ignore")]

PIPELINE = Path(__file__).parent / "remote_pipeline" / "pipeline.py"
ROOT = f"s3://{BUCKET}/penguins"


@pytest.fixture(scope="module")
def server() -> Iterator[S3Server]:
    with serving_s3() as server, variables_set(server.environment):
        yield server


def run(folder: Path, machine: str, steps: int = 20) -> list[dict[str, Any]]:
    words = ["run", str(PIPELINE), "--root", ROOT, "--store", str(folder / "metadata.db")]
    words += ["-p", f"serving={folder / 'serving'}", "-p", f"steps={steps}", "--json"]
    environment = {
        **os.environ,
        "PYTHONPATH": os.pathsep.join(p for p in sys.path if p),
        "MLOPS_SCRATCH": str(folder / f"scratch-{machine}"),
    }
    done = subprocess.run(
        [sys.executable, "-m", "mlops_pipeline.cli", *words],
        cwd=folder,
        env=environment,
        capture_output=True,
        text=True,
        timeout=600,
        check=False,
    )
    assert done.returncode == 0, done.stdout + done.stderr
    return list(json.loads(done.stdout)["nodes"])


# Some 40 s: every component starts its library once.
def test_from_rows_to_a_pushed_model_and_on_from_another_machine(
    server: S3Server, tmp_path: Path
) -> None:
    first = {node["name"]: node["decision"] for node in run(tmp_path, "a")}
    assert set(first.values()) == {"run"}
    assert len(first) == 11
    names = names_below(ROOT)
    assert not any("/.staging/" in name for name in names)
    (count,) = [name for name in names if "/Count/counted/" in name]
    assert read_bytes(f"{ROOT}/{count}") == b"344\n"
    assert any("/BulkInferrer/inference_result/" in name for name in names)
    assert list((tmp_path / "serving").iterdir())
    second = {node["name"]: node["decision"] for node in run(tmp_path, "b")}
    assert set(second.values()) == {"cached"}
    # Nothing was downloaded to find that out.
    copies = tmp_path / "scratch-b" / "copies"
    assert [each.name for each in copies.iterdir() if not each.name.startswith(".")] == []
    third = {node["name"]: node["decision"] for node in run(tmp_path, "b", steps=25)}
    assert third["Transform"] == "cached"
    assert third["Trainer"] == "run"
    assert third["InfraValidator"] == "run"
