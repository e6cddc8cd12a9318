"""Airflow 3: compiled pipelines as DAGs, one task a node.

    from mlops_pipeline.runners.airflow import PipelineDag

    PipelineDag("penguin.json", schedule="@daily", start_date=datetime(2026, 1, 1))

A DAG file loads compiled IR, so parsing imports neither the pipeline's code nor TensorFlow nor ML
Metadata; tasks run nodes in the project's own interpreter or container.
"""

from typing import TYPE_CHECKING

from mlops_pipeline.lazy_names import lazy_names

if TYPE_CHECKING:
    from mlops_pipeline.runners.airflow.client import AirflowClient
    from mlops_pipeline.runners.airflow.config import ExecutionConfig, NodeConfig
    from mlops_pipeline.runners.airflow.dag import PipelineDag, PipelineTaskGroup, pipeline_asset
    from mlops_pipeline.runners.airflow.deploy import Deployment, deploy_dag
    from mlops_pipeline.runners.airflow.other_environment import refuse_image
    from mlops_pipeline.runners.airflow.termination_message import TERMINATION_LOG, write_message
else:
    __getattr__ = lazy_names(
        __name__,
        {
            "client": "AirflowClient",
            "config": "ExecutionConfig NodeConfig",
            "dag": "PipelineDag PipelineTaskGroup pipeline_asset",
            "deploy": "Deployment deploy_dag",
            "other_environment": "refuse_image",
            "termination_message": "TERMINATION_LOG write_message",
        },
    )

__all__ = [
    "TERMINATION_LOG",
    "AirflowClient",
    "Deployment",
    "ExecutionConfig",
    "NodeConfig",
    "PipelineDag",
    "PipelineTaskGroup",
    "deploy_dag",
    "pipeline_asset",
    "refuse_image",
    "write_message",
]
