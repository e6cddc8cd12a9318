"""`mlops note`: what people have to say about runs and artifacts."""

from __future__ import annotations

import click

from mlops_pipeline.cli.output import echo, json_option, write_json
from mlops_pipeline.cli.project import Project, project_options
from mlops_pipeline.inspection import ago, find_target
from mlops_pipeline.store import NOTE, notes_of, put_mark, read_marks


@click.command()
@click.argument("what", metavar="WHAT")
@click.argument("text", required=False)
@json_option
@project_options
def note(project: Project, what: str, text: str | None, as_json: bool) -> None:
    """Write a note about a run or an artifact, or list its notes.

    WHAT is the id of a run, the beginning of one or `last`; or the number, URI or type of an
    artifact. Who has written it, and when, is kept.
    """
    store = project.existing_store
    of, name = find_target(store, what)
    if text is not None:
        put_mark(store, of, NOTE, text)
    notes = notes_of(read_marks(store, of))
    if as_json:
        write_json({"of": of, "notes": notes})
        return
    echo(f"{name}: {len(notes)} {'note' if len(notes) == 1 else 'notes'}")
    for each in notes:
        echo(f"  {each.by}, {ago(each.at)}: {each.text}")
