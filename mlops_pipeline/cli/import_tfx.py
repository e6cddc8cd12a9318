"""`mlops import-tfx`: copy a metadata store of TFX into the project's own."""

from __future__ import annotations

from typing import Any

import click

from mlops_pipeline.cli.output import echo, json_option, warn, write, write_json
from mlops_pipeline.cli.project import Project, project_options


@click.command("import-tfx")
@click.argument("source", metavar="SOURCE")
@json_option
@project_options
def import_tfx(project: Project, source: str, as_json: bool) -> None:
    """Import runs and artifacts from TFX.

    SOURCE is the SQLite file of the store, or its URL. It is only read, and the artifacts' files
    stay where they are. Importing again brings what is new.
    """
    from mlops_pipeline.store import import_tfx as run_import

    done = run_import(source, project.store)
    if as_json:
        write_json(done)
        return
    write(_summary_lines(done))
    for pipeline in done.beside:
        warn(
            f"{pipeline} has runs of its own here",
            hint="`latest` and its like go by the order in which artifacts came into the store",
        )
    echo("")
    echo("next:")
    echo(f"  mlops runs{project.flags_text()}")


def _summary_lines(done: Any) -> list[str]:
    of = ", ".join(done.pipelines)
    what = (
        f"{_count(done.executions, 'execution')} and {_count(done.artifacts, 'artifact')} "
        f"in {_count(done.runs, 'new run')} of {of}"
    )
    lines = [f"imported {what}" if done.executions else f"nothing is new of {of}"]
    if done.known:
        lines.append(f"{_count(done.known, 'execution')} here already")
    if done.running:
        lines.append(f"{_count(done.running, 'execution')} left out, not ended yet: import again")
    return lines


def _count(number: int, thing: str) -> str:
    return f"{number} {thing}{'' if number == 1 else 's'}"
