"""What `mlops airflow deploy` leaves in a folder of DAGs."""

from __future__ import annotations

from mlops_pipeline.runners.airflow import (
    ExecutionConfig,
)


def test_a_link_leads_to_an_execution() -> None:
    config = ExecutionConfig(lineage_url="http://host/{run_id}/{node}#{execution_id}")
    told = {"execution_id": 7, "run_id": "dag.r/1", "node": "Trainer"}
    assert config.link(told) == "http://host/dag.r%2F1/Trainer#7"
