"""Airflow 3: compiled pipelines as DAGs, one task a node.

    from mlops_pipeline.runners.airflow import PipelineDag

    PipelineDag("penguin.json", schedule="@daily", start_date=datetime(2026, 1, 1))

A DAG file loads compiled IR, so parsing imports neither the pipeline's code nor TensorFlow nor ML
Metadata; tasks run nodes in the project's own interpreter or container.
"""

from __future__ import annotations

import importlib
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from mlops_pipeline.runners.airflow.config import ExecutionConfig, NodeConfig
    from mlops_pipeline.runners.airflow.dag import PipelineDag, PipelineTaskGroup, pipeline_asset

__all__ = ["ExecutionConfig", "NodeConfig", "PipelineDag", "PipelineTaskGroup", "pipeline_asset"]

_CONFIG = ("ExecutionConfig", "NodeConfig")


def __getattr__(name: str) -> Any:
    # Only what is used is imported: deploying and triggering need no Airflow.
    if name not in __all__:
        raise AttributeError(name)
    module = "config" if name in _CONFIG else "dag"
    return getattr(importlib.import_module(f"{__name__}.{module}"), name)
