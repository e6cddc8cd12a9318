"""Machines to run a command of the checkout on: this one, and a root."""

from __future__ import annotations

import os
import subprocess
import sys
from collections.abc import Callable, Mapping, Sequence
from pathlib import Path
from typing import NamedTuple

import enter
import lend


class Side(NamedTuple):
    """A machine with the checkout: its command line for a command, variables, and paths on it."""

    name: str
    line: Callable[[Sequence[str]], list[str]]
    folder: Path | None
    environment: Mapping[str, str]
    python: str
    venvs: str

    def show(self, argv: Sequence[str], take: Callable[[str], object] = len, **more: str) -> int:
        """Run a command, show each line of its output and hand it on; the exit code."""
        with subprocess.Popen(
            self.line(argv),
            cwd=self.folder,
            env={**self.environment, **more},
            text=True,
            errors="replace",
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
        ) as process:
            for line in process.stdout or ():
                print(line, end="", flush=True)
                take(line)
            return process.wait()

    def ask(self, argv: Sequence[str]) -> str:
        """Run a command and take what it prints; empty where it fails."""
        done = subprocess.run(
            self.line(argv),
            cwd=self.folder,
            env=dict(self.environment),
            capture_output=True,
            text=True,
            errors="replace",
        )
        return "" if done.returncode else done.stdout


def here(checkout: Path) -> Side:
    """This machine, with its environments, which may be shared ones."""
    venvs = os.environ.get("MLOPS_DEV_VENVS") or str(checkout / ".venvs")
    return Side("this machine", list, checkout, dict(os.environ), sys.executable, venvs)


def there(root: enter.Root, checkout: str) -> Side:
    """A root with its own Python."""

    def line(argv: Sequence[str]) -> list[str]:
        return enter.command(root, argv, checkout)

    variables = lend.variables(os.environ)
    return Side("the root", line, None, variables, "python3", f"{checkout}/.venvs")


def lent(root: enter.Root, checkout: str, version: str, folder: Path) -> Side:
    """A root with a Python of this machine, and environments of its own."""
    bound = root._replace(binds={**root.binds, str(folder): str(folder)})
    venvs = f"/srv/venvs-{version}"
    side = there(bound, checkout)
    return side._replace(
        python=f"{folder}/bin/python{version}",
        venvs=venvs,
        environment={**side.environment, "MLOPS_DEV_VENVS": venvs},
    )
