"""A cluster as its API server tells of it: pods are started, watched, deleted and read."""

from __future__ import annotations

import json
import ssl
import time
import urllib.error
import urllib.request
from collections.abc import Callable
from pathlib import Path
from typing import Any

PODS = "/api/v1/namespaces/default/pods"


class Kubernetes:
    """A client of a cluster.

    Args:
        config: what kubectl reads, written as JSON.
    """

    def __init__(self, config: Path) -> None:
        self.config = config
        told = json.loads(config.read_text())
        cluster, user = told["clusters"][0]["cluster"], told["users"][0]["user"]
        self._url = cluster["server"]
        self._tls = ssl.create_default_context(cafile=cluster["certificate-authority"])
        self._tls.load_cert_chain(user["client-certificate"], user["client-key"])

    def call(self, method: str, path: str, body: Any = None) -> Any:
        """Ask the API server; text where it does not answer with JSON."""
        request = urllib.request.Request(
            self._url + path,
            method=method,
            data=None if body is None else json.dumps(body).encode(),
            headers={"Content-Type": "application/json"},
        )
        with urllib.request.urlopen(request, timeout=60, context=self._tls) as answer:
            text = answer.read().decode(errors="replace")
            plain = "json" not in answer.headers.get("Content-Type", "")
        return text if plain else json.loads(text)

    def make(self, kind: str, manifest: dict[str, Any]) -> None:
        """Make an object; `kind` is its part of the path, as `api/v1/persistentvolumes`."""
        self.call("POST", f"/{kind}", manifest)

    def pod(self, name: str) -> dict[str, Any]:
        """Read a pod; nothing if it is gone."""
        try:
            found: dict[str, Any] = self.call("GET", f"{PODS}/{name}")
        except urllib.error.HTTPError as error:
            if error.code != 404:
                raise
            return {}
        return found

    def pods(self) -> list[dict[str, Any]]:
        """List all pods."""
        found: list[dict[str, Any]] = self.call("GET", PODS)["items"]
        return found

    def delete(self, name: str) -> None:
        """Delete a pod as a person or a drained node does: SIGTERM, and time to end."""
        self.call("DELETE", f"{PODS}/{name}")

    def delete_in_a_nap(self, begun: Callable[[], Any], mine: Callable[[str, Any], bool]) -> str:
        """Delete the pod of a node as soon as its executor has begun; its name.

        Args:
            mine: whether a pod is of that node, by its name and labels.
        """
        self.wait("the executor has not begun", begun)

        def running() -> str:
            for pod in self.pods():
                told = pod["metadata"]
                is_mine = mine(told["name"], told.get("labels", {}))
                if is_mine and pod["status"]["phase"] == "Running":
                    return str(told["name"])
            return ""

        # The cluster notes it later than the pod begins.
        name: str = self.wait("no such pod is running", running, 60)
        self.delete(name)
        return name

    def log(self, name: str) -> str:
        """Read what a pod has printed."""
        text: str = self.call("GET", f"{PODS}/{name}/log")
        return text

    def wait(self, what: str, until: Callable[[], Any], seconds: float = 300) -> Any:
        """Ask until the answer is true; that answer.

        Raises:
            TimeoutError: it did not become so; with what the pods are at.
        """
        deadline = time.monotonic() + seconds
        while not (found := until()):
            if time.monotonic() > deadline:
                at = {p["metadata"]["name"]: p["status"] for p in self.pods()}
                raise TimeoutError(
                    f"{what} after {seconds:g} s: {json.dumps(at, indent=1)[-4000:]}"
                )
            time.sleep(0.1)
        return found

    def share(self, name: str, folder: Path) -> None:
        """Make a claim of a volume that is a folder of the node."""
        size, modes = {"storage": "1Gi"}, ["ReadWriteMany"]
        claim = {"namespace": "default", "name": name}
        volume = {
            "metadata": {"name": name},
            "spec": {
                "capacity": size,
                "accessModes": modes,
                "claimRef": claim,
                "storageClassName": "",
                "hostPath": {"path": str(folder), "type": "Directory"},
            },
        }
        self.make("api/v1/persistentvolumes", volume)
        asked = {
            "metadata": {"name": name},
            "spec": {
                "accessModes": modes,
                "resources": {"requests": size},
                "storageClassName": "",
                "volumeName": name,
            },
        }
        self.make("api/v1/namespaces/default/persistentvolumeclaims", asked)

    def keep_secret(self, name: str, **values: str) -> None:
        """Make a secret."""
        secret = {"metadata": {"name": name}, "stringData": values}
        self.make("api/v1/namespaces/default/secrets", secret)
