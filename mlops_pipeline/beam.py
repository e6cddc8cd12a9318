"""Runs a component that builds on an Apache Beam pipeline; Beam itself is imported here only."""

from __future__ import annotations

from typing import Any

from mlops_pipeline.calling import call_function
from mlops_pipeline.errors import ExecutorError
from mlops_pipeline.ir import BeamExecutor
from mlops_pipeline.signature import read_interface
from mlops_pipeline.task import Task, TaskResult


def run_beam(task: Task, executor: BeamExecutor, target: Any) -> TaskResult:
    """Hand the component function a pipeline, then run what it built and wait for its end.

    Args:
        target: the component, or its function, with a parameter of type `BeamPipeline`.
    """
    function = getattr(target, "function", target)
    parameter = read_interface(function).beam
    if not parameter:
        raise ExecutorError(
            f"{task.name}: {executor.target} takes no Beam pipeline",
            hint="give its function a parameter `pipeline: BeamPipeline`",
            retryable=False,
        )
    with _pipeline(task, executor.pipeline_args) as pipeline:
        # The pipeline runs at the end of this block; only then is the result returned.
        return call_function(task, function, **{parameter: pipeline})


def _pipeline(task: Task, arguments: tuple[str, ...]) -> Any:
    try:
        import apache_beam
        from apache_beam.options.pipeline_options import PipelineOptions
    except ImportError as error:
        raise ExecutorError(
            f"{task.name} needs Apache Beam, which cannot be imported: {error}",
            hint="pip install apache-beam",
            retryable=False,
        ) from error
    return apache_beam.Pipeline(options=PipelineOptions(list(arguments)))
