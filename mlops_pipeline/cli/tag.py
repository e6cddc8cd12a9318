"""`mlops tag`: names that people give to runs and artifacts."""

from __future__ import annotations

import click

from mlops_pipeline.cli.output import echo, json_option, write_json
from mlops_pipeline.cli.project import Project, project_options
from mlops_pipeline.inspection import ago, find_target
from mlops_pipeline.store import NOTE, TAG_ADDED, TAG_REMOVED, put_mark, read_marks, tags_of


@click.command()
@click.argument("what", metavar="WHAT")
@click.argument("tags", metavar="[TAG]...", nargs=-1)
@click.option("--remove", is_flag=True, help="Take the tags away.")
@json_option
@project_options
def tag(project: Project, what: str, tags: tuple[str, ...], remove: bool, as_json: bool) -> None:
    """Tag a run or an artifact, or list its tags.

    WHAT is the id of a run, the beginning of one or `last`; or the number, URI or type of an
    artifact. Who has given or taken a tag, and when, is kept.
    """
    store = project.existing_store
    of, name = find_target(store, what)
    for each in tags:
        put_mark(store, of, TAG_REMOVED if remove else TAG_ADDED, each)
    marks = read_marks(store, of)
    held = tags_of(marks)
    if as_json:
        history = [mark for mark in marks if mark.kind != NOTE]
        write_json({"of": of, "tags": held, "history": history})
        return
    echo(f"{name}: {', '.join(held) or 'no tags'}")
    for mark in marks if not tags else ():
        if mark.kind != NOTE:
            done = "given" if mark.kind == TAG_ADDED else "taken away"
            echo(f"  {mark.text} {done} by {mark.by}, {ago(mark.at)}")
