"""`mlops lineage`: what something was made from, or what came of it."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import click

from mlops_pipeline import drawing
from mlops_pipeline.cli.output import json_option, write_json
from mlops_pipeline.cli.place import Place, place_options
from mlops_pipeline.errors import NotFoundError
from mlops_pipeline.lineage import Lineage, Start, downstream, upstream
from mlops_pipeline.results import read_run
from mlops_pipeline.store import MetadataStore

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
    start = find_start(place, what) if what else _newest_model(store)
    walk = downstream if down else upstream
    found = walk(store, start, levels=levels)
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


def find_start(place: Place, what: str) -> Start:
    """The artifacts or the execution that a user names.

    Raises:
        NotFoundError: there are none.
    """
    store = place.existing_store
    if what.removeprefix("#").isdigit():
        records = store.artifacts([int(what.removeprefix("#"))])
    else:
        here = str(Path(what).expanduser().absolute())
        records = store.artifacts_by_uri(what) or store.artifacts_by_uri(here)
        if not records and "/" in what:
            return _of_node(place, what)
        records = records or store.artifacts_by_type(what, limit=1)
    if not records:
        raise NotFoundError(
            f"there is no artifact {what!r}", hint="list them with `mlops artifacts`"
        )
    return Start(artifacts=tuple(record.id for record in records))


def _of_node(place: Place, what: str) -> Start:
    run_id, _, rest = what.partition("/")
    name, _, output = rest.partition("/")
    node = read_run(place.store, place.find_run(run_id).id)[name]
    if not output:
        return Start(executions=(node.execution.id,))
    if output not in node.outputs:
        node.artifact(output)
    return Start(artifacts=tuple(artifact.id for artifact in node.outputs[output]))


def _newest_model(store: MetadataStore) -> Start:
    for kind in ("PushedModel", "Model"):
        for record in store.artifacts_by_type(kind, limit=1):
            return Start(artifacts=(record.id,))
    raise NotFoundError(
        "there is no model yet", hint="name an artifact; `mlops artifacts` lists them"
    )
