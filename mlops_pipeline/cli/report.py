"""`mlops report`: what the web pages show of runs, in a file to send and to keep."""

from __future__ import annotations

import os
from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

from mlops_pipeline.cli.output import echo, json_option, writable_file, write_file, write_json
from mlops_pipeline.cli.project import Project, complete_run, project_options
from mlops_pipeline.cli.ui import open_store_of
from mlops_pipeline.errors import ParameterError, PipelineError, SettingsError
from mlops_pipeline.inspection import size
from mlops_pipeline.ui.views import PAGES, Reader, address_of
from mlops_pipeline.uris import without_password

if TYPE_CHECKING:
    from mlops_pipeline.ui import Report


@click.command()
@click.argument("what", nargs=-1, metavar="RUN...", shell_complete=complete_run)
@click.option("--compare", "kind", flag_value="compare", help="Compare two to six runs.")
@click.option(
    "--data",
    "kind",
    flag_value="data",
    help="Compare versions of data, named as for `mlops data diff`.",
    hidden="data" not in PAGES,
)
@click.option(
    "--page", "kind", flag_value="page", help="Write pages of `mlops ui`, named by addresses."
)
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
def report(project: Project, what: tuple[str, ...], output: Path, **chosen: Any) -> None:
    """Write runs or a comparison to one HTML file.

    It has the pages of `mlops ui` as its parts: the run, its nodes, what they made, and the lineage
    of models. It needs no server and no scripts, and asks the network for nothing. RUN is an id,
    the beginning of one, or `last`.
    """
    if not what or (len(what) > 1 and not chosen["kind"]):
        raise ParameterError(
            f"a report is of one run, and {len(what)} are named",
            hint="name one, or two and more with --compare",
        )
    try:
        from mlops_pipeline.ui import LARGEST, one_file, zip_file
    except ImportError as error:
        raise SettingsError(
            f"`mlops report` needs {error.name}, which is not installed",
            hint="pip install 'mlops-pipeline[ui]'",
        ) from None
    reader = _reader(project, chosen["files"])
    made = _parts(reader, chosen["kind"], what)
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


def _parts(reader: Reader, kind: str | None, what: Sequence[str]) -> Report:
    """Return the report of runs, versions or pages."""
    from mlops_pipeline.ui import compare_parts, page_parts, run_parts

    if kind == "compare":
        return compare_parts(reader, what)
    if kind == "data":
        query = dict(zip("abcdef", what, strict=False))
        return page_parts(reader, [address_of("data", **query)])
    return page_parts(reader, what) if kind == "page" else run_parts(reader, what[0])


def _reader(project: Project, files: tuple[str, ...]) -> Reader:
    project.require_store()
    roots = (project.settings.root, *(os.path.abspath(each) for each in files))  # noqa: PTH100
    place = without_password(project.settings.store)
    return Reader(open_store_of(project), place, True, roots, project.settings.lease)
