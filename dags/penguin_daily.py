"""Train the penguin classifier every day; what has not changed comes from the cache."""

import os
from datetime import datetime
from pathlib import Path

from mlops_pipeline.runners.airflow import ExecutionConfig, NodeConfig, PipelineDag

PROJECT = Path(os.environ.get("MLOPS_PROJECT", "/srv/mlops"))

PipelineDag(
    Path(__file__).with_name("penguin.json"),
    dag_id="penguin_daily",
    execution=ExecutionConfig(
        python=str(PROJECT / ".venv/bin/python"),
        base_dir=str(PROJECT / "pipelines/penguin"),
    ),
    # Training goes first where there are fewer slots than tasks.
    nodes=[NodeConfig("Trainer", {"priority_weight": 10})],
    schedule="@daily",
    start_date=datetime(2026, 1, 1),
    catchup=False,
    tags=["mlops"],
)
