"""`mlops verify`: stored artifacts compared with their records."""

from __future__ import annotations

from pathlib import Path

import click

from mlops_pipeline.cli.output import echo, json_option, write_json
from mlops_pipeline.cli.project import Project, complete_run, project_options
from mlops_pipeline.errors import NotFoundError
from mlops_pipeline.inspection import Verified
from mlops_pipeline.inspection import verify as read_all
from mlops_pipeline.run_state import open_workspace


@click.command()
@click.argument("run_id", metavar="[RUN]", required=False, shell_complete=complete_run)
@json_option
@project_options
def verify(project: Project, run_id: str | None, as_json: bool) -> None:
    """Read stored artifacts, and compare them with their records.

    Reads every byte of the artifacts of RUN, or of all runs, whatever the setting cache.verify
    says. Exit code 1 if any was altered or is gone. RUN is an id, the beginning of one, or `last`.
    """
    store = project.existing_store
    runs = [project.find_run(run_id).id] if run_id else None
    workspace = open_workspace(Path.cwd(), (), project.settings, store)
    found = list(read_all(workspace, runs))
    if not found:
        raise NotFoundError("there is no artifact to read", hint="name another run, or store")
    bad = [each for each in found if each.problem]
    if as_json:
        write_json([_data(each) for each in found])
    else:
        _report(found, bad)
    if bad:
        raise click.exceptions.Exit(1)


def _report(found: list[Verified], bad: list[Verified]) -> None:
    for each in bad:
        artifact = each.artifact
        echo(f"{artifact.type} {artifact.id}: {each.problem}: {artifact.uri}")
    unknown = sum(not each.known for each in found)
    beside = f"; {unknown} without a digest were read only" if unknown else ""
    echo(f"{len(found)} artifacts read, {len(bad)} not as published{beside}")


def _data(each: Verified) -> dict[str, object]:
    artifact = each.artifact
    facts = {"id": artifact.id, "type": artifact.type, "uri": artifact.uri}
    return {**facts, "problem": each.problem, "digest_known": each.known}
