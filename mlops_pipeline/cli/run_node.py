"""`mlops run-node`: one node of compiled IR, for schedulers such as Airflow.

Exit codes tell a scheduler what to do, so they differ from those of the other commands.
"""

from __future__ import annotations

import base64
import json
import os
import signal
import sys
import threading
import zlib
from contextlib import AbstractContextManager, nullcontext, redirect_stdout
from pathlib import Path
from typing import Any

import click

from mlops_pipeline.authoring import Loaded
from mlops_pipeline.cli.output import always_json, complain, echo
from mlops_pipeline.cli.project import Project, project_options
from mlops_pipeline.cli.selection_options import choice_options, read_selection
from mlops_pipeline.cli.step_result import check_result, is_pod, write_result
from mlops_pipeline.errors import (
    NotFoundError,
    PipelineError,
    SettingsError,
    StoreError,
    did_you_mean,
)
from mlops_pipeline.executors import Task
from mlops_pipeline.gate import gate_data, read_gate
from mlops_pipeline.interface import run_parameters
from mlops_pipeline.ir import PipelineIR
from mlops_pipeline.ir_check import load_checked, load_file
from mlops_pipeline.roots import make_root
from mlops_pipeline.run_state import LostError, Outcome, Workspace, heed_loss, open_workspace
from mlops_pipeline.runners import IterationOptions, begin, run_iteration
from mlops_pipeline.runners.workers import WorkerPool, may_fork
from mlops_pipeline.store import ArtifactRecord, State

DONE, USER_ERROR, TEMPORARY, SKIPPED = 0, 65, 75, 99


@click.command("run-node")
@click.argument("ir", metavar="IR", type=click.Path())
@click.argument("node", metavar="NODE")
@click.option("--run-id", required=True, metavar="ID", help="The run; it is started if it is new.")
@click.option(
    "--iteration", metavar="I,J", help="Iteration of its loops, outermost first: 0 or 0,1."
)
@click.option("--parameters", metavar="JSON", help="Run parameters  [default: $MLOPS_PARAMETERS]")
@click.option("--base-dir", metavar="DIR", help="Folder of relative paths  [default: the IR's]")
@choice_options
@click.option("--result", metavar="FILE", help="Write the result here  [default: standard output]")
@click.option("--force", is_flag=True, help="Run the node even if nothing changed.")
@click.option(
    "--watch-parent", is_flag=True, help="Stop when standard input ends: the caller is gone then."
)
@click.option("--fork", is_flag=True, help="Run the executor in a fork, not in a new interpreter.")
@always_json
@project_options
def run_node(project: Project, ir: str, node: str, **flags: Any) -> int:
    """Run one node of a compiled pipeline.

    IR is a file, or - for the content of $MLOPS_IR (base64 of zlib). The first step of a run
    selects its nodes; the others end with 99.

    Writes a JSON result: state, execution_id, outputs (URIs by output), artifacts, reason,
    retryable, gate; packed, if FILE is /dev/termination-log, as it is in a pod. The node's own
    output goes to standard error. Ends with 0 where the node is complete or cached, 99 skipped, 65
    the user's mistake (do not try again), 75 temporary (try again).
    """
    # Before there is a second thread, or a connection to the store.
    with _fork() if flags["fork"] else nullcontext() as pool:
        if flags["watch_parent"]:
            watch_parent()
        if is_pod(flags["result"]):
            heed_loss()
        data, code = _attempt(project, ir, node, {**flags, "pool": pool})
    write_result(flags["result"], data)
    return code


def _fork() -> AbstractContextManager[WorkerPool | None]:
    """Return a pool with a worker that is a fork, where a fork is safe."""
    if not may_fork():
        return nullcontext()
    pool = WorkerPool(1, on_output=_print)
    pool.fork_first()
    return pool


def _attempt(
    project: Project, ir: str, node: str, flags: dict[str, Any]
) -> tuple[dict[str, Any], int]:
    """Make an attempt; return its result and the exit code."""
    try:
        # Standard output is for the result alone.
        with redirect_stdout(sys.stderr):
            outcome = _launch(project, ir, node, flags)
        if outcome and outcome.execution.details:
            # The log of a task has the traceback that `mlops show` has.
            echo(outcome.execution.details.rstrip(), err=True)
        return (_result(outcome), exit_code(outcome)) if outcome else (_LEFT_OUT, SKIPPED)
    except PipelineError as error:
        complain(error.message, hint=error.hint, where=error.where)
        # An unreachable store may be back later; no other error goes away by itself.
        retryable = isinstance(error, StoreError)
        return _failure(str(error), retryable=retryable), TEMPORARY if retryable else USER_ERROR
    except LostError as lost:
        return _failure(f"the pod was taken away: {lost} came", retryable=True), TEMPORARY


def _failure(reason: str, *, retryable: bool) -> dict[str, Any]:
    """Return the result of a step that left no outcome."""
    return {
        "state": State.FAILED.value,
        "execution_id": 0,
        "outputs": {},
        "reason": reason,
        "retryable": retryable,
    }


_LEFT_OUT = {
    "state": State.SKIPPED.value,
    "execution_id": 0,
    "outputs": {},
    "artifacts": {},
    "reason": "this partial run leaves it out",
    "retryable": False,
    "gate": None,
}


def _launch(project: Project, file: str, node: str, flags: dict[str, Any]) -> Outcome | None:
    check_result(flags["result"])
    iteration = parse_iteration(flags["iteration"] or "")
    compiled = read_ir(file)
    _check(compiled, node, flags["iteration"], iteration)
    workspace = begin_step(project, compiled, file, flags)
    options = IterationOptions(force=flags["force"], on_output=_print, pool=flags["pool"])
    return run_iteration(workspace, flags["run_id"], node, iteration, options)


def read_ir(file: str) -> PipelineIR:
    """Read a pipeline from a file; `-` is a variable, as a pod sees no files of the scheduler."""
    if file != "-":
        return load_file(Path(file))
    try:
        data = zlib.decompress(base64.b64decode(os.environ["MLOPS_IR"]))
    except (KeyError, ValueError, zlib.error):
        raise SettingsError(
            "$MLOPS_IR holds no pipeline", hint="name a file of compiled IR instead of -"
        ) from None
    return load_checked(data, source="$MLOPS_IR")


def begin_step(
    project: Project, compiled: PipelineIR, file: str, flags: dict[str, Any]
) -> Workspace:
    """Start a run of compiled IR, or join it: each step of a run may be the first."""
    project.begin_at(flags["base_dir"] or "." if file == "-" else file)
    base_dir = Path(flags["base_dir"] or Path(file).parent).absolute()
    loaded = Loaded(compiled, base_dir, (str(base_dir), *project.settings.import_paths))
    workspace = open_workspace(
        loaded.base_dir, loaded.import_paths, project.settings, project.store
    )
    make_root(str(workspace.root))
    given = run_parameters(compiled, _parameters(flags["parameters"]))
    begin(workspace, compiled, flags["run_id"], given, read_selection(flags))
    return workspace


def _print(task: Task, line: str) -> None:
    echo(line, err=True)


def _check(compiled: PipelineIR, node: str, given: str | None, iteration: tuple[int, ...]) -> None:
    """Refuse an unknown node or iteration, before anything is recorded."""
    known = {each.id: each for each in compiled.nodes}
    if node not in known:
        raise NotFoundError(
            f"pipeline {compiled.name} has no node {node!r}", hint=did_you_mean(node, known)
        )
    loops = len(known[node].loops)
    # An iteration that is too short is right for an empty loop: the driver decides.
    if len(iteration) > loops or (given is None and loops):
        raise SettingsError(
            f"{node} is in {loops} loops, but --iteration names {len(iteration)}",
            hint="give one number a loop, outermost first, as in --iteration 0,1",
        )


def exit_code(outcome: Outcome) -> int:
    """Return the exit code for schedulers: done, skipped, try again, or do not."""
    if outcome.state.succeeded:
        return DONE
    if outcome.state is State.SKIPPED:
        return SKIPPED
    return TEMPORARY if outcome.retryable or outcome.state is State.CANCELED else USER_ERROR


def _result(outcome: Outcome) -> dict[str, Any]:
    execution = outcome.execution
    return {
        "state": execution.state.value,
        "execution_id": execution.id,
        "outputs": {key: [r.uri for r in records] for key, records in outcome.outputs.items()},
        "artifacts": {key: list(map(_facts, each)) for key, each in outcome.outputs.items()},
        "reason": execution.error or execution.reason,
        "retryable": outcome.retryable,
        "gate": gate_data(read_gate(execution.properties)),
    }


def _facts(record: ArtifactRecord) -> dict[str, Any]:
    return {"id": record.id, "type": record.type, "properties": dict(record.properties)}


def watch_parent() -> None:
    """Interrupt this process when the process that started it is gone, even by SIGKILL."""

    def wait() -> None:
        while os.read(0, 4096):
            pass
        os.kill(os.getpid(), signal.SIGTERM)

    threading.Thread(target=wait, name="watch-parent", daemon=True).start()


def _parameters(text: str | None) -> dict[str, Any]:
    # The environment is for values that must not be seen in a list of processes.
    text = text or os.environ.get("MLOPS_PARAMETERS") or "{}"
    try:
        values = json.loads(text)
    except ValueError as error:
        raise SettingsError(f"--parameters is not JSON: {error}") from None
    if not isinstance(values, dict):
        raise SettingsError("--parameters is not a JSON object", hint='write {"name": value}')
    return values


def parse_iteration(text: str) -> tuple[int, ...]:
    """Parse an iteration from the command line."""
    try:
        return tuple(int(part) for part in text.split(",") if part.strip())
    except ValueError:
        raise SettingsError(
            f"--iteration {text} is not a list of numbers", hint="write 0 or 0,1"
        ) from None
