"""What `mlops airflow deploy` leaves in a folder of DAGs."""

from __future__ import annotations

import pytest

from mlops_pipeline.runners.airflow import (
    ExecutionConfig,
)


def test_a_link_leads_to_an_execution() -> None:
    config = ExecutionConfig(lineage_url="http://host/{run_id}/{node}#{execution_id}")
    told = {"execution_id": 7, "run_id": "dag.r/1", "node": "Trainer"}
    assert config.link(told) == "http://host/dag.r%2F1/Trainer#7"


@pytest.mark.parametrize(
    ("label", "name"), [("", "Trainer"), ("Trainer[0,2]", "Trainer%5B0%2C2%5D")]
)
def test_a_link_leads_to_the_page_of_a_node(label: str, name: str) -> None:
    config = ExecutionConfig(lineage_url="https://host/ml/")
    told = {"execution_id": 7, "run_id": "dag.r 1", "node": "Trainer", "label": label}
    assert config.link(told) == f"https://host/ml/node?run=dag.r%201&name={name}"
