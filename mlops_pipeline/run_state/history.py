"""History of a run: the latest execution of each node, with its outputs."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

from mlops_pipeline.errors import StoreError
from mlops_pipeline.store import (
    ArtifactRecord,
    ArtifactState,
    Direction,
    Execution,
    MetadataStore,
    State,
)

Iteration = tuple[int, ...]


@dataclass(frozen=True)
class Outcome:
    """Result of one attempt at a node.

    Args:
        retryable: whether a failed attempt may be tried again.
    """

    node_id: str
    iteration: Iteration
    execution: Execution
    outputs: Mapping[str, Sequence[ArtifactRecord]] = field(default_factory=dict)
    retryable: bool = False

    @property
    def state(self) -> State:
        """State of the execution."""
        return self.execution.state

    @property
    def published(self) -> bool:
        """True if it has outputs."""
        return self.execution.published


@dataclass
class History:
    """The latest outcome of each node of one run, by node and iteration.

    Args:
        lists: lists that nodes wrote, by artifact: every iteration of a loop asks for its own.
        intact: ids of executions whose rows were found as they had been published.
    """

    outcomes: dict[str, dict[Iteration, Outcome]] = field(default_factory=dict)
    lists: dict[int, list[Any]] = field(default_factory=dict)
    intact: set[int] = field(default_factory=set)
    _attempts: Counter[tuple[str, Iteration]] = field(default_factory=Counter)
    _completed: Counter[tuple[str, Iteration]] = field(default_factory=Counter)

    def add(self, outcome: Outcome) -> None:
        """Remember an outcome; a later one of the same node and iteration replaces it."""
        place = (outcome.node_id, outcome.iteration)
        self.outcomes.setdefault(outcome.node_id, {})[outcome.iteration] = outcome
        self._attempts[place] += 1
        self._completed[place] += outcome.state is State.COMPLETE

    def attempts(self, node_id: str, iteration: Iteration = ()) -> int:
        """Count the executions of one iteration of a node in the run."""
        return self._attempts[node_id, iteration]

    def completed(self, node_id: str, iteration: Iteration = ()) -> int:
        """Count those of them that did the work and published a result."""
        return self._completed[node_id, iteration]

    def get(self, node_id: str, iteration: Iteration = ()) -> Outcome | None:
        """Return the latest outcome of one iteration of a node."""
        return self.outcomes.get(node_id, {}).get(iteration)

    def within(self, node_id: str, iteration: Iteration) -> list[Outcome]:
        """Return outcomes of all iterations of a node that begin with `iteration`, in order."""
        found = self.outcomes.get(node_id, {})
        length = len(iteration)
        return [found[key] for key in sorted(found) if key[:length] == iteration]

    def all(self) -> list[Outcome]:
        """Return every outcome."""
        return [each for found in self.outcomes.values() for each in found.values()]


def load_history(store: MetadataStore, run_id: str) -> History:
    """Read from the store what a run has done so far."""
    history = History()
    executions = store.executions_of_run(run_id)
    outputs = load_outputs(store, [e for e in executions if e.published])
    for execution in executions:
        history.add(
            Outcome(
                execution.node_id, execution.iteration, execution, outputs.get(execution.id, {})
            )
        )
    return history


def node_label(node_id: str, iteration: Iteration) -> str:
    """Return a node with its place in the loops: `Trainer[0,2]`."""
    return f"{node_id}[{','.join(map(str, iteration))}]" if iteration else node_id


def load_outputs(
    store: MetadataStore, executions: Iterable[Execution]
) -> dict[int, dict[str, list[ArtifactRecord]]]:
    """Return the artifacts that executions wrote: by execution id, by output, in order."""
    return load_links(store, executions, Direction.OUTPUT)


def load_links(
    store: MetadataStore,
    executions: Iterable[Execution],
    direction: Direction,
    *,
    lenient: bool = False,
) -> dict[int, dict[str, list[ArtifactRecord]]]:
    """Return the artifacts that executions read or wrote: by execution id, by key, in order.

    Args:
        lenient: an artifact whose row is gone becomes a damaged one.

    Raises:
        StoreError: the row of an artifact is gone.
    """
    ids = [execution.id for execution in executions]
    if not ids:
        return {}
    events = [e for e in store.events_by_execution(ids) if e.direction is direction]
    records = {record.id: record for record in store.artifacts({e.artifact_id for e in events})}
    links: dict[int, dict[str, list[ArtifactRecord]]] = {}
    for event in sorted(events, key=lambda e: (e.execution_id, e.key, e.index)):
        if event.artifact_id not in records:
            if not lenient:
                raise StoreError(
                    f"the store lacks artifact {event.artifact_id} of execution "
                    f"{event.execution_id}",
                    hint="another program has removed its row: restore the store from a copy",
                )
            records[event.artifact_id] = _gone(event.artifact_id)
        keyed = links.setdefault(event.execution_id, {})
        keyed.setdefault(event.key, []).append(records[event.artifact_id])
    return links


def _gone(artifact_id: int) -> ArtifactRecord:
    state = ArtifactState.DELETED
    return ArtifactRecord("", "", artifact_id, state=state, damage="its row is gone")
