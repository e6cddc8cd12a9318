"""`mlops replay`: run one node of a run again, to debug it."""

from __future__ import annotations

import tempfile
from pathlib import Path

import click

from mlops_pipeline.api import workspace_of
from mlops_pipeline.cli.output import complain, echo, json_option, warn, write, write_json
from mlops_pipeline.cli.project import Project, node_argument, project_options, run_argument
from mlops_pipeline.errors import PipelineError, SettingsError
from mlops_pipeline.executors import Task, TaskResult, run_task
from mlops_pipeline.inspection import read_run
from mlops_pipeline.ir import ContainerExecutor, PipelineIR
from mlops_pipeline.runners import replay_node as replay_again
from mlops_pipeline.store import Execution
from mlops_pipeline.tracebacks import traceback_tail


@click.command()
@run_argument
@node_argument
@click.option("--pdb", "debug", is_flag=True, help="Open the debugger at the failing line.")
@click.option("--keep", metavar="DIR", help="Keep the outputs here  [default: discarded]")
@json_option
@project_options
def replay(
    project: Project, run_id: str, node: str, debug: bool, keep: str | None, as_json: bool
) -> int:
    """Run one node of a run again, to debug it.

    It gets the inputs and parameters that it had, runs your code as it is now in this process,
    and records nothing. RUN is an id, the beginning of one, or `last`.
    """
    done = read_run(project.existing_store, project.find_run(run_id).id, project.copies)
    ir, workspace = workspace_of(done.record, project.settings, project.store, project.folders)
    execution = done[node].execution
    if keep:
        _make(Path(keep))
    with tempfile.TemporaryDirectory(prefix="mlops-replay-") as scratch:
        folder = Path(keep).absolute() if keep else Path(scratch) / "outputs"
        if debug:
            _check_reachable(ir, execution)
            result = replay_again(workspace, execution, folder, _in_debugger)
        else:
            result = replay_again(workspace, execution, folder)
    if as_json:
        write_json({"run": done.id, "node": node, "result": result})
    elif result.error:
        echo(result.details, err=True)
        complain(f"{node}: {result.error}", hint=result.hint)
    else:
        if result.gate:
            warn(f"{node}: its gate is to {result.gate.action}: {result.gate}")
        write([f"{node} ended well" + (f"; its outputs are in {folder}" if keep else "")])
    return 1 if result.error else 0


def _make(folder: Path) -> None:
    try:
        folder.mkdir(parents=True, exist_ok=True)
    except OSError as error:
        raise SettingsError(
            f"--keep {folder} cannot be made: {(error.strerror or str(error)).lower()}",
            hint="name another folder",
        ) from None


def _check_reachable(ir: PipelineIR, execution: Execution) -> None:
    if isinstance(ir.node(execution.node_id).executor, ContainerExecutor):
        raise PipelineError(
            f"{execution.node_id} runs in a container, where --pdb does not reach",
            hint="replay it without --pdb, or run the image yourself",
        )


def _in_debugger(task: Task) -> TaskResult:
    """Run a task; if it fails, open the debugger at the user's own line."""
    import pdb

    try:
        return run_task(task)
    except Exception as error:  # noqa: BLE001 - whatever the user's code raises is looked at
        echo(traceback_tail(error), err=True)
        pdb.post_mortem(error.__traceback__)
        return TaskResult(error=f"{type(error).__name__}: {error}")
