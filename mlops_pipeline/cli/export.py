"""`mlops export`: a run with its lineage as one file."""

from __future__ import annotations

from pathlib import Path

import click

from mlops_pipeline.cli.output import echo, json_option, warn, write_json
from mlops_pipeline.cli.project import Project, project_options, run_argument
from mlops_pipeline.exchange import export_run


@click.command()
@run_argument
@click.argument("file", metavar="FILE", type=click.Path(path_type=Path))
@click.option("--with-artifacts", is_flag=True, help="With the files of the artifacts.")
@json_option
@project_options
def export(project: Project, run_id: str, file: Path, with_artifacts: bool, as_json: bool) -> None:
    """Write a run with its whole lineage into a ZIP file.

    It has the records of all that the artifacts of RUN were made of, their pipelines and sources.
    `mlops import` takes it into another store. RUN is an id, the beginning of one, or `last`.
    """
    run = project.find_run(run_id)
    done = export_run(
        project.existing_store,
        run,
        file.expanduser().absolute(),
        copies=project.copies,
        files=with_artifacts,
    )
    for each in done.without:
        warn(f"not in the file: {each}")
    if as_json:
        write_json(done)
        return
    beside = f", files of {done.files} of them" if with_artifacts else ", without their files"
    echo(f"run {done.run} with {done.executions} executions and {done.artifacts} artifacts{beside}")
    echo(f"{done.size} bytes in {done.file}")
