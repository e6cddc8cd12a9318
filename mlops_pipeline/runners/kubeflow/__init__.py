"""Kubeflow Pipelines v2: compiled pipelines as PipelineSpec, and what runs in its containers.

`make_package` compiles one, `deploy` uploads, starts and schedules it; `__main__` is what the
containers run.
"""

from typing import TYPE_CHECKING

from mlops_pipeline.lazy_names import lazy_names

if TYPE_CHECKING:
    from mlops_pipeline.runners.kubeflow.client import KubeflowClient, Record, Server
    from mlops_pipeline.runners.kubeflow.cron import trigger
    from mlops_pipeline.runners.kubeflow.deploy import Job, Timetable, is_ours
    from mlops_pipeline.runners.kubeflow.locations import check_locations, store_of
    from mlops_pipeline.runners.kubeflow.options import KubeflowOptions
    from mlops_pipeline.runners.kubeflow.package import ENDINGS, Package, make_package, read_package
    from mlops_pipeline.runners.kubeflow.parameter_values import sent
    from mlops_pipeline.runners.kubeflow.progress import ENDED, TaskState, node_names, wait
    from mlops_pipeline.runners.kubeflow.spec import to_vertex, to_yaml
else:
    __getattr__ = lazy_names(
        __name__,
        {
            "client": "KubeflowClient Record Server",
            "cron": "trigger",
            "deploy": "Job Timetable is_ours",
            "locations": "check_locations store_of",
            "options": "KubeflowOptions",
            "package": "ENDINGS Package make_package read_package",
            "parameter_values": "sent",
            "progress": "ENDED TaskState node_names wait",
            "spec": "to_vertex to_yaml",
        },
    )

__all__ = [
    "ENDED",
    "ENDINGS",
    "Job",
    "KubeflowClient",
    "KubeflowOptions",
    "Package",
    "Record",
    "Server",
    "TaskState",
    "Timetable",
    "check_locations",
    "deploy",
    "is_ours",
    "make_package",
    "node_names",
    "read_package",
    "sent",
    "store_of",
    "to_vertex",
    "to_yaml",
    "trigger",
    "wait",
]
