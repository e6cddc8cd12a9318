"""One node of a run, from decision to record.

`drive` decides what happens to a node and makes its `Plan`, `launch` claims and executes it, and
`publish` records what it wrote. Every runner goes through this room, once for a node and an
attempt.
"""

from mlops_pipeline.node.claims import new_execution
from mlops_pipeline.node.driver import (
    Decision,
    Plan,
    Request,
    SkippedError,
    drive,
    loop_items,
    shared_loops,
)
from mlops_pipeline.node.intact import refuse_altered
from mlops_pipeline.node.launcher import (
    Session,
    Start,
    ask,
    end_run,
    launch,
    local_inputs,
    make_task,
    open_session,
)
from mlops_pipeline.node.publisher import Done, publish
from mlops_pipeline.node.retries import failures, is_final, is_lost, wait_before_retry

__all__ = [
    "Decision",
    "Done",
    "Plan",
    "Request",
    "Session",
    "SkippedError",
    "Start",
    "ask",
    "drive",
    "end_run",
    "failures",
    "is_final",
    "is_lost",
    "launch",
    "local_inputs",
    "loop_items",
    "make_task",
    "new_execution",
    "open_session",
    "publish",
    "refuse_altered",
    "shared_loops",
    "wait_before_retry",
]
