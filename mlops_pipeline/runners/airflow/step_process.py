"""Commands of `mlops` as processes of an Airflow worker, or in containers there.

What is started ends when the task ends, even by SIGKILL: its standard input is a pipe from here.
"""

from __future__ import annotations

import contextlib
import json
import logging
import os
import re
import select
import signal
import subprocess
import tempfile
import threading
import time
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from mlops_pipeline.runners.airflow.config import ExecutionConfig
from mlops_pipeline.runners.workers import Forked, may_fork

KILLED = 10.0
"""Seconds within which what is killed has gone."""

TEMPORARY = 75
"""Exit code of a step that was taken away, or found no store: another attempt may do better."""

_LEVELS = {"D": logging.DEBUG, "W": logging.WARNING, "E": logging.ERROR, "F": logging.CRITICAL}

_LEVEL = re.compile(
    r"(?:\d{4}-\d\d-\d\d[ T][\d:,.]+:? (?:- )?(?:\S+ - )?)?"
    r"(?:(?P<word>DEBUG|INFO|WARNING|ERROR|CRITICAL|warning|error)\b"
    r"|(?P<letter>[IWEF])(?:\d{4} [\d:.]+| \S+/))"
)
"""Beginnings of lines as `logging`, absl, TensorFlow and our commands write them."""


@dataclass(frozen=True)
class Step:
    """A command of `mlops` to run.

    Args:
        arguments: the file of the pipeline is named among them as `ir_file`.
        variables: of the environment, further ones.
        secrets: names of the secrets that it takes.
        resources: what it asks of the machine: `cpu`, `memory`, `accelerator`, `count`.
    """

    ir_file: str
    arguments: Sequence[str]
    variables: Mapping[str, str] = field(default_factory=dict)
    secrets: Sequence[str] = ()
    resources: Mapping[str, Any] = field(default_factory=dict)


class StepProcess:
    """A process on the worker, or a container that one starts there."""

    def __init__(self, execution: ExecutionConfig, log: Any) -> None:
        self._execution = execution
        self._log = log
        self._child: subprocess.Popen[str] | Forked | None = None
        self._container: Path | None = None
        self._reader = 0

    def run(self, step: Step) -> tuple[int, Any]:
        """Run a command to its end; its exit code and what it wrote as its result."""
        execution = self._execution
        with tempfile.TemporaryDirectory(prefix="mlops-") as folder:
            result = Path(folder) / "result.json"
            more = {**step.variables, **execution.locations, **self._secrets(step.secrets)}
            if execution.mode == "container":
                self._container = Path(folder) / "container"
            argv = execution.command(
                [*step.arguments, "--result", str(result)],
                [Path(folder), Path(step.ir_file).parent],
                # A secret that is not named comes from the worker, into a container too.
                {*more, *execution.environment, *(n for n in step.secrets if n in os.environ)},
            )
            here = "" if execution.mode == "container" else execution.base_dir
            here = here or str(Path(step.ir_file).parent)
            code = self._run(argv, execution.variables(more), here)
            answer = json.loads(result.read_text()) if result.exists() else None
        return code, answer

    def _secrets(self, names: Sequence[str]) -> dict[str, str]:
        variables = self._execution.secrets
        if not variables:
            return {}
        # Only tasks have what holds them; processes can be started without Airflow.
        from airflow.sdk import Variable

        return {name: Variable.get(variables[name]) for name in names if name in variables}

    def _start(
        self, argv: Sequence[str], environment: Mapping[str, str], here: str
    ) -> subprocess.Popen[str] | Forked:
        if self._execution.mode == "in_process":
            if may_fork():
                # Loaded here: most tasks start other interpreters.
                from mlops_pipeline.runners.airflow.own_process import start_here

                return start_here(argv[3:], environment, here)
            told = "this process has several threads, so a new interpreter is started"
            self._log.log(logging.INFO, "%s", told)
        return subprocess.Popen(
            argv,
            env=dict(environment),
            cwd=here,
            text=True,
            errors="replace",
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
            start_new_session=True,
        )

    def _run(self, argv: Sequence[str], environment: Mapping[str, str], here: str) -> int:
        self._reader = threading.get_ident()
        self._child = self._start(argv, environment, here)
        try:
            for line in self._child.stdout or ():
                self._log.log(level_of(line), "%s", line.rstrip("\n"))
            return self._child.wait()
        except BaseException:
            # A time limit of Airflow's: the node records that it was stopped before its pipes go.
            self.stop()
            raise
        finally:
            for pipe in (self._child.stdin, self._child.stdout):
                if pipe is not None:
                    pipe.close()

    def stop(self) -> None:
        """Stop what was started: first so that it can record it, then for good."""
        child = self._child
        if child is None or _has_ended(child.pid):
            return
        with contextlib.suppress(ProcessLookupError):
            os.kill(child.pid, signal.SIGTERM)
        if not self._drain(child, self._execution.grace):
            self._remove_container()
            with contextlib.suppress(ProcessLookupError):
                os.killpg(child.pid, signal.SIGKILL)
            self._drain(child, KILLED)

    def _drain(self, child: subprocess.Popen[str] | Forked, seconds: float) -> bool:
        """Read on until a process has ended: one that cannot print cannot end either.

        By the descriptor, and with no lock of `Popen`: Airflow calls this in a signal handler,
        which has interrupted the reading and the waiting of this very thread. Another thread goes
        on reading by itself.
        """
        deadline = time.monotonic() + seconds
        mine = self._reader == threading.get_ident() and child.stdout and not child.stdout.closed
        pipes = [child.stdout.fileno()] if mine and child.stdout else []
        while not _has_ended(child.pid):
            left = deadline - time.monotonic()
            if left <= 0:
                return False
            ready, _, _ = select.select(pipes, [], [], min(left, 0.1))
            if ready and not os.read(pipes[0], 65536):
                pipes = []
        return True

    def _remove_container(self) -> None:
        """End a container, which is no child of the command that started it."""
        if self._container is not None and self._container.exists():
            command = [self._execution.engine, "rm", "--force", self._container.read_text().strip()]
            subprocess.run(command, capture_output=True, timeout=60, check=False)


def _has_ended(pid: int) -> bool:
    """Return True if a child has ended; it is left to be waited for."""
    try:
        return os.waitid(os.P_PID, pid, os.WEXITED | os.WNOHANG | os.WNOWAIT) is not None
    except ChildProcessError:
        return True


def level_of(line: str) -> int:
    """Return the log level of a line from a node; INFO if it has none."""
    found = _LEVEL.match(line)
    letter = (found["word"] or found["letter"])[0].upper() if found else "I"
    if found and found["word"] == "CRITICAL":
        letter = "F"
    return _LEVELS.get(letter, logging.INFO)
