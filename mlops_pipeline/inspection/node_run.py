"""A node of a run, as the store knows it: what it read and wrote, its time and its decision."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from functools import cached_property

from mlops_pipeline.artifacts import Artifact
from mlops_pipeline.errors import NotFoundError, did_you_mean
from mlops_pipeline.gate import Gate, read_gate
from mlops_pipeline.run_state import elapsed
from mlops_pipeline.store import Execution, State

Artifacts = Mapping[str, Sequence[Artifact]]


@dataclass(frozen=True)
class NodeRun:
    """A node of a run, or one iteration of it: its last attempt, and what it read and wrote.

    Args:
        name: the node's id, with its iteration: `Trainer[0]`.
        attempts: how many there were in this run.
        inputs, outputs: artifacts by name, in order.
    """

    name: str
    execution: Execution
    attempts: int
    inputs: Artifacts
    outputs: Artifacts

    @property
    def state(self) -> State:
        """State of the node."""
        return self.execution.state

    @property
    def decision(self) -> str:
        """Decision: `run`, `cached`, `skipped`, `failed`, `canceled` or `running`."""
        state = self.execution.state
        return "run" if state is State.COMPLETE else state.value.lower()

    @property
    def reason(self) -> str:
        """Reason why it was cached, skipped or had to run."""
        return self.execution.reason

    @property
    def gate(self) -> Gate | None:
        """Gate of the node; of a skipped node, the gate that closed it off."""
        return self._gate[0]

    @cached_property
    def _gate(self) -> tuple[Gate | None, str]:
        """The gate, and what is wrong with it."""
        try:
            return read_gate(self.execution.properties), ""
        except ValueError as error:
            return None, f"its gate cannot be read: {error}"

    @property
    def damage(self) -> list[str]:
        """What of its records is not as it should be, each with its name."""
        execution = self.execution
        found = list(filter(None, (execution.damage, self._gate[1])))
        damage = [f"{self.name}, execution {execution.id}: {'; '.join(found)}"] if found else []
        for links in (self.inputs, self.outputs):
            for key, artifacts in links.items():
                for each in artifacts:
                    if each.damage:
                        damage.append(f"{self.name}.{key}, artifact {each.id}: {each.damage}")
        return damage

    @property
    def duration(self) -> float:
        """Seconds that the last attempt took, so far if it is not over."""
        return elapsed(self.execution.started, self.execution.finished)

    def artifact(self, output: str = "") -> Artifact:
        """Return the only artifact of an output; the output may be left out if there is only one.

        Raises:
            NotFoundError: there is no such output, or not exactly one artifact.
        """
        if not output and len(self.outputs) == 1:
            output = next(iter(self.outputs))
        found = self.outputs.get(output, ())
        if len(found) == 1:
            return found[0]
        if output in self.outputs or (not output and self.outputs):
            raise NotFoundError(
                f"{self.name} has {len(found) or len(self.outputs)} artifacts to choose from",
                hint=f"take one from .outputs: {', '.join(self.outputs)}",
            )
        raise NotFoundError(
            f"{self.name} has no output {output!r}" if output else f"{self.name} has no outputs",
            hint=did_you_mean(output, self.outputs),
        )
