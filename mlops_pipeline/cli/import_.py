"""`mlops import`: a run that was exported, into this store."""

from __future__ import annotations

from pathlib import Path

import click

from mlops_pipeline.cli.output import echo, json_option, write_json
from mlops_pipeline.cli.project import Project, project_options
from mlops_pipeline.exchange import LIMIT, import_runs, open_archive


@click.command("import")
@click.argument("file", metavar="FILE", type=click.Path(path_type=Path))
@click.option(
    "--limit",
    type=click.FloatRange(0),
    default=LIMIT,
    show_default=True,
    metavar="GB",
    help="Most that the file may unpack to.",
)
@json_option
@project_options
def import_(project: Project, file: Path, limit: float, as_json: bool) -> None:
    """Take a run from a file of `mlops export` into the store.

    All digests are checked, nothing in it is executed, and it is recorded whole or not at all.
    What is here already stays as it is.
    """
    from mlops_pipeline.store import make_store_folder

    settings = project.settings
    with open_archive(file.expanduser().absolute(), limit) as archive:
        make_store_folder(settings.store)
        done = import_runs(archive, settings.store, settings.root)
    if as_json:
        write_json(done)
        return
    for old, new in done.renamed.items():
        echo(f"run {old} is {new} here, where another run has its id")
    if not (done.executions or done.runs):
        echo(f"run {done.run} was here already")
        return
    echo(
        f"run {done.run}: {done.executions} executions, {done.artifacts} artifacts and the files "
        f"of {done.files} are new"
    )
