"""Messages between launcher and executor: plain data, as JSON.

A `Task` crosses process and container borders; it never holds a secret's value.
"""

from __future__ import annotations

from typing import Any

from msgspec import Struct

from mlops_pipeline.gate import Gate
from mlops_pipeline.ir import ExecutorIR


class ArtifactRef(Struct, frozen=True, omit_defaults=True):
    """An artifact as an executor sees it; `uri` of an output is its staging folder.

    Args:
        path: the local copy of an input that is kept elsewhere.
    """

    type: str
    uri: str
    id: int = 0
    properties: dict[str, Any] = {}
    digest: str = ""
    path: str = ""


class Task(Struct, frozen=True, omit_defaults=True):
    """Everything that an executor needs, and nothing more.

    Args:
        name: `<run id>/<node id>`, for messages.
        inputs: artifacts by input name; an optional input without any is an empty list.
        outputs: artifacts to write, by output name.
        values: names of the outputs that are the executor's return values.
        many: names of the inputs that are taken as a list.
        parameters: JSON values by name.
        secrets: names of the environment variables that hold secret parameters, by parameter.
        timeout: seconds.
        scratch: an empty folder that is deleted afterwards.
        state_dir: a folder that later attempts of the same node and run find again.
        log: file that takes what the executor prints.
        import_paths: folders that user modules are found in, first match wins.
        key: the cache key.
        code: SHA-256 of each file of code that the key covers, by path.
        declared: paths that are known without being observed: path parameters, the artifact root.
    """

    name: str
    executor: ExecutorIR
    inputs: dict[str, list[ArtifactRef]] = {}
    outputs: dict[str, ArtifactRef] = {}
    values: tuple[str, ...] = ()
    many: tuple[str, ...] = ()
    parameters: dict[str, Any] = {}
    secrets: dict[str, str] = {}
    timeout: float | None = None
    scratch: str = ""
    state_dir: str = ""
    log: str = ""
    import_paths: tuple[str, ...] = ()
    key: str = ""
    code: dict[str, str] = {}
    declared: tuple[str, ...] = ()

    def own_paths(self) -> frozenset[str]:
        """Return the paths that the task knows without being observed."""
        taken = [ref for refs in self.inputs.values() for ref in refs]
        paths = [ref.path or ref.uri for ref in [*taken, *self.outputs.values()]]
        paths += [self.scratch, self.state_dir, self.log, *self.declared]
        return frozenset(path.removeprefix("file://") for path in paths if path)


class Observed(Struct, frozen=True, omit_defaults=True):
    """What a task used beside what its key says; names are absolute, or as it gave them.

    Args:
        files: stamps of files when they were first read; empty where there was none.
        folders: names in folders that were listed, after the word `names` or, where only modules
            were looked for, `modules`.
        modules: SHA-256 of modules that the key does not name, or names otherwise, as loaded.
        environment: salted digests of the variables that were read; empty where one was not set.
        marks: permissions or targets of files and links that were asked for.
        packages: names of modules that were imported at run time, and may be installed ones.
        changed: what changed meanwhile, in words.
        complete: false if not all of it could be kept.
    """

    files: dict[str, str] = {}
    folders: dict[str, list[str]] = {}
    modules: dict[str, str] = {}
    environment: dict[str, str] = {}
    marks: dict[str, str] = {}
    packages: tuple[str, ...] = ()
    changed: str = ""
    complete: bool = True


class TaskResult(Struct, frozen=True, omit_defaults=True):
    """Result of a task.

    Args:
        properties: properties that the executor set, by output.
        error: empty on success, else one line that says what went wrong.
        hint: what to do about it, where known.
        details: the tail of the traceback or of the output.
        retryable: whether another attempt may succeed.
        gate: decision of the executor about the nodes after it.
        stale: a file of code that this process has loaded before it was changed, so that the
            task was not run.
    """

    properties: dict[str, dict[str, Any]] = {}
    error: str = ""
    hint: str = ""
    details: str = ""
    retryable: bool = True
    gate: Gate | None = None
    observed: Observed = Observed()
    stale: str = ""


def seed_of(key: str) -> int:
    """Return the seed that a cache key gives: its first eight hexadecimal digits, 32 bits."""
    return int(f"{key:0<8.8}", 16) if key else 0
