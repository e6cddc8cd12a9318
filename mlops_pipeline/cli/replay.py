"""`mlops replay`: run a node of a run again, on its own, to debug it."""

from __future__ import annotations

import tempfile
import time
from pathlib import Path

import click

from mlops_pipeline import executor
from mlops_pipeline.api import workspace_of
from mlops_pipeline.cli.output import complain, json_option, write, write_json
from mlops_pipeline.cli.place import Place, node_argument, place_options, run_argument
from mlops_pipeline.errors import PipelineError
from mlops_pipeline.ir import ContainerExecutor
from mlops_pipeline.replay import replay_task
from mlops_pipeline.results import read_run
from mlops_pipeline.task import Task
from mlops_pipeline.text import seconds


@click.command()
@run_argument
@node_argument
@click.option("--pdb", "debug", is_flag=True, help="Stop in the debugger where it fails.")
@click.option("--keep", metavar="DIR", help="Keep the outputs here  [default: thrown away]")
@json_option
@place_options
def replay(
    place: Place, run_id: str, node: str, debug: bool, keep: str | None, as_json: bool
) -> int:
    """Run a node of a run again, on its own, to debug it.

    It gets the inputs and parameters that it had, runs your code as it is now in this process,
    and records nothing. RUN is an id, the beginning of one, or `last`.
    """
    done = read_run(place.existing_store, place.find_run(run_id).id)
    ir, workspace = workspace_of(done.record, place.settings, place.store)
    with tempfile.TemporaryDirectory(prefix="mlops-replay-") as scratch:
        folder = Path(keep).absolute() if keep else Path(scratch)
        task = replay_task(ir, done[node], workspace, folder)
        if debug:
            return _debug(task)
        began = time.monotonic()
        result = executor.execute(task)
        took = time.monotonic() - began
        if as_json:
            write_json({"run": done.id, "node": node, "duration": took, "result": result})
        elif result.error:
            click.echo(result.details, err=True)
            complain(f"{node}: {result.error}", hint=result.hint)
        else:
            kept = f"; outputs in {folder / 'outputs'}" if keep else ""
            write([f"{node} ended well in {seconds(took)}{kept}"])
        return 1 if result.error else 0


def _debug(task: Task) -> int:
    import pdb
    import traceback

    if isinstance(task.executor, ContainerExecutor):
        raise PipelineError(
            f"{task.name} runs in a container, where --pdb does not reach",
            hint="replay it without --pdb, or run the image yourself",
        )
    try:
        executor.run_task(task)
    except Exception as error:  # noqa: BLE001 - whatever the user's code raises is looked at
        traceback.print_exc()
        pdb.post_mortem(error.__traceback__)
        return 1
    click.echo(f"{task.name} ended well: there is nothing to debug")
    return 0
