"""Starts the processes of a node in the namespaces of this process, and runs a command beside them.

python3 node.py '{"state": ..., "kubernetes": ..., "command": [...]}'
"""

from __future__ import annotations

import contextlib
import json
import os
import subprocess
import sys
import time
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Any

import certificates
import images
import settings
from program import Failed

PATIENCE = 180


class Node:
    """The processes of one node, while they run."""

    def __init__(self, layout: settings.Layout, kubernetes: Path) -> None:
        self.layout = layout
        self._kubernetes = kubernetes
        self._processes: dict[str, subprocess.Popen[bytes]] = {}
        self.logs = layout.state / "logs"
        self.logs.mkdir()

    def kubectl(self, *arguments: str) -> subprocess.CompletedProcess[str]:
        """Ask the API server."""
        user = f"--kubeconfig={self.layout.users('admin')}"
        command = [str(self._kubernetes), "kubectl", user, "--request-timeout=5s", *arguments]
        return subprocess.run(command, capture_output=True, text=True)

    def start(self, archives: Sequence[str]) -> None:
        """Start everything; returns when the node is ready for pods.

        Raises:
            Failed: a process has ended, or the node is not ready in time.
        """
        address = (settings.NODE, settings.ADDRESS, settings.FIRST_SERVICE)
        certificates.make(self.layout.keys, *address)
        settings.write(self.layout)
        commands = settings.commands(self.layout, self._kubernetes)
        for name in ("containerd", "etcd", "apiserver"):
            self._run(name, commands[name])
        self._wait("containerd", lambda: Path(self.layout.socket).exists())
        for archive in archives:
            images.bring(self.layout.socket, Path(archive))
        self._wait("the API server", lambda: self._says("ok", "get", "--raw=/readyz"))
        for name in ("controller-manager", "scheduler", "kubelet"):
            self._run(name, commands[name])
        ready = "jsonpath={.items[*].status.conditions[?(@.type=='Ready')].status}"
        self._wait("the node", lambda: self._says("True", "get", "nodes", "-o", ready))
        account = ("get", "serviceaccount", "default", "-o", "name")
        self._wait("the account of pods", lambda: self._says("serviceaccount/default", *account))

    def _run(self, name: str, command: Sequence[str]) -> None:
        with (self.logs / f"{name}.log").open("wb") as log:
            self._processes[name] = subprocess.Popen(
                command, stdin=subprocess.DEVNULL, stdout=log, stderr=log
            )

    def _says(self, wanted: str, *arguments: str) -> bool:
        return self.kubectl(*arguments).stdout.strip() == wanted

    def _wait(self, what: str, until: Callable[[], bool]) -> None:
        deadline = time.monotonic() + PATIENCE
        while not until():
            for name, process in self._processes.items():
                if process.poll() is not None:
                    raise Failed(f"{name} ended with {process.returncode}:\n{self._end_of(name)}")
            if time.monotonic() > deadline:
                raise Failed(f"{what} is not ready after {PATIENCE} s:\n{self._end_of('kubelet')}")
            time.sleep(0.1)

    def _end_of(self, name: str) -> str:
        with contextlib.suppress(OSError):
            return (self.logs / f"{name}.log").read_text(errors="replace")[-2000:]
        return ""


def main() -> int:
    """Start a node, and run the command; its exit code."""
    given: dict[str, Any] = json.loads(sys.argv[1])
    layout = settings.Layout(Path(given["state"]), given["cgroup"])
    node = Node(layout, Path(given["kubernetes"]))
    begun = time.monotonic()
    node.start(given["archives"])
    print(f"Kubernetes is ready after {time.monotonic() - begun:.1f} s", flush=True)
    environment = {
        **os.environ,
        "KUBECONFIG": str(layout.users("admin")),
        "MLOPS_TEST_KUBERNETES": given["kubernetes"],
        "MLOPS_TEST_KUBERNETES_CONFIG": str(layout.users("admin")),
        "MLOPS_TEST_KUBERNETES_IMAGE": given["image"],
        "MLOPS_TEST_KUBERNETES_ADDRESS": settings.ADDRESS,
    }
    process = subprocess.Popen(given["command"], env=environment)
    try:
        return process.wait()
    except KeyboardInterrupt:
        return process.wait()


if __name__ == "__main__":
    try:
        sys.exit(main())
    except Failed as failure:
        sys.exit(f"run.py: {failure}")
