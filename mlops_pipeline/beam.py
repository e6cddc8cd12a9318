"""Runs the pipeline of a Beam component."""

from __future__ import annotations

from mlops_pipeline.task import Task, TaskResult


def run_beam(task: Task, target: object) -> TaskResult:
    """Run the Beam pipeline of a task and wait for its end."""
    raise NotImplementedError
