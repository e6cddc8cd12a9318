"""`mlops runs`: the latest runs."""

from __future__ import annotations

import click

from mlops_pipeline.cli.output import echo, json_option, limit_option, screen, write, write_json
from mlops_pipeline.cli.project import Project, project_options
from mlops_pipeline.inspection import DECISIONS, Table, ago, damage_lines, lines, one_line, seconds
from mlops_pipeline.run_state import as_it_is, run_seconds
from mlops_pipeline.store import Run, all_marks, run_target, tags_of


@click.command()
@click.option("--pipeline", metavar="NAME", default="", help="Only runs of this pipeline.")
@limit_option("Number of runs.")
@json_option
@project_options
def runs(project: Project, pipeline: str, limit: int, as_json: bool) -> None:
    """List the latest runs."""
    found = []
    if project.has_store:
        listed = project.store.list_runs(pipeline=pipeline, limit=limit)
        found = [as_it_is(project.store, run, project.settings.lease) for run in listed]
    marks = all_marks(project.store) if found else {}
    tags = {run.id: tags_of(marks.get(run_target(run.id), ())) for run in found}
    if as_json:
        write_json([{**_data(run), "tags": tags[run.id]} for run in found])
        return
    if not found:
        of = f" of {pipeline}" if pipeline else ""
        echo(f"no runs{of} yet; start one with `mlops run PIPELINE`")
        return
    heading: tuple[str, ...] = ("run", "pipeline", "state", "time", "started", "parameters")
    rows = [_row(run) for run in found]
    if any(tags.values()):
        heading = (*heading, "tags")
        rows = [(*row, " ".join(tags[run.id])) for row, run in zip(rows, found, strict=True)]
    table = Table(heading, rows, right=frozenset({"time"}), styles={"state": DECISIONS})
    write(lines(table, screen()))
    damage = [f"run {run.id}: {run.damage}" for run in found if run.damage]
    write(damage_lines(damage, screen()))


def _row(run: Run) -> tuple[str, ...]:
    took = seconds(run_seconds(run)) if run.finished else "-"
    parameters = " ".join(
        f"{name}={one_line(value, 30)}" for name, value in sorted(run.parameters.items())
    )
    return run.id, run.pipeline, run.state.value.lower(), took, ago(run.started), parameters


def _data(run: Run) -> dict[str, object]:
    return {
        "id": run.id,
        "pipeline": run.pipeline,
        "state": run.state.value,
        "started": run.started,
        "finished": run.finished,
        "base_run": run.base_run,
        "damage": run.damage,
        "parameters": dict(run.parameters),
    }
