"""`mlops find`: runs and artifacts by what is recorded of them."""

from __future__ import annotations

import time
from collections.abc import Iterator, Mapping, Sequence
from itertools import islice
from pathlib import Path
from typing import Any

import click

from mlops_pipeline.cli.output import echo, json_option, limit_option, screen, write, write_json
from mlops_pipeline.cli.project import Project, project_options
from mlops_pipeline.errors import ParameterError
from mlops_pipeline.inspection import (
    DECISIONS,
    SameBytes,
    Table,
    Wanted,
    ago,
    lines,
    one_line,
    parse_condition,
    search_artifacts,
    search_bytes,
    search_runs,
)
from mlops_pipeline.inspection.comparison import overall_metrics, read_metrics_file
from mlops_pipeline.retention import age_seconds
from mlops_pipeline.store import Run, all_marks, artifact_target, run_target, tags_of


@click.command()
@click.argument("conditions", metavar="[CONDITION]...", nargs=-1)
@click.option("--type", "kind", metavar="TYPE", help="Artifacts of this type, instead of runs.")
@click.option("--tag", "tags", multiple=True, metavar="TAG", help="With this tag; repeatable.")
@click.option("--note", default="", metavar="TEXT", help="With a note that has this text.")
@click.option("--since", default="", metavar="AGE", help="Not older than this, such as 7d or 12h.")
@click.option("--file", "file", metavar="PATH", help="Artifacts with the bytes of this.")
@limit_option("Number of rows.")
@json_option
@project_options
def find(project: Project, conditions: Sequence[str], **flags: Any) -> int:
    """Find runs or artifacts.

    CONDITION is 'NAME = VALUE', or with !=, <, <=, >, >= or ~ (holds the text). NAME is id,
    pipeline, state, seconds or base_run of a run, one of its parameters, or a metric of its
    evaluation; with --type, a property of an artifact. Exit code 1 if nothing is found.
    """
    if flags["file"]:
        if conditions or flags["kind"] or flags["tags"] or flags["note"] or flags["since"]:
            raise ParameterError("--file takes no other condition", hint="leave out the others")
        return _by_bytes(project, Path(flags["file"]).expanduser(), flags)
    since = time.time() - age_seconds(flags["since"], "--since") if flags["since"] else 0.0
    parsed = tuple(map(parse_condition, conditions))
    wanted = Wanted(parsed, tuple(flags["tags"]), flags["note"], since)
    return (_artifacts if flags["kind"] else _runs)(project, wanted, flags)


def _runs(project: Project, wanted: Wanted, flags: dict[str, Any]) -> int:
    store = project.existing_store
    marks = all_marks(store)
    read = read_metrics_file(project.copies)

    def metrics(run: Run) -> Mapping[str, Any]:
        return overall_metrics(store, run, read, project.settings.lease)

    found = list(islice(search_runs(store, wanted, marks, metrics), flags["limit"]))
    tags = {run.id: tags_of(marks.get(run_target(run.id), ())) for run in found}
    if flags["as_json"]:
        write_json([{**_run_data(run), "tags": tags[run.id]} for run in found])
    elif found:
        heading = ("run", "pipeline", "state", "started", "parameters", "tags")
        rows = [tuple(_run_row(run, tags[run.id])) for run in found]
        write(lines(Table(heading, rows, styles={"state": DECISIONS}), screen()))
    return _ended(bool(found), "run", flags)


def _run_row(run: Run, tags: Sequence[str]) -> Iterator[str]:
    yield from (run.id, run.pipeline, run.state.value.lower(), ago(run.started))
    yield " ".join(f"{name}={one_line(each, 30)}" for name, each in sorted(run.parameters.items()))
    yield " ".join(tags)


def _run_data(run: Run) -> dict[str, Any]:
    facts = {"id": run.id, "pipeline": run.pipeline, "state": run.state.value}
    return {**facts, "started": run.started, "parameters": dict(run.parameters)}


def _artifacts(project: Project, wanted: Wanted, flags: dict[str, Any]) -> int:
    store = project.existing_store
    marks = all_marks(store)
    found = list(islice(search_artifacts(store, flags["kind"], wanted, marks), flags["limit"]))
    tags = {each.id: tags_of(marks.get(artifact_target(each.id), ())) for each in found}
    if flags["as_json"]:
        facts = [(each.id, each.type, each.state.value, each.digest, each.uri) for each in found]
        names = ("id", "type", "state", "digest", "uri")
        data = [{**dict(zip(names, row, strict=True)), "tags": tags[row[0]]} for row in facts]
        write_json(data)
    elif found:
        heading = ("artifact", "state", "created", "digest", "uri", "tags")
        rows = [
            (
                f"{each.type} {each.id}",
                each.state.value.lower(),
                ago(each.created),
                each.digest[:12],
                each.uri,
                " ".join(tags[each.id]),
            )
            for each in found
        ]
        write(lines(Table(heading, rows), screen()))
    return _ended(bool(found), "artifact", flags)


def _by_bytes(project: Project, path: Path, flags: dict[str, Any]) -> int:
    found = search_bytes(project.existing_store, path)
    if flags["as_json"]:
        write_json([_bytes_data(each) for each in found])
    else:
        for each in found:
            made = f"made by {each.node} of run {each.run}" if each.run else "made by nobody known"
            inside = f", {each.inside} in it" if each.inside else ""
            echo(f"{each.artifact.type} {each.artifact.id}{inside}: {made}")
    return _ended(bool(found), "artifact", flags)


def _bytes_data(found: SameBytes) -> dict[str, Any]:
    record = found.artifact
    about = {"id": record.id, "type": record.type, "digest": record.digest, "uri": record.uri}
    return {**about, "inside": found.inside, "run": found.run, "node": found.node}


def _ended(found: bool, what: str, flags: dict[str, Any]) -> int:
    if not found and not flags["as_json"]:
        echo(f"no {what} is found")
    return 0 if found else 1
