"""What Kubeflow's driver, launcher and Argo do with a PipelineSpec, in pods of a real cluster.

Order, inputs and outputs are those of `kubeflow_launcher.py`; pods are what Argo makes of
containers and their settings. As Kubeflow 2.17 is delivered, Argo starts a pod again that is lost,
but none that ended with an error; and a run that is retried keeps what has succeeded.
"""

from __future__ import annotations

import json
import re
import threading
from pathlib import Path
from typing import Any

from kubeflow_launcher import Cluster
from kubernetes_api import PODS, Kubernetes

LOST = -1
"""In the place of an exit code: the pod was taken away."""


class PodCluster(Cluster):
    """One run of a pipeline, each of its containers a pod.

    Args:
        documents: spec and platform spec.
        folder: named like the run; the pods see it under the same path.
    """

    def __init__(
        self, kubernetes: Kubernetes, documents: tuple[dict[str, Any], ...], folder: Path
    ) -> None:
        super().__init__(documents[0], folder, lambda argv: LOST)
        self._kubernetes = kubernetes
        platforms = documents[1].get("platforms", {})
        self._settings = platforms.get("kubernetes", {}).get("deploymentSpec", {})
        self._done: dict[str, dict[str, Any]] = {}
        self.started: list[str] = []
        """The names of all pods, in their order."""
        self.logs: dict[str, str] = {}
        """What ended pods have printed, by their names."""
        self.terminated = threading.Event()
        """When it is set, no further pod is started, and the end step neither."""

    def tries_again(self, code: int) -> bool:
        return code == LOST

    def start(self, name: str, executor: str, argv: list[str]) -> int:
        """Run a pod to its end; its exit code."""
        if self.terminated.is_set():
            return LOST
        plain = re.sub(r"[^a-z0-9]+", "-", name.lower()).strip("-")
        pod = f"{self.run_id}-{plain}-{len(self.started)}"
        self._kubernetes.make(PODS.strip("/"), self._manifest(pod, executor, argv))
        self.started.append(pod)
        ended = self._kubernetes.wait(f"{pod} has not ended", lambda: self._ended(pod))
        code: int = ended["exitCode"]
        return code

    def _ended(self, pod: str) -> dict[str, Any]:
        """How a pod ended; nothing while it runs."""
        found = self._kubernetes.pod(pod)
        statuses = found.get("status", {}).get("containerStatuses", [{}])
        ended: dict[str, Any] = statuses[0].get("state", {}).get("terminated", {})
        taken = not found or "deletionTimestamp" in found["metadata"]
        if ended:
            self.logs[pod] = self._kubernetes.log(pod)
        if taken and (ended or not found):
            return {"exitCode": LOST}
        return ended

    def _task(
        self, name: str, task: dict[str, Any], given: dict[str, Any], outputs: dict[str, Any]
    ) -> bool:
        key = json.dumps([name, given], sort_keys=True)
        if key not in self._done:
            if not super()._task(name, task, given, outputs):
                return False
            self._done[key] = outputs.get(name, {})
        outputs[name] = self._done[key]
        return True

    def _manifest(self, pod: str, executor: str, argv: list[str]) -> dict[str, Any]:
        """The pod of a container: its command, its needs, and the settings of its platform."""
        written = self.spec["deploymentSpec"]["executors"][executor]["container"]
        settings = self._settings.get("executors", {}).get(executor, {})
        secrets = [
            {"name": each["envVar"], "valueFrom": {"secretKeyRef": self._key(secret, each)}}
            for secret in settings.get("secretAsEnv", ())
            for each in secret["keyToEnv"]
        ]
        claims = settings.get("pvcMount", ())
        container = {
            "name": "main",
            "image": written["image"],
            "command": written["command"],
            "args": argv,
            "env": [*written.get("env", ()), *secrets],
            "resources": _needs(written.get("resources", {})),
            "volumeMounts": [{"name": c["constant"], "mountPath": c["mountPath"]} for c in claims],
        }
        spec: dict[str, Any] = {
            "restartPolicy": "Never",
            "containers": [container],
            "volumes": [
                {"name": c["constant"], "persistentVolumeClaim": {"claimName": c["constant"]}}
                for c in claims
            ],
        }
        if "activeDeadlineSeconds" in settings:
            spec["activeDeadlineSeconds"] = int(settings["activeDeadlineSeconds"])
        return {"metadata": {"name": pod, **settings.get("podMetadata", {})}, "spec": spec}

    @staticmethod
    def _key(secret: dict[str, Any], entry: dict[str, str]) -> dict[str, str]:
        return {"name": secret["secretName"], "key": entry["secretKey"]}


def _needs(written: dict[str, Any]) -> dict[str, Any]:
    """Requests and limits, from the texts that Kubeflow of today reads."""
    return {
        f"{kind.lower()}s": {
            name: written[f"resource{title}{kind}"]
            for name, title in (("cpu", "Cpu"), ("memory", "Memory"))
            if f"resource{title}{kind}" in written
        }
        for kind in ("Limit", "Request")
    }
