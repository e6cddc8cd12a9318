"""`mlops metadata backup`: a copy of the store while runs go on."""

from __future__ import annotations

from pathlib import Path

import click

from mlops_pipeline.cli.output import echo, json_option, write_json
from mlops_pipeline.cli.project import Project, project_options
from mlops_pipeline.inspection import size


@click.command()
@click.argument("file", metavar="FILE", type=click.Path(path_type=Path))
@click.option("--replace", is_flag=True, help="Take the place of a FILE that is there already.")
@json_option
@project_options
def backup(project: Project, file: Path, replace: bool, as_json: bool) -> None:
    """Copy the store to FILE while runs go on.

    It holds the store as it is at one moment: each result in it is complete. It is read back
    before it gets its name, and is a store itself: `mlops runs --store FILE`.
    """
    from mlops_pipeline.store import back_up

    project.require_store()
    done = back_up(project.settings.store, file, replace=replace)
    if as_json:
        write_json({"store": done.store, "file": done.file, "size": done.size, "rows": done.rows})
        return
    rows = f"{done.rows['Execution']} executions, {done.rows['Artifact']} artifacts"
    echo(f"backed up {done.store} to {done.file}: {rows}, {size(done.size)}, read back")
