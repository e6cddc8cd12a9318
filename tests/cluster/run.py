#!/usr/bin/env python3
"""Runs the tests marked `cluster` on a real Kubernetes of one node, which is started for them.

    python3 tests/cluster/run.py                        # all of them
    python3 tests/cluster/run.py -- -k deleted          # with arguments of pytest
    python3 tests/cluster/run.py --run 'bash -i'        # a command of yours beside it

Kubernetes and etcd are built from Go modules into one program, once: it is kept by the digest of
its sources below `MLOPS_TEST_CLUSTER` (a folder in the user's cache if it is not set). Nothing
leads from the cluster to the network, and nothing of it is left. Where there can be no cluster, one
line says so: with exit code 0, or 2 where `--required` or `--run` was given. In a command of yours,
`"$MLOPS_TEST_KUBERNETES" kubectl` is kubectl.
"""

from __future__ import annotations

import argparse
import hashlib
import json
import os
import re
import signal
import subprocess
import sys
import time
from collections.abc import Sequence
from pathlib import Path

import images
import namespaces
import program

HERE = Path(__file__).resolve().parent
ROOT = HERE.parents[1]
WORLDS = ("ml", "airflow")
# Kubeflow's pods run while Airflow waits.
SHARED = ("-m", "cluster", "-n", "2", "--dist", "loadfile")


def say(text: str) -> None:
    """Print a line at once."""
    print(text, flush=True)


def options() -> argparse.Namespace:
    """Read the command line."""
    parser = argparse.ArgumentParser(description="Tests on a real Kubernetes of one node.")
    parser.add_argument("pytest", nargs="*", help="arguments of pytest, after --")
    parser.add_argument("--image", default="", help="an image of podman instead of the light one")
    parser.add_argument("--run", metavar="COMMAND", help="run a command of yours instead")
    parser.add_argument("--required", action="store_true", help="fail where there is no cluster")
    return parser.parse_args()


def provide(folder: Path) -> program.Program:
    """Return the program that is kept, or build it."""
    if found := program.kept(folder):
        return found
    begun = time.monotonic()
    say(f"building Kubernetes {program.VERSION} in {folder}: 10 minutes, once")
    built = program.build(folder)
    say(f"Kubernetes built in {time.monotonic() - begun:.0f} s")
    return built


def environments() -> dict[str, str]:
    """Set the environments of Python up; the variables by which the tests find them."""
    for world in WORLDS:
        done = subprocess.run([sys.executable, str(ROOT / "dev.py"), "setup", world])
        if done.returncode:
            raise program.Failed(f"there is no environment {world!r}")
    venvs = Path(os.environ.get("MLOPS_DEV_VENVS") or ROOT / ".venvs").absolute()
    return {"MLOPS_TEST_AIRFLOW": str(venvs / "airflow" / "bin" / "airflow")}


def counted(line: str) -> str:
    """The closing line of pytest as a count: `3 passed, 0 failed, 1 skipped`; empty for others."""
    if not re.search(r"\d+ (passed|failed|skipped|errors?)\b.* in [\d.]+s", line):
        return ""
    told = {what: int(n) for n, what in re.findall(r"(\d+) (passed|failed|skipped|error)", line)}
    failed = told.get("failed", 0) + told.get("error", 0)
    return f"{told.get('passed', 0)} passed, {failed} failed, {told.get('skipped', 0)} skipped"


def show(command: Sequence[str], environment: dict[str, str]) -> tuple[int, str]:
    """Run a command and show what it prints; its exit code, and what pytest counted."""
    process = subprocess.Popen(
        command,
        env=environment,
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        text=True,
        errors="replace",
        # The lock of the cluster is held until the last process in it has ended.
        close_fds=False,
    )
    found = ""
    try:
        for line in process.stdout or ():
            print(line, end="", flush=True)
            found = counted(line) or found
        return process.wait(), found
    finally:
        # Whatever stops us stops the cluster before anything of it is removed.
        process.kill()
        process.wait()


def inside(chosen: argparse.Namespace, folder: Path, built: program.Program) -> int:
    """Start a cluster, and run the tests or the command beside it; the exit code."""
    environment = {**os.environ, **({} if chosen.run else environments())}
    begun = time.monotonic()
    image = chosen.image or images.light()
    say(f"image {image} is there after {time.monotonic() - begun:.0f} s")
    tests = [sys.executable, str(ROOT / "dev.py"), "python", "-m", "pytest", *SHARED]
    command = ["sh", "-c", chosen.run] if chosen.run else [*tests, str(HERE), *chosen.pytest]
    # Two caches on one machine may have a cluster each.
    name = f"mlops-{hashlib.sha256(str(folder).encode()).hexdigest()[:8]}"
    with namespaces.state(folder, name) as layout:
        begun = time.monotonic()
        archives = [layout.state.with_name(name) for name in ("pause.tar", "image.tar")]
        images.pause(built.pause, archives[0])
        images.save(image, archives[1])
        say(f"image saved in {time.monotonic() - begun:.0f} s")
        given = {
            "state": str(layout.state),
            "cgroup": layout.cgroup,
            "kubernetes": str(built.kubernetes),
            "archives": [str(archive) for archive in archives],
            "image": image,
            "command": command,
        }
        node = [sys.executable, str(HERE / "node.py"), json.dumps(given)]
        node = namespaces.command(layout, node)
        if chosen.run:
            return subprocess.run(node, close_fds=False).returncode
        begun = time.monotonic()
        code, count = show(node, environment)
    told = f"FAILED (exit code {code})" if code else "ok"
    say(f"== Kubernetes {program.VERSION}: {told}, {time.monotonic() - begun:.0f} s")
    say(count)
    return code


def main() -> int:
    """Do what the command line asks for; the exit code."""
    chosen = options()
    # What a shell starts in the background ignores Ctrl-C; and being ended is no reason to leave
    # anything behind.
    for number in (signal.SIGINT, signal.SIGTERM):
        signal.signal(number, signal.default_int_handler)
    folder = program.cache(os.environ)
    reason = namespaces.obstacle()
    if not reason and not program.kept(folder) and not program.go():
        oldest = ".".join(map(str, program.OLDEST_GO))
        reason = f"it is built with Go {oldest} or newer, which is not here"
    if reason:
        say(f"NOT RUN: Kubernetes: {reason}")
        return 2 if chosen.required or chosen.run else 0
    with program.locked(folder):
        return inside(chosen, folder, provide(folder))


if __name__ == "__main__":
    try:
        sys.exit(main())
    except program.Failed as failure:
        sys.exit(f"run.py: {failure}")
    except KeyboardInterrupt:
        sys.exit(130)
