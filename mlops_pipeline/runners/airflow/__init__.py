"""Airflow 3: compiled pipelines as DAGs, one task a node.

    from mlops_pipeline.runners.airflow import PipelineDag

    PipelineDag("penguin.json", schedule="@daily", start_date=datetime(2026, 1, 1))

A DAG file loads compiled IR, so parsing imports neither the pipeline's code nor TensorFlow nor ML
Metadata; tasks run nodes in the project's own interpreter or container.
"""

from mlops_pipeline.runners.airflow.config import ExecutionConfig, NodeConfig
from mlops_pipeline.runners.airflow.dag import PipelineDag, PipelineTaskGroup, pipeline_asset

__all__ = ["ExecutionConfig", "NodeConfig", "PipelineDag", "PipelineTaskGroup", "pipeline_asset"]
