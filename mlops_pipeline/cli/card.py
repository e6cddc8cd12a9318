"""`mlops card`: what the store knows of a model, as a model card."""

from __future__ import annotations

from pathlib import Path

import click

from mlops_pipeline.cli.output import json_option, writable_file, write, write_file, write_json
from mlops_pipeline.cli.project import Project, project_options
from mlops_pipeline.inspection.models import card_text, local_files, read_model


@click.command()
@click.argument("what", metavar="MODEL", default="last")
@click.option(
    "-o",
    "--output",
    metavar="FILE",
    callback=writable_file,
    default="",
    help="Write here  [default: standard output]",
)
@click.option("--metric", metavar="NAME", default="", help="Rank slices by this metric.")
@json_option
@project_options
def card(project: Project, what: str, output: Path | None, metric: str, as_json: bool) -> None:
    """Write the card of a model in Markdown.

    Its run, data, parameters, metrics by slice with intervals, and what changed since the model
    before. MODEL is `last`, the number or URI of the artifact, or RUN/NODE/OUTPUT.
    """
    store = project.existing_store
    found = read_model(store, what, local_files(project.copies), metric=metric)
    if as_json:
        write_json(found)
        return
    text = card_text(found)
    if output is None:
        write(text.splitlines())
    else:
        write_file(output, text)
