"""A pipeline as Kubeflow gets it, and the steps that its containers do."""

from __future__ import annotations

from typing import Any

import pytest
from kubeflow_pipelines import (
    executor_of,
    pods_of,
    spec_of,
)

from mlops_pipeline.errors import SettingsError
from mlops_pipeline.ir import PipelineIR


def test_a_user_sets_up_pods_by_node(squares: PipelineIR) -> None:
    def on_gpu_nodes(task: Any) -> None:
        task.platform_config.setdefault("kubernetes", {})["nodeSelector"] = {"labels": {"gpu": "1"}}

    spec, platform = spec_of(squares, customize={"Push": on_gpu_nodes})
    pods = pods_of(platform)
    assert pods[executor_of(spec, "push")]["nodeSelector"] == {"labels": {"gpu": "1"}}
    assert executor_of(spec, "count") not in pods
    with pytest.raises(SettingsError, match=r"no node 'Psh'.*") as caught:
        spec_of(squares, customize={"Psh": on_gpu_nodes})
    assert "Push" in caught.value.hint


"""For tests that start a process for every node: not in the light suite, which is to be quick."""
