"""`mlops reuse`: what runs took from earlier ones, and which edits cost most."""

from __future__ import annotations

from collections.abc import Iterator, Sequence

import click

from mlops_pipeline.cli.output import json_option, screen, write, write_json
from mlops_pipeline.cli.project import Project, project_options
from mlops_pipeline.inspection import Screen, Table, lines, one_line, seconds
from mlops_pipeline.inspection.reuse import Ledger
from mlops_pipeline.ui.views import Reader, plain, read_page
from mlops_pipeline.ui.views.models import ReusePage

MOST_ROWS = 20
"""Rows of a table that are listed; --json has all of them."""


@click.command()
@click.argument("pipeline", default="")
@click.option("--days", default=7.0, show_default=True, help="Days to look back.")
@json_option
@project_options
def reuse(project: Project, pipeline: str, days: float, as_json: bool) -> None:
    """Show what runs reused, the time saved, and the edits that cost most.

    Also why each node ran again, with file and line; nodes that wrote other bytes with the same
    cache key; and state of earlier runs, as of warm starts. PIPELINE is the name of one.
    """
    settings = project.settings
    reader = Reader(project.existing_store, roots=(settings.root,), lease=settings.lease)
    found: ReusePage = read_page(reader, "reuse", {"pipeline": pipeline, "days": str(days)})
    if as_json:
        write_json(plain(found))
    else:
        write(_lines(found, screen()))


def _lines(found: ReusePage, screen: Screen) -> Iterator[str]:
    ledger = found.ledger
    yield screen.paint(
        f"{seconds(ledger.saved)} saved, {seconds(ledger.spent)} spent, in {ledger.runs} runs "
        f"of {ledger.days:g} days",
        "bold",
    )
    yield from _ledger(ledger, screen)
    rows = [
        (
            f"  {each.node}",
            f"{len(each.runs)} runs",
            {True: "the same bytes", False: f"{each.results} different results"}[each.is_same]
            if each.is_same is not None
            else "not known",
            one_line(f"{each.output}: {each.first}") if each.output else "",
        )
        for each in found.determinism[:MOST_ROWS]
    ]
    yield from _titled("the same key", ("", "ran", "", "first that differs"), rows, screen)
    carried = [
        (f"  {each.run}", each.node, each.kind, f"{each.type} {each.artifact}", f"{each.depth}")
        for each in found.carried[:MOST_ROWS]
    ]
    heading = ("", "node", "what", "artifact", "deep")
    yield from _titled("state of earlier runs", heading, carried, screen)


def _ledger(ledger: Ledger, screen: Screen) -> Iterator[str]:
    edits = [
        (f"  {one_line(each.name)}", one_line(each.place), seconds(each.seconds), f"{each.misses}")
        for each in ledger.edits[:MOST_ROWS]
    ]
    heading = ("", "file and line", "time", "ran again")
    yield from _titled("the edits that cost most", heading, edits, screen)
    nodes = [
        (f"  {e.node}", f"{e.ran}", f"{e.reused}", seconds(e.spent), seconds(e.saved))
        for e in ledger.nodes[:MOST_ROWS]
    ]
    yield from _titled("nodes", ("", "ran", "reused", "spent", "saved"), nodes, screen)
    misses = [
        (
            f"  {each.node}",
            each.run,
            seconds(each.seconds),
            one_line(f"{each.cause} {each.place}".strip()),
            " -> ".join(each.through),
        )
        for each in ledger.misses[:MOST_ROWS]
    ]
    yield from _titled("what ran", ("", "run", "time", "cause", "through"), misses, screen)


def _titled(
    title: str, heading: tuple[str, ...], rows: Sequence[tuple[str, ...]], screen: Screen
) -> Iterator[str]:
    if rows:
        yield from ("", screen.paint(title, "bold"), *lines(Table(heading, rows), screen))
