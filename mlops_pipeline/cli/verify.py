"""`mlops verify`: stored artifacts compared with their records."""

from __future__ import annotations

from pathlib import Path

import click

from mlops_pipeline.cli.output import echo, json_option, writable_file, write_file, write_json
from mlops_pipeline.cli.project import Project, complete_run, project_options
from mlops_pipeline.errors import NotFoundError, ParameterError
from mlops_pipeline.inspection import Verified, digest_lines, find_start, verify_lineage
from mlops_pipeline.inspection import verify as read_all
from mlops_pipeline.run_state import open_workspace


@click.command()
@click.argument("run_id", metavar="[RUN]", required=False, shell_complete=complete_run)
@click.option(
    "--lineage",
    "what",
    metavar="WHAT",
    help="All that an artifact was made of, as `mlops lineage` names it.",
)
@click.option("--sha256sum", "file", metavar="FILE", callback=writable_file, help="Write a list.")
@json_option
@project_options
def verify(
    project: Project, run_id: str | None, what: str | None, file: Path | None, as_json: bool
) -> None:
    """Read stored artifacts, and compare them with their records.

    Reads every byte of the artifacts of RUN, or of all runs, whatever the setting cache.verify
    says; with --lineage, those that an artifact was made of, and itself. --sha256sum writes a list
    of the files that are as published, for `sha256sum -c`. Exit code 1 if any was altered or is
    gone. RUN is an id, the beginning of one, or `last`.
    """
    store = project.existing_store
    if run_id and what:
        raise ParameterError("RUN and --lineage exclude each other", hint="leave out one of them")
    workspace = open_workspace(Path.cwd(), (), project.settings, store)
    if what:
        found = list(verify_lineage(workspace, find_start(store, what)))
    else:
        found = list(read_all(workspace, [project.find_run(run_id).id] if run_id else None))
    if file is not None:
        write_file(file, "".join(f"{line}\n" for line in digest_lines(found)))
    if not found:
        raise NotFoundError("there is no artifact to read", hint="name another run, or store")
    bad = [each for each in found if each.problem and each.status != "deleted"]
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
    for each in found:
        if each.status == "deleted":
            echo(f"{each.artifact.type} {each.artifact.id}: {each.problem}")
    unknown = sum(not each.known for each in found)
    beside = f"; {unknown} without a digest were read only" if unknown else ""
    echo(f"{len(found)} artifacts read, {len(bad)} not as published{beside}")


def _data(each: Verified) -> dict[str, object]:
    artifact = each.artifact
    facts = {"id": artifact.id, "type": artifact.type, "uri": artifact.uri}
    said = {"problem": each.problem, "digest_known": each.known, "status": each.status}
    return {**facts, **said}
