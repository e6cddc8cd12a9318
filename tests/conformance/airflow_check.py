"""What Airflow makes of DAG files, told as JSON; started with the interpreter of Airflow.

Its arguments are folders of DAG files; of the second one, only the errors are told. Needs no
database: the DAGs are read and serialized.
"""

from __future__ import annotations

import json
import sys
from pathlib import Path
from typing import Any

from airflow.dag_processing.dagbag import DagBag
from airflow.serialization.serialized_objects import DagSerialization
from kubernetes.client import ApiClient

from mlops_pipeline.runners.airflow.step_pod import StepPod
from mlops_pipeline.runners.airflow.step_process import Step


def main() -> None:
    """Read the DAGs of a folder, and build the pods of those that run in pods."""
    bag = DagBag(sys.argv[1])
    found = {dag_id: _dag(dag) for dag_id, dag in sorted(bag.dags.items())}
    refused = {Path(f).stem: told for f, told in DagBag(sys.argv[2]).import_errors.items()}
    json.dump({"errors": bag.import_errors, "dags": found, "refused": refused}, sys.stdout)


def _dag(dag: Any) -> dict[str, Any]:
    written = DagSerialization.to_dict(dag)
    return {
        "tasks": sorted(dag.task_ids),
        "params": sorted(dag.params),
        "size": len(json.dumps(written)),
        "task params": sum("params" in each["__var"] for each in written["dag"]["tasks"]),
        "links": sorted(
            each["__var"]["task_id"]
            for each in written["dag"]["tasks"]
            if each["__var"].get("_operator_extra_links")
        ),
        "pods": {
            task.task_id: _pod(task)
            for task in dag.tasks
            if _given(task).get("execution") and _given(task)["execution"].mode == "pod"
        },
    }


def _given(task: Any) -> dict[str, Any]:
    """The arguments of a task, or of one that is mapped."""
    given = {"secrets": (), "asked": {}}
    return given | dict(task.partial_kwargs if task.is_mapped else vars(task))


def _pod(task: Any) -> Any:
    """The pod of a task as Kubernetes would be asked for it, but for labels of a run."""
    given = _given(task)
    words = ["run-node", given["ir_file"], task.task_id]
    step = Step(given["ir_file"], words, {}, given["secrets"], given["asked"])
    operator = StepPod(given["execution"], task.task_id).operator(step)
    return ApiClient().sanitize_for_serialization(operator.build_pod_request_obj(dry_run=True))


if __name__ == "__main__":
    main()
