"""`mlops lineage`: what something was made from, or what came of it."""

from __future__ import annotations

from collections.abc import Callable

import click

from mlops_pipeline import drawing
from mlops_pipeline.cli.output import json_option, write_json
from mlops_pipeline.cli.place import Place, place_options
from mlops_pipeline.lineage import Lineage, downstream, upstream
from mlops_pipeline.lookup import find_start

DRAW: dict[str, Callable[[Lineage], str]] = {
    "text": drawing.tree,
    "dot": drawing.dot,
    "mermaid": drawing.mermaid,
}


@click.command()
@click.argument("what", required=False)
@click.option("--down", is_flag=True, help="What came of it, instead of what it was made from.")
@click.option("--levels", type=click.IntRange(min=1), metavar="N", help="No further than this.")
@click.option("--format", "form", type=click.Choice(list(DRAW)), default="text", show_default=True)
@json_option
@place_options
def lineage(
    place: Place, what: str | None, down: bool, levels: int | None, form: str, as_json: bool
) -> None:
    """Show what something was made from, or became.

    WHAT is the number or place of an artifact, a type (its newest artifact), RUN/NODE, or
    RUN/NODE/OUTPUT; without it, the newest pushed or trained model.
    """
    store = place.existing_store
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
        click.echo(DRAW[form](found))
