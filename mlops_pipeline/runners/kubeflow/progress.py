"""Progress of a run on a Kubeflow server, told by the names of the pipeline's nodes."""

from __future__ import annotations

import time
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass

from mlops_pipeline.runners.kubeflow.client import KubeflowClient, KubeflowError, Record
from mlops_pipeline.runners.kubeflow.executors import NODE
from mlops_pipeline.runners.kubeflow.package import Package

ENDED = ("SUCCEEDED", "FAILED", "SKIPPED", "CANCELED")


@dataclass(frozen=True)
class TaskState:
    """State of a task, or of the run itself, which has no name.

    Args:
        error: reason of a failure, as far as Kubeflow knows it.
    """

    name: str
    state: str
    error: str = ""


def node_names(package: Package) -> dict[str, str]:
    """Return the ids of nodes by the names under which Kubeflow may report their tasks.

    Servers report a task by its key in the pipeline (`numbers`), or by what it shows (`Numbers`).
    """
    components = package.documents[0]["components"].values()
    names: dict[str, str] = {}
    for component in components:
        for key, task in component.get("dag", {}).get("tasks", {}).items():
            if NODE in task.get("inputs", {}).get("parameters", {}):
                shown = str(task["taskInfo"]["name"])
                names |= {key: shown, shown: shown}
    return {**names, "begin": "begin", "end": "end"}


def wait(
    client: KubeflowClient,
    run_id: str,
    seconds: float,
    on_change: Callable[[TaskState], None],
    names: Mapping[str, str],
) -> str:
    """Wait until a run has ended; its state.

    Args:
        seconds: how long to wait; 0 for as long as it takes.
        on_change: is called with each new state of a task, and of the run.
        names: names to report tasks by; others are not reported.

    Raises:
        KubeflowError: it has not ended by then, or the server is gone for a minute.
    """
    deadline = time.monotonic() + seconds if seconds else float("inf")
    seen: dict[str, str] = {}
    pause = 0.5
    while True:
        run = client.run(run_id)
        for key, task in _states(run, names):
            if task.state and seen.get(key) != task.state:
                seen[key] = task.state
                on_change(task)
        state = state_of(run)
        if state in ENDED:
            return state
        if time.monotonic() > deadline:
            raise KubeflowError(
                f"run {run_id} is still {state or 'waiting'} after {seconds:g} s",
                hint="the run continues; the same command waits for it again",
            )
        time.sleep(min(pause, max(deadline - time.monotonic(), 0.0)))
        pause = min(pause * 1.5, 5.0)


def state_of(run: Record) -> str:
    """Return the state of a run; empty where it has none yet."""
    return str(run.get("state") or "")


def _states(run: Record, names: Mapping[str, str]) -> Iterator[tuple[str, TaskState]]:
    """Yield the states of a run and of its tasks, each with a key of its own.

    The iterations of a loop have one name, so tasks are told apart by their ids.
    """
    yield "", TaskState("", state_of(run), _error(run))
    for task in (run.get("run_details") or {}).get("task_details") or ():
        name = names.get(str(task.get("display_name") or ""))
        if name:
            key = str(task.get("task_id") or name)
            yield key, TaskState(name, state_of(task), _error(task))


def _error(record: Record) -> str:
    return " ".join(str((record.get("error") or {}).get("message") or "").split())
