"""`mlops runs`: the latest runs."""

from __future__ import annotations

from dataclasses import replace

import click

from mlops_pipeline.cli.output import echo, json_option, screen, write, write_json
from mlops_pipeline.cli.project import Project, project_options
from mlops_pipeline.inspection import DECISIONS, Table, ago, lines, one_line, seconds
from mlops_pipeline.run_state import quiet_state, run_seconds, state_of
from mlops_pipeline.store import Run, State


@click.command()
@click.option("--pipeline", metavar="NAME", default="", help="Only runs of this pipeline.")
@click.option("-n", "--limit", default=20, show_default=True, help="Number of runs.")
@json_option
@project_options
def runs(project: Project, pipeline: str, limit: int, as_json: bool) -> None:
    """List the latest runs."""
    found = []
    if project.has_store:
        listed = project.store.list_runs(pipeline=pipeline, limit=limit)
        found = [_as_it_is(project, run) for run in listed]
    if as_json:
        write_json([{**_data(run)} for run in found])
        return
    if not found:
        of = f" of {pipeline}" if pipeline else ""
        echo(f"no runs{of} yet; start one with `mlops run PIPELINE`")
        return
    heading = ("run", "pipeline", "state", "time", "started", "parameters")
    rows = [_row(run) for run in found]
    table = Table(heading, rows, right=frozenset({"time"}), styles={"state": DECISIONS})
    write(lines(table, screen()))


def _as_it_is(project: Project, run: Run) -> Run:
    """Return a run with the state that it has, where nothing has recorded its end."""
    state = state_of(run)
    if state is State.RUNNING:
        executions = project.store.executions_of_run(run.id)
        state = quiet_state(run, executions, project.settings.lease)
    return replace(run, state=state)


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
        "parameters": dict(run.parameters),
    }
