"""`mlops impact`: which models, pushes and runs an artifact reached, and where it was stopped."""

from __future__ import annotations

from collections.abc import Iterator, Sequence

import click

from mlops_pipeline.cli.output import json_option, screen, write, write_json
from mlops_pipeline.cli.project import Project, project_options
from mlops_pipeline.inspection import (
    Impact,
    Reached,
    Screen,
    Table,
    ago,
    find_artifacts,
    lines,
    one_line,
    read_impact,
)

MOST_ROWS = 30
"""Rows of a kind that are listed, unless all are asked for."""


@click.command()
@click.argument("what", metavar="ARTIFACT")
@click.option("--all", "everything", is_flag=True, help="List every row.")
@json_option
@project_options
def impact(project: Project, what: str, everything: bool, as_json: bool) -> None:
    """Show which models, pushes and runs an artifact reached.

    Also through warm starts. Where it changed no bytes, what follows is touched, not affected.
    ARTIFACT is its number or URI, DATASET@SPAN, a type (its newest artifact), RUN/NODE, or
    RUN/NODE/OUTPUT.
    """
    store = project.existing_store
    found = read_impact(store, find_artifacts(store, what))
    if as_json:
        write_json(found)
    else:
        write(_lines(found, screen(), MOST_ROWS if not everything else 1_000_000))


def _lines(found: Impact, screen: Screen, most: int) -> Iterator[str]:
    names = [f"{record.type} {record.id}" for record in found.of]
    yield screen.paint(one_line(", ".join(names), 200), "bold")
    if found.copies:
        copies = ", ".join(f"#{each}" for each in found.copies[:most])
        yield f"and what the same node wrote with the same bytes: {copies}"
    yield (
        f"reached {_count(found.models, 'model')}, {_count(found.pushes, 'push', 'pushes')} "
        f"and {_count(found.runs, 'run')}"
    )
    for title, rows in (("models", found.models), ("pushes", found.pushes)):
        if rows:
            yield from ("", screen.paint(title, "bold"), *_table(rows[:most], screen))
            yield from _more(rows, most)
    if found.runs:
        yield from ("", screen.paint("runs", "bold"))
        cells = [(f"  {run.id}", one_line(", ".join(run.nodes))) for run in found.runs[:most]]
        yield from lines(Table(("", "nodes that read it, or what was made of it"), cells), screen)
        yield from _more(found.runs, most)
    if found.others:
        counts = ", ".join(f"{count} {kind}" for kind, count in found.others.items())
        yield from ("", f"also reached: {counts}")
    yield from _stops(found, screen, most)


def _stops(found: Impact, screen: Screen, most: int) -> Iterator[str]:
    if not found.stopped:
        return
    yield from ("", screen.paint("touched, not affected", "bold"))
    for each in found.stopped[:most]:
        yield (
            f"  {each.type} {each.id} of {each.node}, run {each.run}: the same bytes as "
            f"{each.equal_to}, which was made without it"
        )
    yield from _more(found.stopped, most)
    if found.spared:
        spared = ", ".join(f"{each.type} {each.id}" for each in found.spared[:most])
        yield f"  only behind these: {spared}"


def _table(rows: Sequence[Reached], screen: Screen) -> list[str]:
    heading = ("", "node", "run", "made", "way")
    cells = [
        (
            f"  #{each.id}",
            each.node + (f" to {one_line(each.destination)}" if each.destination else ""),
            each.run,
            ago(each.created),
            _way(each),
        )
        for each in rows
    ]
    return lines(Table(heading, cells), screen)


def _way(each: Reached) -> str:
    notes = [f"started from model {each.through}"] if each.through is not None else []
    notes += ["by a condition only"] if each.by_decision else []
    beside = f" ({', '.join(notes)})" if notes else ""
    return " -> ".join(each.way) + beside


def _more(rows: Sequence[object], most: int) -> Iterator[str]:
    if len(rows) > most:
        yield f"  and {len(rows) - most} more; --all lists them"


def _count(rows: Sequence[object], one: str, many: str = "") -> str:
    return f"{len(rows)} {one if len(rows) == 1 else many or one + 's'}"
