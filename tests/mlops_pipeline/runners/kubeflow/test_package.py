"""Run parameters on their way to Kubeflow and back, and the times of its schedules."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest

from mlops_pipeline.errors import CompileError
from mlops_pipeline.ir import PipelineIR, RunParameterIR, digest
from mlops_pipeline.runners.kubeflow import (
    KubeflowOptions,
    make_package,
    read_package,
)

INTEGER = {"type": "integer"}


def pipeline(schema: dict[str, Any], default: Any = None) -> PipelineIR:
    return PipelineIR("p", (), (RunParameterIR("value", schema, default),))


def test_a_package_holds_its_pipeline(tmp_path: Path) -> None:
    ir = pipeline(INTEGER, 3)
    made = make_package(ir, KubeflowOptions(image="img:1"))
    file = tmp_path / "p.yaml"
    file.write_bytes(made.data)
    read = read_package(file)
    assert (read.version, digest(read.ir)) == (made.version, digest(ir))
    other = make_package(ir, KubeflowOptions(image="img:2"))
    assert (other.name, other.version == made.version) == (made.name, False)
    file.write_text("{}")
    with pytest.raises(CompileError, match="no package"):
        read_package(file)
