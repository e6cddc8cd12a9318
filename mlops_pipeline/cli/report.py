"""`mlops report`: what the web pages show of runs, in a file to send and to keep."""

from __future__ import annotations

import os
from pathlib import Path
from typing import Any

import click

from mlops_pipeline.cli.output import echo, json_option, writable_file, write_file, write_json
from mlops_pipeline.cli.project import Project, complete_run, project_options
from mlops_pipeline.cli.ui import open_store_of
from mlops_pipeline.errors import ParameterError, PipelineError, SettingsError
from mlops_pipeline.inspection import size
from mlops_pipeline.ui.views import Reader
from mlops_pipeline.uris import without_password


@click.command()
@click.argument("runs", nargs=-1, metavar="RUN...", shell_complete=complete_run)
@click.option("--compare", is_flag=True, help="Compare two to six runs.")
@click.option(
    "-o",
    "--output",
    metavar="FILE",
    required=True,
    callback=writable_file,
    help="The file to write.",
)
@click.option("--zip", "as_zip", is_flag=True, help="Write a ZIP file with a page a part.")
@click.option("--files", metavar="DIR", multiple=True, help="Read artifacts of this folder, too.")
@json_option
@project_options
def report(project: Project, runs: tuple[str, ...], output: Path, **chosen: Any) -> None:
    """Write runs or a comparison to one HTML file.

    It has the pages of `mlops ui` as its parts: the run, its nodes, what they made, and the lineage
    of models. It needs no server and no scripts, and asks the network for nothing. RUN is an id,
    the beginning of one, or `last`.
    """
    if not runs or (len(runs) > 1 and not chosen["compare"]):
        raise ParameterError(
            f"a report is of one run, and {len(runs)} are named",
            hint="name one, or two and more with --compare",
        )
    try:
        from mlops_pipeline.ui import LARGEST, compare_parts, one_file, run_parts, zip_file
    except ImportError as error:
        raise SettingsError(
            f"`mlops report` needs {error.name}, which is not installed",
            hint="pip install 'mlops-pipeline[ui]'",
        ) from None
    reader = _reader(project, chosen["files"])
    made = compare_parts(reader, runs) if chosen["compare"] else run_parts(reader, runs[0])
    if chosen["as_zip"]:
        data = zip_file(reader, made)
    else:
        data = one_file(reader, made).encode()
        if len(data) > LARGEST:
            raise PipelineError(
                f"the report has {size(len(data))}, and browsers do not open such a page well",
                hint=f"write a page a part: --zip -o {output.with_suffix('.zip').name}",
            )
    write_file(output, data)
    if chosen["as_json"]:
        facts = {"file": str(output), "bytes": len(data), "parts": len(made.parts)}
        write_json({**facts, "notes": list(made.notes)})
        return
    echo(f"{output}: {made.title}, {len(made.parts)} parts, {size(len(data))}")
    for note in made.notes:
        echo(note)


def _reader(project: Project, files: tuple[str, ...]) -> Reader:
    project.require_store()
    roots = (project.settings.root, *(os.path.abspath(each) for each in files))  # noqa: PTH100
    place = without_password(project.settings.store)
    return Reader(open_store_of(project), place, True, roots, project.settings.lease)
