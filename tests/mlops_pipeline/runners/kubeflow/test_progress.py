"""Nodes by the names of their tasks; waiting itself is tested with the SDK, in conformance."""

from __future__ import annotations

from mlops_pipeline.ir import PipelineIR
from mlops_pipeline.runners.kubeflow import KubeflowOptions, make_package, node_names


def test_tasks_are_known_by_their_keys_and_by_what_they_show(squares: PipelineIR) -> None:
    names = node_names(make_package(squares, KubeflowOptions(image="img:1")))
    assert names["count"] == names["Count"] == "Count"
    assert names["square"] == "Square"
    assert names["end"] == "end"
    # The loop itself and the task that counts its items are no nodes.
    assert set(names.values()) == {"Count", "Square", "many", "Push", "begin", "end"}
