"""Containers for tests, in a sandbox as well: an image of nothing, and podman's Docker API."""

from __future__ import annotations

import io
import os
import shutil
import subprocess
import sys
import tarfile
import time
from pathlib import Path

IMAGE = "localhost/mlops-conformance:1"

MODEST = """
[engine]
runtime = "runc"
cgroup_manager = "cgroupfs"
events_logger = "file"
[containers]
default_ulimits = ["nofile=1000:1000", "nproc=1000:1000"]
"""
"""Settings with which podman runs where cgroups are old and limits cannot be raised."""


class Engine:
    """podman, with its Docker API on a socket of its own.

    The image holds empty folders; the system and the interpreter of this test are mounted into it.
    """

    def __init__(self, folder: Path) -> None:
        self._folder = folder
        (folder / "containers.conf").write_text(MODEST)
        self._process: subprocess.Popen[bytes] | None = None
        self.environment = {
            **{k: v for k, v in os.environ.items() if not k.startswith("PYTHON")},
            "CONTAINERS_CONF": str(folder / "containers.conf"),
            "DOCKER_HOST": f"unix://{folder}/podman.sock",
        }
        system = [place for place in ("/usr", "/lib", "/lib64", "/bin") if Path(place).exists()]
        own = {str(Path(each).resolve()) for each in (sys.prefix, sys.base_prefix)}
        self.mounts = [*system, *(place for place in own if not place.startswith("/usr/"))]

    def start(self) -> str:
        """Import the image and start the service; empty, or why it cannot be."""
        podman = shutil.which("podman")
        if not podman:
            return "there is no podman"
        archive = io.BytesIO()
        with tarfile.open(fileobj=archive, mode="w") as tar:
            for name in ("tmp", "etc", "proc", "dev", "sys", *(m.strip("/") for m in self.mounts)):
                folder = tarfile.TarInfo(name)
                folder.type, folder.mode = tarfile.DIRTYPE, 0o777
                tar.addfile(folder)
        made = subprocess.run(
            [podman, "import", "-", IMAGE],
            input=archive.getvalue(),
            env=self.environment,
            capture_output=True,
        )
        if made.returncode:
            return made.stderr.decode()[-300:]
        volumes = [f"--volume={place}:{place}:ro" for place in self.mounts]
        tried = subprocess.run(
            [podman, "run", "--rm", "--network=none", *volumes, IMAGE, sys.executable, "-V"],
            env=self.environment,
            capture_output=True,
        )
        if tried.returncode:
            return tried.stderr.decode()[-300:]
        with (self._folder / "service.log").open("wb") as log:
            command = [podman, "system", "service", "--time=0", self.environment["DOCKER_HOST"]]
            self._process = subprocess.Popen(command, env=self.environment, stdout=log, stderr=log)
        deadline = time.monotonic() + 30
        while not (self._folder / "podman.sock").exists():
            if time.monotonic() > deadline or self._process.poll() is not None:
                return (self._folder / "service.log").read_text()[-300:]
            time.sleep(0.05)
        return ""

    def close(self) -> None:
        """End the service."""
        if self._process is not None:
            self._process.terminate()
            self._process.wait()
