"""Commands of `mlops` in Kubernetes pods, by the operator of Airflow's Kubernetes provider.

It starts the pod or finds it again, follows its log, and reads the result from the message that its
container ends with. Its exit codes mean what they mean elsewhere, so that they are read where those
of processes are.
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
from kubernetes.client.exceptions import ApiException
from kubernetes.stream import stream

from mlops_pipeline.errors import SettingsError
from mlops_pipeline.runners.airflow.config import ExecutionConfig
from mlops_pipeline.runners.airflow.step_process import TEMPORARY, Step
from mlops_pipeline.runners.airflow.termination_message import TERMINATION_LOG, unpack

INTERRUPT = ["python3", "-c", "import os, signal; os.kill(1, signal.SIGINT)"]
"""Command that stops the first process of a container as Ctrl-C does."""

DEFAULT_SECRET = "mlops-pipeline"
"""The Kubernetes secret that holds what is not named elsewhere."""

NOT_FOUND = 404

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
            self._pod.execute_sync(get_current_context())
        except AirflowException:
            if self._pod.code is None:
                raise
        return self._pod.code or 0, self._pod.node_result

    def stop(self) -> None:
        """Stop the pod as a person does, and delete it; it has its grace period to record that."""
        if self._pod is not None:
            self._pod.interrupt()
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
            "arguments": [*words, "--result", TERMINATION_LOG],
            "env_vars": variables,
            "secrets": [self._secret(each) for each in step.secrets],
            "container_resources": resources(step),
            "termination_grace_period": int(execution.grace),
            **execution.pod,
        }
        # A result that the provider fetches takes a sidecar, whose image comes from the internet.
        return _Pod(do_xcom_push=False, **arguments)

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
                ended = each.state.terminated
                self.code = ended.exit_code
                self.node_result = unpack(ended.message) or self._died(ended.reason)
        if self.code is None and self._is_gone():
            # The provider would write down all of a pod that is no more, and no reason.
            self.code = TEMPORARY
            self.node_result = _failed("the pod was taken away: the cluster has it no more")
        super().cleanup(pod, remote_pod, xcom_result, context)

    def _died(self, reason: str | None) -> Any:
        """Return the result of a container that the kernel killed, and that left none."""
        if reason != "OOMKilled":
            return None
        limits = getattr(self.container_resources, "limits", None) or {}
        known = f"its limit is {limits['memory']}" if "memory" in limits else "it has no limit"
        return _failed(
            f"the pod ran out of memory, and {known}: give the node more with "
            '.options(resources=Resources(memory="8Gi"))'
        )

    def _is_gone(self) -> bool:
        """Return True if a pod that was started is not in the cluster any more."""
        if self.pod is None:
            return False
        try:
            self.client.read_namespaced_pod(self.pod.metadata.name, self.pod.metadata.namespace)
        except ApiException as error:
            return bool(error.status == NOT_FOUND)
        return False

    def interrupt(self) -> None:
        """Stop the node as Ctrl-C does: its record tells a person's stop from the loss of a pod."""
        if self.pod is None:
            return
        names = (self.pod.metadata.name, self.pod.metadata.namespace)
        try:
            stream(
                self.client.connect_get_namespaced_pod_exec,
                *names,
                container=self.base_container_name,
                command=INTERRUPT,
                stdout=True,
                stderr=True,
                _request_timeout=10,
            )
        except Exception as error:  # noqa: BLE001 - whatever the cluster refuses, it is deleted
            self.log.warning("cannot stop pod %s first: %s", names[0], error)


def _failed(reason: str) -> dict[str, Any]:
    """Return the result of a container that left none."""
    return {"state": "FAILED", "execution_id": 0, "reason": reason}


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
