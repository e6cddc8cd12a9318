"""Opens Apache Beam pipelines, for components that are handed one and for others.

Beam itself is imported here only.
"""

from __future__ import annotations

import contextlib
import io
from collections.abc import Iterator, Sequence
from typing import Any

from mlops_pipeline.errors import ExecutorError, ParameterError, did_you_mean
from mlops_pipeline.executors.task import Task
from mlops_pipeline.interface import read_interface
from mlops_pipeline.ir import BeamExecutor
from mlops_pipeline.tracebacks import summary, traceback_tail

IN_PROCESS = "FnApiRunner"
"""Beam's runner of this process; `DirectRunner` tries others first, and to download one."""

_LOCAL = ("direct", "switchingdirect", "bundlebaseddirect", "testdirect", "fnapi", "prism")


@contextlib.contextmanager
def beam_argument(task: Task, executor: BeamExecutor, target: Any) -> Iterator[dict[str, Any]]:
    """Yield the pipeline of a component by the name of its parameter; it runs at the block's end.

    Args:
        target: the component, or its function, with a parameter of type `BeamPipeline`.

    Raises:
        ExecutorError: there is no such parameter; Beam is missing, or cannot be started.
        ParameterError: an option or the runner is unknown, or has a wrong value.
    """
    parameter = read_interface(getattr(target, "function", target)).beam
    if not parameter:
        raise ExecutorError(
            f"{task.name}: {executor.target} takes no Beam pipeline",
            hint="give its function a parameter `pipeline: BeamPipeline`",
            retryable=False,
        )
    with running_pipeline(task.name, executor.pipeline_args) as pipeline:
        yield {parameter: pipeline}


@contextlib.contextmanager
def running_pipeline(name: str, arguments: Sequence[str]) -> Iterator[Any]:
    """Yield a pipeline that is run, to its end, at the end of the block.

    Args:
        name: what the arguments belong to, for messages.
        arguments: options of Beam and of its runner; without a runner, this process runs it.

    Raises:
        ParameterError: an option or the runner is unknown, or has a wrong value.
        ExecutorError: Beam is missing, or the runner cannot be started.
    """
    try:
        import apache_beam
        from apache_beam.options.pipeline_options import PipelineOptions, StandardOptions
    except ImportError as error:
        raise ExecutorError(
            f"{name} needs Apache Beam, which cannot be imported: {error}",
            hint="pip install apache-beam",
            retryable=False,
        ) from error
    options = PipelineOptions(list(arguments))
    _check_options(name, options)
    runner = options.view_as(StandardOptions).runner or IN_PROCESS
    engine = _runner(name, runner)
    try:
        pipeline = apache_beam.Pipeline(runner=engine, options=options)
    except ValueError as error:
        # What a runner misses in its options, a line each.
        missing = "; ".join(str(error).splitlines()[1:]) or str(error)
        raise ParameterError(f"{name}: {missing}", hint="add what is missing") from None
    with _start_explained(name, runner), pipeline:
        yield pipeline


def _check_options(name: str, options: Any) -> None:
    """Refuse what no runner can know: Beam itself drops it with a warning."""
    said = io.StringIO()
    try:
        with contextlib.redirect_stderr(said):
            known = options.get_all_options()
            given = options.get_all_options(retain_unknown_options=True)
    except SystemExit:
        # Beam parses its options as a command line, whose end this would be.
        lines = said.getvalue().strip().splitlines() or ["they cannot be read"]
        text = lines[-1].partition("error: ")[2] or lines[-1]
        raise ParameterError(f"{name}: {text}", hint="give Beam options as --name=value") from None
    unknown = sorted(set(given) - set(known))
    if unknown and is_local(str(known.get("runner") or IN_PROCESS)):
        # A portable runner may have options of its own, which only its job server knows.
        raise ParameterError(
            f"{name}: Beam has no option --{unknown[0]}", hint=did_you_mean(unknown[0], known)
        )


def is_local(runner: str) -> bool:
    """Return True if a runner of Beam has this machine only."""
    return runner.rpartition(".")[2].lower().removesuffix("runner") in _LOCAL


def _runner(name: str, runner: str) -> Any:
    from apache_beam.options.pipeline_options import StandardOptions
    from apache_beam.runners import runner as beam_runners

    try:
        return beam_runners.create_runner(runner)
    except (ImportError, AttributeError, ValueError) as error:
        known = StandardOptions.KNOWN_RUNNER_NAMES
        is_known = runner.lower().removesuffix("runner") in {
            each.lower().removesuffix("runner") for each in known
        }
        if is_known:
            raise ParameterError(
                f"{name}: {runner} cannot be imported: {error}", hint="install what it needs"
            ) from None
        raise ParameterError(
            f"{name}: there is no Beam runner {runner!r}", hint=did_you_mean(runner, known)
        ) from None


@contextlib.contextmanager
def _start_explained(name: str, runner: str) -> Iterator[None]:
    """Say what to do if the program that a runner talks to cannot be had."""
    try:
        yield
    except (RuntimeError, OSError, ValueError) as error:
        text = summary(error)
        if not any(said in text for said in ("Unable to fetch", "prism_location", "binary URL")):
            raise
        raise ExecutorError(
            f"{name}: {runner} cannot be started: {text}",
            hint="name a local copy (--prism_location, --spark_job_server_jar, "
            "--flink_job_server_jar), or a running job server (--job_endpoint)",
            details=traceback_tail(error),
        ) from error
