"""Pipelines of `work.py` on a real Airflow, each task a pod of a real cluster."""

from __future__ import annotations

import contextlib
import json
import os
from collections.abc import Iterator
from pathlib import Path
from typing import Any

from airflow_server import AirflowServer
from suite import ROOT

from mlops_pipeline import ir as ir_file
from mlops_pipeline.authoring import load_pipeline

AIRFLOW = os.environ.get("MLOPS_TEST_AIRFLOW", "")
WORK = Path(__file__).parent / "work.py"
DAGS = ("sums", "troubled", "lost", "large", "terminated")

# The IR is named as in the first example of docs/airflow.md: it lies beside the DAG file.
DAG_FILE = """
from kubernetes.client import models as k8s
from mlops_pipeline.runners.airflow import ExecutionConfig, PipelineDag

given = {given!r}
volumes, mounts = [], []
for name, path in given["volumes"].items():
    claim = k8s.V1PersistentVolumeClaimVolumeSource(claim_name=name)
    volumes.append(k8s.V1Volume(name=name, persistent_volume_claim=claim))
    mounts.append(k8s.V1VolumeMount(name=name, mount_path=path))
pods = ExecutionConfig(
    mode="pod",
    image=given["image"],
    store=given["store"],
    root=given["root"],
    base_dir={base_dir!r},
    pod={{
        "namespace": "default",
        "config_file": given["config"],
        "in_cluster": False,
        "on_finish_action": "keep_pod",
        "startup_timeout_seconds": 300,
        "volumes": volumes,
        "volume_mounts": mounts,
        "env_from": [
            k8s.V1EnvFromSource(secret_ref=k8s.V1SecretEnvSource(name=given["secret"]))
        ],
    }},
)
for dag_id in {dags!r}:
    PipelineDag(f"{{dag_id}}.json", dag_id=dag_id, execution=pods, schedule=None)
"""


class OnAirflow:
    """A running Airflow that knows the DAGs."""

    def __init__(self, server: AirflowServer) -> None:
        self.server = server

    def run(self, dag_id: str, run_id: str) -> str:
        """Start a DAG run, and wait until it ends; how it did."""
        self.server.trigger(dag_id, run_id)
        return self.server.wait_for_run(dag_id, run_id)

    def log(self, dag_id: str, run_id: str, task: str, attempt: int = 1) -> str:
        """The log of a task, as Airflow's pages show it."""
        path = f"/dags/{dag_id}/dagRuns/{run_id}/taskInstances/{task}/logs/{attempt}"
        told = self.server.call("GET", f"{path}?full_content=true")["content"]
        return json.dumps(told, ensure_ascii=False)


@contextlib.contextmanager
def on_airflow(home: Path, database: str, given: dict[str, Any]) -> Iterator[OnAirflow]:
    """An Airflow with the DAGs, as long as the block runs."""
    server = AirflowServer(Path(AIRFLOW), home, database, imports=str(ROOT))
    for dag_id in DAGS:
        compiled = load_pipeline(f"{WORK}:{dag_id}", project=WORK.parent).compile()
        (server.dags / f"{dag_id}.json").write_bytes(ir_file.dump(compiled))
    text = DAG_FILE.format(given=given, base_dir=str(WORK.parent), dags=DAGS)
    (server.dags / "pods_dag.py").write_text(text)
    try:
        server.start()
        for dag_id in DAGS:
            server.wait_for_dag(dag_id)
        yield OnAirflow(server)
    finally:
        server.stop()
