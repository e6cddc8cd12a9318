"""Context of a running executor, and the protocol of class executors."""

from __future__ import annotations

from collections.abc import Mapping
from contextvars import ContextVar
from dataclasses import dataclass, field
from functools import cached_property
from pathlib import Path
from typing import Any, Protocol

from mlops_pipeline.artifacts import Artifact
from mlops_pipeline.errors import DefinitionError
from mlops_pipeline.gate import Finding, finding

Taken = Artifact | list[Artifact] | None
"""Value of an input: the artifact, a list of them, or nothing."""


@dataclass(frozen=True)
class TaskContext:
    """Inputs, outputs and parameters of a running executor.

    Args:
        name: `<run id>/<node id>`.
        inputs: artifacts by input; a list for an input that takes many, None for one left out.
        outputs: artifacts to write, by output.
        parameters: typed values, secrets among them.
        folders: where `scratch` and `state_dir` are; each is made when it is first asked for.
        findings: those given to `gate`.
    """

    name: str
    inputs: Mapping[str, Taken]
    outputs: Mapping[str, Artifact]
    parameters: Mapping[str, Any]
    folders: tuple[Path, Path]
    findings: list[Finding] = field(default_factory=list)

    @cached_property
    def scratch(self) -> Path:
        """An empty folder that is deleted afterwards."""
        self.folders[0].mkdir(parents=True, exist_ok=True)
        return self.folders[0]

    @cached_property
    def state_dir(self) -> Path:
        """A folder that later attempts of the same node and run find again, for checkpoints."""
        self.folders[1].mkdir(parents=True, exist_ok=True)
        return self.folders[1]

    def gate(self, action: str, reason: str) -> None:
        """Say what is wrong, and what is to come of it; may be called any number of times.

        The outputs are published in any case. `warn` records the reason; `skip` has the nodes
        that depend on this one skipped; `fail` fails this one, which is not tried again.
        """
        self.findings.append(finding(action, reason))


class Executor(Protocol):
    """A class executor: made without arguments, called once, then dropped.

    It returns what a component function would: nothing, or the values of its value outputs.

    >>> class CountLines:
    ...     def execute(self, task: TaskContext) -> int:
    ...         return len(task.inputs["text"].path.read_text().splitlines())
    """

    def execute(self, task: TaskContext) -> Any:
        """Read `task.inputs`, write `task.outputs`."""


CURRENT: ContextVar[TaskContext] = ContextVar("current_task")
"""The context of the task that runs here."""


def current_task() -> TaskContext:
    """Return the context of the task that is running here: folders, name, and its gate.

    Raises:
        DefinitionError: no task is running in this thread.
    """
    try:
        return CURRENT.get()
    except LookupError:
        raise DefinitionError(
            "current_task() was called outside a running executor",
            hint="call it in the component's body, in the thread that runs it",
        ) from None
