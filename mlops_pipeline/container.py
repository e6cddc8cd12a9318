"""Runs the container of a node with the podman or docker command."""

from __future__ import annotations

from mlops_pipeline.task import Task, TaskResult


def run_container(task: Task) -> TaskResult:
    """Run the container of a task and wait for its end."""
    raise NotImplementedError
