"""`mlops resume`: continue a run that failed or was stopped."""

from __future__ import annotations

from typing import Any

import click

from mlops_pipeline.api import workspace_of
from mlops_pipeline.cli.output import json_option, write, write_json
from mlops_pipeline.cli.project import Project, project_options, run_argument
from mlops_pipeline.cli.run import Job, execute
from mlops_pipeline.inspection import read_run, run_data
from mlops_pipeline.runners import RunOptions
from mlops_pipeline.store import State


@click.command()
@run_argument
@click.option(
    "--workers", type=int, metavar="N", help="Number of worker processes  [default: one a core]"
)
@click.option("--in-process", is_flag=True, help="Run all in this process, for debuggers.")
@click.option(
    "--keep-going", is_flag=True, help="After a failure, run the nodes that do not need it."
)
@click.option("--logs", is_flag=True, help="Show what the nodes print.")
@json_option
@project_options
def resume(project: Project, run_id: str, **flags: Any) -> int:
    """Continue a run that failed or was stopped.

    Nodes that succeeded are not run again; the others run with the code as it is now. RUN is an id,
    the beginning of one, or `last`.
    """
    if flags["workers"] is not None:
        project.set_flag("workers", flags["workers"])
    record = project.find_run(run_id)
    if record.state is State.COMPLETE:
        return _report_complete(project, record.id, as_json=flags["as_json"])
    ir, workspace = workspace_of(record, project.settings, project.store, project.folders)
    options = RunOptions(
        workers=project.settings.workers,
        in_process=flags["in_process"],
        keep_going=flags["keep_going"],
    )
    job = Job(ir, record.id, workspace, options, {})
    return execute(job, project, logs=flags["logs"], as_json=flags["as_json"])


def _report_complete(project: Project, run_id: str, *, as_json: bool) -> int:
    """Report that the run is complete; resuming once too often is no error."""
    if as_json:
        write_json(run_data(read_run(project.store, run_id, project.copies)))
    else:
        write([f"run {run_id} is complete: nothing is left to do"])
    return 0
