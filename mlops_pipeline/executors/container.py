"""Runs the container of a node with the `podman` or `docker` command of this machine.

Files are mounted at the paths that they have outside: inputs for reading, outputs for writing.
The container runs as the user who runs the pipeline, so that what it writes can be moved and
deleted, and it has the engine's default network.
"""

from __future__ import annotations

import contextlib
import json
import os
import re
import select
import shutil
import subprocess
import sys
import time
import uuid
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from pathlib import Path, PurePath
from typing import Any

import msgspec

from mlops_pipeline.artifacts import Artifact, ValueArtifact
from mlops_pipeline.errors import ExecutorError, ParameterError, did_you_mean
from mlops_pipeline.executors.binding import bind, hints_of
from mlops_pipeline.executors.context import TaskContext
from mlops_pipeline.executors.task import Task, TaskResult
from mlops_pipeline.ir import ContainerExecutor
from mlops_pipeline.tracebacks import DETAILS_LIMIT, tail
from mlops_pipeline.uris import is_remote

ENGINES = ("podman", "docker")
_PLACEHOLDER = re.compile(r"\{\{\s*(inputs|outputs|parameters)\.([^{}]+?)\s*\}\}")
_READ_SIZE = 64 * 1024
# What the engine says of itself is no output of the container.
_QUIET = {"PODMAN_IGNORE_CGROUPSV1_WARNING": "1"}


def run_container(task: Task, executor: ContainerExecutor, target: Any) -> TaskResult:
    """Run a task's container and wait for its end.

    Args:
        target: the component that declares the interface, or its function, or None.

    Raises:
        ExecutorError: there is no engine, or the container failed, or it left out an output.
        ParameterError: a placeholder names nothing that the component has.
    """
    hints = {} if target is None else hints_of(getattr(target, "function", target))
    bound = bind(task, hints)
    arguments, environment = _arguments(task, executor, bound)
    _Container(task, executor.image, find_engine(task.name), arguments, environment).run()
    _check_values(task, bound)
    return TaskResult()


def find_engine(task_name: str = "a container") -> str:
    """Return the path of the container command: podman, else docker.

    Raises:
        ExecutorError: neither is installed.
    """
    for engine in ENGINES:
        if path := shutil.which(engine):
            return path
    raise ExecutorError(
        f"{task_name} needs {' or '.join(ENGINES)}, and neither is on the PATH",
        hint="install podman (Debian: apt-get install podman)",
        retryable=False,
    )


def _arguments(
    task: Task, executor: ContainerExecutor, bound: TaskContext
) -> tuple[list[str], dict[str, str]]:
    """Return the arguments of the engine's `run`, and the environment that it hands on unseen."""
    filler = _Filler(task, bound)
    arguments = _mounts(task, bound)
    hidden: dict[str, str] = {}
    for key, template in executor.environment.items():
        value = filler.text(template)
        if filler.names_secret(template):
            # Named only: the engine takes the value from its own environment, unseen by `ps`.
            hidden[key] = value
            arguments += ["--env", key]
        else:
            arguments += ["--env", f"{key}={value}"]
    if any(filler.names_secret(template) for template in executor.command):
        raise ParameterError(
            f"{task.name}: a secret in the command of a container can be seen by everybody",
            hint="put it in `environment`, and read the variable in the container",
        )
    words = [word for template in executor.command for word in filler.words(template)]
    if words:
        arguments += ["--entrypoint", words[0]]
    return [*arguments, executor.image, *words[1:]], hidden


def _mounts(task: Task, bound: TaskContext) -> list[str]:
    reading: list[Path] = [v for v in bound.parameters.values() if isinstance(v, Path)]
    for taken in bound.inputs.values():
        artifacts = taken if isinstance(taken, list) else [taken] if taken else []
        reading += [artifact.path for artifact in artifacts if _is_local(artifact)]
    writing = [_folder(a) for a in bound.outputs.values() if _is_local(a)]
    writing += [Path(folder) for folder in (task.scratch, task.state_dir) if folder]
    for folder in writing:
        # Those that a component's body would make when it asks for them.
        folder.mkdir(parents=True, exist_ok=True)
    mounts: dict[Path, str] = dict.fromkeys(reading, ",readonly") | dict.fromkeys(writing, "")
    arguments = []
    for path, mode in sorted(mounts.items()):
        if "," in str(path) or not path.exists():
            raise ExecutorError(
                f"{task.name}: {path} cannot be mounted in a container",
                hint="it must exist, and have no comma in its name",
                retryable=False,
            )
        arguments += ["--mount", f"type=bind,source={path},target={path}{mode}"]
    return arguments


def _is_local(artifact: Artifact) -> bool:
    return artifact.fetch is not None or not is_remote(artifact.uri)


def _folder(artifact: Artifact) -> Path:
    return artifact.path.parent if isinstance(artifact, ValueArtifact) else artifact.path


@dataclass(frozen=True)
class _Filler:
    """Replaces placeholders by the values of a task."""

    task: Task
    bound: TaskContext

    def names_secret(self, template: str) -> bool:
        """Return True if a secret parameter is among the placeholders."""
        return any(
            kind == "parameters" and name in self.task.secrets
            for kind, name in _PLACEHOLDER.findall(template)
        )

    def words(self, template: str) -> list[str]:
        """Return the arguments for one element of a command.

        A placeholder that is a whole element gives one argument for each artifact: none for an
        optional input that was left out.
        """
        whole = _PLACEHOLDER.fullmatch(template)
        return self._values(whole[1], whole[2]) if whole else [self.text(template)]

    def text(self, template: str) -> str:
        """Return a text with its placeholders filled in; several artifacts are joined by commas."""
        return _PLACEHOLDER.sub(lambda m: ",".join(self._values(m[1], m[2])), template)

    def _values(self, kind: str, rest: str) -> list[str]:
        if kind == "parameters":
            return [_as_text(self._find(self.bound.parameters, rest, kind))]
        name, _, form = rest.rpartition(".")
        if form not in ("uri", "path"):
            raise ParameterError(
                f"{self.task.name}: the placeholder {{{{{kind}.{rest}}}}} lacks .uri or .path",
                hint=f"write {{{{{kind}.{rest.partition('.')[0]}.path}}}}",
            )
        known: Mapping[str, Any] = self.bound.inputs if kind == "inputs" else self.bound.outputs
        taken = self._find(known, name, kind)
        artifacts = taken if isinstance(taken, list) else [taken] if taken else []
        return [str(artifact.path) if form == "path" else artifact.uri for artifact in artifacts]

    def _find(self, known: Mapping[str, Any], name: str, kind: str) -> Any:
        if name not in known:
            raise ParameterError(
                f"{self.task.name}: the container's command names {kind}.{name}, "
                "which the component does not have",
                hint=did_you_mean(name, known),
            )
        return known[name]


def _as_text(value: Any) -> str:
    if isinstance(value, str | PurePath):
        return str(value)
    return json.dumps(msgspec.to_builtins(value, enc_hook=str, str_keys=True))


@dataclass(frozen=True)
class _Container:
    """One run of a container; secrets are in `environment` only, never in `arguments`."""

    task: Task
    image: str
    engine: str
    arguments: list[str]
    environment: dict[str, str] = field(repr=False)
    name: str = field(default_factory=lambda: f"mlops-{uuid.uuid4().hex[:16]}")

    def run(self) -> None:
        """Run it to its end, handing on what it prints."""
        process = subprocess.Popen(
            [self.engine, "run", *self._identity(), *self.arguments],
            env={**_QUIET, **os.environ, **self.environment},
            stdin=subprocess.DEVNULL,
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
        )
        printed = b""
        try:
            for data in self._output(process):
                printed = (printed + data)[-DETAILS_LIMIT:]
            code = process.wait()
        except BaseException:
            # Timeout or Ctrl-C: the engine's command would leave the container running.
            self._remove()
            process.kill()
            process.wait()
            raise
        finally:
            if process.stdout:
                process.stdout.close()
        if code:
            raise self._failure(code, tail(printed.decode(errors="replace")))

    def _identity(self) -> list[str]:
        user = f"{os.getuid()}:{os.getgid()}"
        words = ["--rm", "--name", self.name, "--label", f"mlops.task={self.task.name}"]
        # Without the label, SELinux would keep it from reading what is mounted.
        words += ["--user", user, "--security-opt", "label=disable"]
        if Path(self.engine).name == "podman" and os.getuid() != 0:
            # Rootless: the same number inside and outside.
            words += ["--userns", "keep-id"]
        return words

    def _output(self, process: subprocess.Popen[bytes]) -> Iterator[bytes]:
        assert process.stdout is not None
        timeout = self.task.timeout
        deadline = None if timeout is None else time.monotonic() + timeout
        poll = select.poll()
        poll.register(process.stdout, select.POLLIN)
        while True:
            left = None if deadline is None else max(deadline - time.monotonic(), 0)
            if not poll.poll(None if left is None else left * 1000):
                raise ExecutorError(f"{self.task.name} timed out after {timeout:g} s")
            data = os.read(process.stdout.fileno(), _READ_SIZE)
            if not data:
                return
            sys.stdout.write(data.decode(errors="replace"))
            sys.stdout.flush()
            yield data

    def _remove(self) -> None:
        # `kill` first: podman's `rm --force` gives it ten seconds to end by itself.
        for words in (["kill", self.name], ["rm", "--force", self.name]):
            with contextlib.suppress(subprocess.TimeoutExpired):
                subprocess.run([self.engine, *words], capture_output=True, check=False, timeout=10)

    def _failure(self, code: int, printed: str) -> ExecutorError:
        engine = Path(self.engine).name
        what, hint, retryable = {
            125: ("could not be started", f"see if `{engine} pull {self.image}` works", True),
            126: ("has a command that cannot be executed", "see its mode and interpreter", False),
            127: ("does not have its command", "name one that is in the image", False),
            137: ("was killed by SIGKILL", "it may have run out of memory", True),
        }.get(code, (f"ended with exit code {code}", "look in the log of the node", True))
        return ExecutorError(
            f"{self.task.name}: container {self.image} {what}",
            hint=hint,
            retryable=retryable,
            details=printed,
        )


def _check_values(task: Task, bound: TaskContext) -> None:
    for name, artifact in bound.outputs.items():
        if not isinstance(artifact, ValueArtifact):
            continue
        try:
            artifact.read()
        except FileNotFoundError:
            problem = "did not write it"
        except ValueError as error:
            problem = f"wrote what cannot be read: {error}"
        else:
            continue
        raise ExecutorError(
            f"{task.name}: value output {name!r}: the container {problem}",
            hint=f"write {artifact.TYPE_NAME} as text to the file {{{{outputs.{name}.path}}}}",
            retryable=False,
        )
