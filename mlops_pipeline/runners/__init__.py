"""Runners: take a compiled pipeline through its nodes.

`local` runs nodes in parallel on this machine, in processes of `workers`; `remote` is for
schedulers of others, which start one node a process, as `airflow` and `kubeflow` do. All of them
go through `node`.
"""

from typing import TYPE_CHECKING

from mlops_pipeline.lazy_names import lazy_names

if TYPE_CHECKING:
    from mlops_pipeline.runners.dry_run import NodePlan, plan
    from mlops_pipeline.runners.local import NodeEvent, OnEvent, RunOptions
    from mlops_pipeline.runners.plan_files import plan_html, plan_markdown, planned_nodes
    from mlops_pipeline.runners.remote import (
        IterationOptions,
        begin,
        count_items,
        finish_run,
        open_run,
        run_iteration,
    )
    from mlops_pipeline.runners.replay import replay_node
else:
    __getattr__ = lazy_names(
        __name__,
        {
            "dry_run": "NodePlan plan",
            "local": "NodeEvent OnEvent RunOptions",
            "plan_files": "plan_html plan_markdown planned_nodes",
            "remote": "IterationOptions begin count_items finish_run open_run run_iteration",
            "replay": "replay_node",
        },
    )

__all__ = [
    "IterationOptions",
    "NodeEvent",
    "NodePlan",
    "OnEvent",
    "RunOptions",
    "begin",
    "count_items",
    "finish_run",
    "local",
    "open_run",
    "plan",
    "plan_html",
    "plan_markdown",
    "planned_nodes",
    "remote",
    "replay_node",
    "run_iteration",
]
