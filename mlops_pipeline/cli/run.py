"""`mlops run`: run a pipeline with progress, and report the results."""

from __future__ import annotations

import sys
from collections.abc import Sequence
from contextlib import redirect_stdout
from dataclasses import dataclass
from typing import Any

import click

from mlops_pipeline.api import new_run_id, plain_parameters
from mlops_pipeline.authoring import Loaded, Problem, load_pipeline, pipeline_of_project
from mlops_pipeline.cli import INTERRUPTED
from mlops_pipeline.cli.output import complain, json_option, screen, warn, write, write_json
from mlops_pipeline.cli.progress import progress
from mlops_pipeline.cli.project import Project, project_options
from mlops_pipeline.cli.selection_options import choice_options, read_selection
from mlops_pipeline.errors import ParameterError, did_you_mean
from mlops_pipeline.inspection import (
    PipelineRun,
    causes,
    command_lines,
    next_commands,
    read_run,
    run_data,
    run_report,
)
from mlops_pipeline.interface import from_text
from mlops_pipeline.ir import PipelineIR
from mlops_pipeline.roots import make_root
from mlops_pipeline.run_state import Workspace, open_workspace, refuse_taken
from mlops_pipeline.runners import RunOptions, local
from mlops_pipeline.store import State


@dataclass(frozen=True)
class Job:
    """A run to start or to continue."""

    ir: PipelineIR
    run_id: str
    workspace: Workspace
    options: RunOptions
    parameters: dict[str, Any]


parameter_option = click.option(
    "-p",
    "--parameter",
    "texts",
    multiple=True,
    metavar="NAME=VALUE",
    help="Set a run parameter; repeatable.",
)


pipeline_argument = click.argument("pipeline", required=False, type=click.Path())
"""The pipeline to work on; None stands for that of the current project."""


@click.command()
@pipeline_argument
@parameter_option
@click.option(
    "--workers", type=int, metavar="N", help="Number of worker processes  [default: one a core]"
)
@click.option("--in-process", is_flag=True, help="Run all in this process, for debuggers.")
@click.option(
    "--keep-going", is_flag=True, help="After a failure, run the nodes that do not need it."
)
@choice_options
@click.option("--run-id", metavar="ID", default="", help="Id of the new run.")
@click.option("--force", "--no-cache", is_flag=True, help="Run nodes even if nothing changed.")
@click.option("--logs", is_flag=True, help="Show what the nodes print.")
@json_option
@project_options
def run(project: Project, pipeline: str | None, texts: Sequence[str], **flags: Any) -> int:
    """Run a pipeline, and report the results.

    PIPELINE is a folder with a pipeline.py, a Python file, module:name, or compiled IR; without it,
    the pipeline of the current project. Lists and objects are given as JSON:
    -p 'rates=[0.1, 0.2]'.
    """
    if flags["workers"] is not None:
        project.set_flag("workers", flags["workers"])
    loaded = load(project, pipeline)
    ir = compile_loudly(loaded)
    base_run = project.find_run(flags["base_run"]).id if flags["base_run"] else ""
    options = RunOptions(
        workers=project.settings.workers,
        in_process=flags["in_process"],
        keep_going=flags["keep_going"],
        selection=read_selection({**flags, "base_run": base_run}, force=flags["force"]),
    )
    if flags["run_id"]:
        refuse_taken(project.store, flags["run_id"])
    job = Job(
        ir,
        flags["run_id"] or new_run_id(project.store),
        open_workspace(loaded.base_dir, loaded.import_paths, project.settings, project.store),
        options,
        read_parameters(ir, texts),
    )
    return execute(job, project, logs=flags["logs"], as_json=flags["as_json"])


def load(project: Project, pipeline: str | None) -> Loaded:
    """Import the named pipeline, or that of the current project, and use its settings.

    Raises:
        NotFoundError: none is named, and the project has none or several.
    """
    if pipeline is None:
        pipeline = str(pipeline_of_project(project.folder, project.resolved.project))
    project.begin_at(pipeline)
    for warning in project.resolved.warnings:
        warn(warning)
    # What the user's modules print must not get into our output, which may be JSON.
    with redirect_stdout(sys.stderr):
        return load_pipeline(
            pipeline, project=project.resolved.project, import_paths=project.settings.import_paths
        )


def compile_loudly(loaded: Loaded) -> PipelineIR:
    """Compile a pipeline, and print warnings on standard error."""

    def print_warning(problem: Problem) -> None:
        warn(problem.message, hint=problem.hint, where=problem.where)

    with redirect_stdout(sys.stderr):
        return loaded.compile(print_warning)


def read_parameters(ir: PipelineIR, texts: Sequence[str]) -> dict[str, Any]:
    """Parse run parameters, given as `name=value`, by their schemas.

    Raises:
        ParameterError: one is not of that form, unknown, or of the wrong type.
    """
    schemas = {parameter.name: parameter.schema for parameter in ir.parameters}
    values: dict[str, Any] = {}
    for text in texts:
        name, separator, value = text.partition("=")
        if not separator:
            raise ParameterError(f"-p {text} has no value", hint=f"write -p {name}=VALUE")
        if name in values:
            raise ParameterError(f"parameter {name!r} is given twice", hint=f"give one -p {name}=")
        if name not in schemas:
            raise ParameterError(
                f"pipeline {ir.name} has no parameter {name!r}", hint=did_you_mean(name, schemas)
            )
        values[name] = from_text(f"parameter {name!r}", schemas[name], value)
    return plain_parameters(ir, values)


def execute(job: Job, project: Project, *, logs: bool, as_json: bool) -> int:
    """Run a job with progress and report, and return the exit code."""
    make_root(str(job.workspace.root))
    title = f"{job.ir.name} · run {job.run_id}"
    display = progress(job.ir, title, quiet=as_json, logs=logs)
    with display as on_event, redirect_stdout(sys.stderr):
        local.run(
            job.ir,
            job.run_id,
            job.workspace,
            parameters=job.parameters,
            options=job.options,
            on_event=on_event,
        )
    done = read_run(job.workspace.store, job.run_id, job.workspace.copies)
    if as_json:
        write_json(run_data(done))
    else:
        _report(done, job, project)
    return {State.COMPLETE: 0, State.CANCELED: INTERRUPTED}.get(done.state, 1)


def first_error(done: PipelineRun) -> str:
    """Return the name and error of the first failed node, or an empty text."""
    return f": {done.failed[0].name}: {done.failed[0].execution.error}" if done.failed else ""


def _report(done: PipelineRun, job: Job, project: Project) -> None:
    here = screen()
    write(run_report(done, here, causes(job.workspace.store, done)))
    commands = next_commands(done, project.flags_text())
    if project.settings.store == "memory://":
        commands = []  # the records are gone: no command can use them
    if done.state is not State.COMPLETE:
        verb = "was stopped" if done.state is State.CANCELED else "failed"
        write([""])
        message, _, hint = first_error(done).partition("\n  hint: ")
        complain(f"run {done.id} {verb}{message}", hint=hint)
    if commands:
        failed = done.state is not State.COMPLETE
        write(["", "next:", *command_lines(commands, here)], err=failed)
