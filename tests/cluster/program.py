"""The program that is a whole Kubernetes: built from Go modules once, and kept by its sources."""

from __future__ import annotations

import contextlib
import fcntl
import hashlib
import os
import re
import shutil
import subprocess
import tempfile
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import NamedTuple

SOURCES = Path(__file__).resolve().parent / "kubernetes"
VERSION = "v1.34.4"
OLDEST_GO = (1, 24)
PLACES = ("/usr/local/go/bin", "/usr/lib/go/bin")


class Failed(Exception):
    """A cluster that could not be made or started; the message says why."""


class Program(NamedTuple):
    """What was built.

    Args:
        kubernetes: every process of Kubernetes, by its first argument.
        pause: holds the namespaces of a pod.
    """

    kubernetes: Path
    pause: Path


def cache(environment: Mapping[str, str]) -> Path:
    """The folder that programs are kept in: `MLOPS_TEST_CLUSTER`, or one in the user's cache."""
    if named := environment.get("MLOPS_TEST_CLUSTER"):
        return Path(named).absolute()
    base = environment.get("XDG_CACHE_HOME") or Path.home() / ".cache"
    return Path(base) / "mlops-pipeline" / "cluster"


@contextlib.contextmanager
def locked(folder: Path) -> Iterator[None]:
    """Only one cluster of a folder at a time, until the last process of it has ended."""
    folder.mkdir(parents=True, exist_ok=True)
    with (folder / "lock").open("w") as file:
        try:
            fcntl.flock(file, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            print(f"waiting for another cluster of {folder}", flush=True)
            fcntl.flock(file, fcntl.LOCK_EX)
        # What goes on when we are killed holds the lock to its end.
        os.set_inheritable(file.fileno(), True)
        yield


def linked() -> str:
    """The arguments of the linker: without symbols, and with the version that Kubernetes tells."""
    major, minor, _ = VERSION.removeprefix("v").split(".")
    said = {"Version": VERSION, "Major": major, "Minor": minor, "TreeState": "clean"}
    return " ".join(
        [
            "-s -w",
            *(
                f"-X {package}.git{name}={value}"
                for package in ("k8s.io/client-go/pkg/version", "k8s.io/component-base/version")
                for name, value in said.items()
            ),
        ]
    )


def digest() -> str:
    """Equal for programs that are built of the same."""
    total = hashlib.sha256(linked().encode())
    for file in sorted(SOURCES.rglob("*")):
        if file.is_file():
            data = file.read_bytes()
            total.update(f"{file.relative_to(SOURCES)}\0{len(data)}\0".encode() + data)
    return total.hexdigest()[:16]


def kept(folder: Path) -> Program | None:
    """The program that is there already."""
    place = folder / f"kubernetes-{digest()}"
    return Program(place / "kubernetes", place / "pause") if place.is_dir() else None


def go() -> str:
    """The Go that builds it; empty if there is none that does."""
    for found in filter(None, (shutil.which("go"), *(shutil.which("go", path=p) for p in PLACES))):
        told = subprocess.run([found, "version"], capture_output=True, text=True).stdout
        version = re.search(r"go(\d+)\.(\d+)", told)
        if version and (int(version[1]), int(version[2])) >= OLDEST_GO:
            return found
    return ""


def build(folder: Path) -> Program:
    """Build the program under another name first, so that half a one is never taken for one."""
    # The folder is ours alone: these are of killed builds, or of sources that were changed.
    for left in [*folder.glob(".kubernetes-*"), *folder.glob("kubernetes-*")]:
        shutil.rmtree(left)
    half = Path(tempfile.mkdtemp(prefix=".kubernetes-", dir=folder))
    log = folder / "build.log"
    # A Go that is too old says so, and fetches no other.
    environment = {**os.environ, "CGO_ENABLED": "0", "GOTOOLCHAIN": "local", "GOWORK": "off"}
    with log.open("w") as out:
        for target, package in (("kubernetes", "."), ("pause", "./pause")):
            options = ["-trimpath", "-buildvcs=false", "-mod=readonly", "-ldflags", linked()]
            done = subprocess.run(
                ["nice", "-n", "10", go(), "build", *options, "-o", str(half / target), package],
                cwd=SOURCES,
                env=environment,
                stdout=out,
                stderr=out,
                close_fds=False,
            )
            if done.returncode:
                cause = log.read_text(errors="replace").strip().rpartition("\n")[2]
                raise Failed(f"go build failed: {cause} (full output: {log})")
    half.rename(folder / f"kubernetes-{digest()}")
    found = kept(folder)
    assert found
    return found
