from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest
from kubeflow_launcher import Cluster
from kubeflow_pipelines import (
    PIPELINE,
    spec_of,
)

from mlops_pipeline.ir import PipelineIR
from mlops_pipeline.runners.kubeflow.__main__ import main


@pytest.fixture
def squares(project: Any) -> PipelineIR:
    project.write("pipeline.py", PIPELINE)
    compiled: PipelineIR = project.compile()
    return compiled


@pytest.fixture
def cluster(
    squares: PipelineIR, project: Any, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> Cluster:
    monkeypatch.setenv("MLOPS_STORE", f"memory://{tmp_path}")
    monkeypatch.setenv("MLOPS_ROOT", str(tmp_path / "root"))
    monkeypatch.setenv("TOKEN", "sesame")
    spec, _ = spec_of(squares, base_dir=str(project.folder))
    return Cluster(spec, tmp_path, main)
