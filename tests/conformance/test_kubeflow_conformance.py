"""The containers of a compiled Kubeflow pipeline leave the records that the local runner leaves."""

from __future__ import annotations

import json
import os
import re
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest
from containers import IMAGE, Engine
from snapshot import snapshot
from suite import (
    BY_NAME,
    HERE,
    IMPORTS,
    KUBEFLOW,
    NAMES,
    ROOT,
    Snapshots,
    compile_case,
    open_sqlite,
)

from mlops_pipeline.run_state import BASE
from mlops_pipeline.runners.kubeflow import KubeflowOptions, to_yaml

KFP = os.environ.get("MLOPS_TEST_KFP", "")
"""An interpreter with the kfp SDK and docker's client."""

pytestmark = [
    pytest.mark.kubeflow,
    pytest.mark.slow,  # every node of every case is a container
    pytest.mark.skipif(not KFP, reason="MLOPS_TEST_KFP names no interpreter with kfp"),
]


def run_in_containers(engine: Engine, name: str, folder: Path) -> tuple[list[dict[str, Any]], Any]:
    """All runs of a case; what they left, and whether each ended well for Kubeflow."""
    case = BY_NAME[name]
    options = KubeflowOptions(
        image=IMAGE,
        store=f"sqlite:///{folder / 'metadata.db'}",
        root=str(folder / "root"),
        base_dir=str(HERE),
        environment={
            "PATH": f"{Path(sys.executable).parent}:/usr/bin:/bin",
            "PYTHONPATH": IMPORTS,
            "HOME": str(folder),
            "TMPDIR": str(folder),
        },
    )
    package = folder / "package.yaml"
    package.write_text(to_yaml(compile_case(case.pipeline), options))
    codes = []
    found = []
    begun: list[str] = []
    for number, _ in enumerate(case.runs):
        parameters = case.given(number, "")
        if BASE in parameters:
            parameters[BASE] = begun[int(parameters[BASE])]
        given = {
            "package": str(package),
            "root": str(folder),
            "parameters": parameters,
            "mounts": [*engine.mounts, str(ROOT)],
            "environment": options.environment,
        }
        done = subprocess.run(
            [KFP, str(HERE / "kubeflow_local.py"), json.dumps(given)],
            env=engine.environment,
            capture_output=True,
            text=True,
        )
        # Shown where a test fails.
        sys.stdout.write(done.stdout + done.stderr)
        codes.append(done.returncode)
        store = open_sqlite(folder)
        try:
            newest = store.list_runs(limit=1)[0].id
            assert re.fullmatch(r"kfp-\d+", newest)
            begun.append(newest)
            found.append(snapshot(store, newest))
        finally:
            store.close()
    return found, codes


@pytest.mark.parametrize("name", NAMES)
def test_leaves_the_records_of_the_local_runner(
    engine: Engine, by_workers: Snapshots, name: str, tmp_path: Path
) -> None:
    if KUBEFLOW in BY_NAME[name].gaps:
        pytest.skip(f"not the same on Kubeflow: {BY_NAME[name].gaps[KUBEFLOW]}")
    found, codes = run_in_containers(engine, name, tmp_path)
    assert found == by_workers(name)
    assert codes == [0 if run["state"] == "COMPLETE" else 1 for run in found]
