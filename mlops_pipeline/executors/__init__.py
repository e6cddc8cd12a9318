"""The body of a component, executed.

A `Task` names the function, its values and its paths; it is called in this process, over Beam or
in a container, and a `TaskResult` comes back, also where it fails. Knows no store: what a task
needs was decided before.
"""

from typing import TYPE_CHECKING

from mlops_pipeline.lazy_names import lazy_names

if TYPE_CHECKING:
    from mlops_pipeline.executors.beam import is_local, running_pipeline
    from mlops_pipeline.executors.context import TaskContext, current_task
    from mlops_pipeline.executors.executor import execute, run_task
    from mlops_pipeline.executors.failure import Redactor, failed
    from mlops_pipeline.executors.readers import (
        THERE,
        listing,
        mark_at,
        variable_digest,
        variable_in,
    )
    from mlops_pipeline.executors.task import ArtifactRef, Observed, Task, TaskResult, seed_of
else:
    __getattr__ = lazy_names(
        __name__,
        {
            "beam": "is_local running_pipeline",
            "context": "TaskContext current_task",
            "executor": "execute run_task",
            "failure": "Redactor failed",
            "readers": "THERE listing mark_at variable_digest variable_in",
            "task": "ArtifactRef Observed Task TaskResult seed_of",
        },
    )

__all__ = [
    "THERE",
    "ArtifactRef",
    "Observed",
    "Redactor",
    "Task",
    "TaskContext",
    "TaskResult",
    "current_task",
    "execute",
    "failed",
    "is_local",
    "listing",
    "mark_at",
    "run_task",
    "running_pipeline",
    "seed_of",
    "variable_digest",
    "variable_in",
]
