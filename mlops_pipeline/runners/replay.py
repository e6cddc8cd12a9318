"""Replay one node of an old run: the same inputs and parameters, in this process, unrecorded."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

from mlops_pipeline.errors import NotFoundError, PipelineError
from mlops_pipeline.executors import Task, TaskResult
from mlops_pipeline.executors import execute as execute_task
from mlops_pipeline.node import Decision, Plan, local_inputs, make_task
from mlops_pipeline.run_state import Workspace, load_links, pipeline_of
from mlops_pipeline.store import Direction, Execution, State, deletion_of


def replay_node(
    workspace: Workspace,
    execution: Execution,
    folder: Path,
    execute: Callable[[Task], TaskResult] = execute_task,
) -> TaskResult:
    """Execute again what an execution executed; nothing is written to the store.

    Args:
        folder: takes the outputs, one folder each; it must be empty or missing.
        execute: how to run the task, for a debugger.

    Raises:
        PipelineError: the folder is not empty, or the execution had nothing to execute.
    """
    if folder.exists() and any(folder.iterdir()):
        raise PipelineError(f"{folder} is not empty", hint="name a new folder for the outputs")
    with local_inputs(replay_task(workspace, execution, folder), workspace) as task:
        return execute(task)


def replay_task(workspace: Workspace, execution: Execution, folder: Path) -> Task:
    """Return the task of an execution, with its outputs below `folder`."""
    run = workspace.store.get_run(execution.run_id)
    if run is None:
        raise NotFoundError(f"there is no run {execution.run_id}")
    if execution.state is State.SKIPPED:
        raise PipelineError(
            f"{execution.node_id} was skipped in run {run.id}: {execution.reason}",
            hint="replay a run in which it ran",
        )
    node = pipeline_of(workspace, run).node(execution.node_id)
    links = load_links(workspace.store, [execution], Direction.INPUT).get(execution.id, {})
    for name in (each.name for each in node.inputs):
        for deleted in filter(None, map(deletion_of, links.get(name, ()))):
            raise NotFoundError(
                f"input {name} of {node.id} was {deleted}",
                hint="run the pipeline again, and replay the node of that run",
            )
    for output in node.outputs:
        (folder / output.name).mkdir(parents=True)
    plan = Plan(
        node,
        execution.iteration,
        Decision.RUN,
        "",
        inputs={each.name: links.get(each.name, []) for each in node.inputs},
        parameters=execution.parameters,
    )
    return make_task(plan, run.id, workspace, folder, state_dir=str(folder / ".state"))
