"""`mlops loop-items` and `mlops end-run`: steps of a scheduler beside running nodes."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import click

from mlops_pipeline.cli.output import always_json
from mlops_pipeline.cli.project import Project, project_options
from mlops_pipeline.cli.run_node import (
    begin_step,
    parse_iteration,
    read_ir,
)
from mlops_pipeline.cli.selection_options import choice_options
from mlops_pipeline.cli.step_result import check_result, write_result
from mlops_pipeline.run_state import Workspace, open_workspace
from mlops_pipeline.runners import count_items, finish_run, open_run
from mlops_pipeline.store import State


@click.command("loop-items")
@click.argument("ir", metavar="IR", type=click.Path())
@click.argument("loop", metavar="LOOP")
@click.option("--run-id", required=True, metavar="ID", help="The run; it is started if it is new.")
@click.option("--iteration", default="", metavar="I,J", help="Iteration of the loops around it.")
@click.option("--parameters", metavar="JSON", help="Run parameters  [default: $MLOPS_PARAMETERS]")
@click.option("--base-dir", metavar="DIR", help="Folder of relative paths  [default: the IR's]")
@choice_options
@click.option("--result", metavar="FILE", help="Write the result here  [default: standard output]")
@always_json
@project_options
def loop_items(project: Project, ir: str, loop: str, **flags: Any) -> None:
    """List the iterations of a loop.

    Writes a JSON list of iterations as `run-node --iteration` takes them.
    """
    check_result(flags["result"])
    workspace = begin_step(project, read_ir(ir), ir, flags)
    iteration = parse_iteration(flags["iteration"])
    items = count_items(workspace, flags["run_id"], loop, iteration)
    write_result(flags["result"], [",".join(map(str, each)) for each in items])


@click.command("end-run")
@click.argument("run_id", metavar="RUN")
@click.option("--result", metavar="FILE", help="Write the result here  [default: standard output]")
@always_json
@project_options
def end_run(project: Project, run_id: str, result: str | None, as_json: bool) -> int:
    """Record the end of a run.

    Ends with 0 if every node is complete, cached or skipped, else with 1.
    """
    check_result(result)
    run = finish_run(_workspace(project, run_id), run_id)
    write_result(result, {"run_id": run.id, "state": run.state.value})
    return 0 if run.state is State.COMPLETE else 1


def _workspace(project: Project, run_id: str) -> Workspace:
    probe = Workspace(project.existing_store, project.settings.root, Path.cwd())
    run, _ = open_run(probe, run_id)
    base_dir = Path(str(run.properties.get("base_dir", ".")))
    paths = tuple(map(str, run.properties.get("import_paths", ())))
    return open_workspace(base_dir, paths, project.settings, project.store)
