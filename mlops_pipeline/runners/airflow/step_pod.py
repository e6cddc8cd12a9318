"""Commands of `mlops` in Kubernetes pods, by the operator of Airflow's Kubernetes provider.

It starts the pod or finds it again, follows its log, and reads the result from the sidecar. Its
exit codes mean what they mean elsewhere, so that they are read where those of processes are.
"""

from __future__ import annotations

import base64
import re
import zlib
from pathlib import Path
from typing import Any

from airflow.providers.cncf.kubernetes.operators.pod import KubernetesPodOperator
from airflow.providers.cncf.kubernetes.secret import Secret
from airflow.sdk import get_current_context
from airflow.sdk.exceptions import AirflowException
from kubernetes.client import models as k8s

from mlops_pipeline.errors import SettingsError
from mlops_pipeline.runners.airflow.config import ExecutionConfig
from mlops_pipeline.runners.airflow.step_process import Step

RESULT = "/airflow/xcom/return.json"
"""File from which the provider's sidecar reads the result of a container."""

DEFAULT_SECRET = "mlops-pipeline"
"""The Kubernetes secret that holds what is not named elsewhere."""

ARGUMENT = 131_000
"""Bytes of a variable; Linux takes no more than 131,072."""


class StepPod:
    """A pod that runs one command."""

    def __init__(self, execution: ExecutionConfig, task_id: str) -> None:
        self._execution = execution
        self._task_id = task_id
        self._pod: _Pod | None = None

    def run(self, step: Step) -> tuple[int, Any]:
        """Run a command to its end; its exit code and what it wrote as its result.

        Raises:
            AirflowException: the pod could not be started, or was lost.
        """
        self._pod = self.operator(step)
        try:
            return 0, self._pod.execute_sync(get_current_context())
        except AirflowException:
            if self._pod.code is None:
                raise
            return self._pod.code, self._pod.node_result

    def stop(self) -> None:
        """Delete the pod; it has its grace period to record that."""
        if self._pod is not None:
            self._pod.on_kill()

    def operator(self, step: Step) -> _Pod:
        """Return the provider's operator for a command."""
        execution = self._execution
        variables = {
            **step.variables,
            **execution.locations,
            **execution.environment,
            "MLOPS_IR": packed(Path(step.ir_file)),
        }
        words = ["-" if word == step.ir_file else word for word in step.arguments]
        name = re.sub(r"[^a-z0-9]+", "-", self._task_id.lower()).strip("-")[:50]
        arguments: dict[str, Any] = {
            "task_id": self._task_id,
            "name": name or "node",
            "image": execution.image,
            "cmds": ["python3", "-m", "mlops_pipeline.cli"],
            "arguments": [*words, "--result", RESULT],
            "env_vars": variables,
            "secrets": [self._secret(each) for each in step.secrets],
            "container_resources": resources(step),
            "termination_grace_period": int(execution.grace),
            **execution.pod,
        }
        return _Pod(do_xcom_push=True, **arguments)

    def _secret(self, name: str) -> Secret:
        secret, _, key = self._execution.secrets.get(name, "").partition("/")
        return Secret("env", name, secret or DEFAULT_SECRET, key or name)


class _Pod(KubernetesPodOperator):
    """The provider's operator, which says how the container ended."""

    code: int | None = None
    node_result: Any = None

    def cleanup(
        self, pod: Any, remote_pod: Any, xcom_result: Any = None, context: Any = None
    ) -> None:
        """Remember how it ended, before the provider turns that into an error."""
        status = getattr(remote_pod, "status", None)
        for each in (status and status.container_statuses) or ():
            if each.name == self.base_container_name and each.state.terminated:
                self.code, self.node_result = each.state.terminated.exit_code, xcom_result
        # Without a context: what a failed node says is no result of the task.
        super().cleanup(pod, remote_pod, xcom_result, None)


def resources(step: Step) -> Any:
    """Return the needs of a node as requests and limits."""
    asked = step.resources
    found: dict[str, str] = {}
    if asked.get("cpu"):
        found["cpu"] = f"{asked['cpu']:g}"
    if asked.get("memory"):
        found["memory"] = str(asked["memory"])
    if asked.get("accelerator"):
        found[asked["accelerator"]] = str(asked.get("count") or 1)
    return k8s.V1ResourceRequirements(requests=dict(found), limits=dict(found)) if found else None


def packed(file: Path) -> str:
    """Return compiled IR as a variable: pods do not see the files of the worker.

    Raises:
        SettingsError: it is too long for one.
    """
    text = base64.b64encode(zlib.compress(file.read_bytes(), 9)).decode()
    if len(text) > ARGUMENT:
        raise SettingsError(
            f"{file} has {len(text):,} bytes when it is compressed, too many for a variable",
            hint='use mode="container" or "process" for this pipeline',
        )
    return text
