"""`mlops lineage`: the sources of an artifact, or its results."""

from __future__ import annotations

from collections.abc import Callable

import click

from mlops_pipeline.cli.output import echo, json_option, write_json
from mlops_pipeline.cli.project import Project, project_options
from mlops_pipeline.inspection import Lineage, downstream, find_start, lineage_drawing, upstream

DRAW: dict[str, Callable[[Lineage], str]] = {
    "text": lineage_drawing.tree,
    "dot": lineage_drawing.dot,
    "mermaid": lineage_drawing.mermaid,
}


@click.command()
@click.argument("what", required=False)
@click.option("--down", is_flag=True, help="Show what was made from it, not its sources.")
@click.option(
    "--levels", type=click.IntRange(min=1), metavar="N", help="Stop after this many levels."
)
@click.option("--format", "form", type=click.Choice(list(DRAW)), default="text", show_default=True)
@json_option
@project_options
def lineage(
    project: Project, what: str | None, down: bool, levels: int | None, form: str, as_json: bool
) -> None:
    """Trace an artifact back to its sources, or on to results.

    WHAT is the number or URI of an artifact, a type (its newest artifact), RUN/NODE, or
    RUN/NODE/OUTPUT; without it, the newest pushed or trained model.
    """
    store = project.existing_store
    walk = downstream if down else upstream
    found = walk(store, find_start(store, what or ""), levels=levels)
    if as_json:
        write_json(
            {
                "start": found.start,
                "upstream": found.upstream,
                "whole": found.whole,
                "artifacts": list(found.artifacts.values()),
                "executions": list(found.executions.values()),
                "events": found.events,
            }
        )
    else:
        echo(DRAW[form](found))
