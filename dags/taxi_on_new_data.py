"""Train the taxi model when there is new data: whoever writes it changes the asset `taxi_data`.

A DAG does so with `outlets=[Asset("taxi_data")]`, anything else with
`POST /api/v2/assets/events`. Without new rows the pipeline is all cached.
"""

import os
from pathlib import Path

from airflow.sdk import Asset

from mlops_pipeline.runners.airflow import ExecutionConfig, PipelineDag

PROJECT = Path(os.environ.get("MLOPS_PROJECT", "/srv/mlops"))

PipelineDag(
    Path(__file__).with_name("taxi.json"),
    dag_id="taxi_on_new_data",
    execution=ExecutionConfig(
        python=str(PROJECT / ".venv/bin/python"),
        base_dir=str(PROJECT / "pipelines/taxi"),
    ),
    schedule=[Asset("taxi_data")],
    max_active_runs=1,
    tags=["mlops"],
)
