"""Results of a run, read from the store: its nodes, artifacts, times and decisions."""

from __future__ import annotations

import functools
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Any

from mlops_pipeline.artifacts import Artifact, class_named
from mlops_pipeline.errors import NotFoundError, RunFailedError, did_you_mean
from mlops_pipeline.inspection.card import card
from mlops_pipeline.inspection.node_run import NodeRun
from mlops_pipeline.roots import Copies
from mlops_pipeline.run_state import (
    TAG,
    copies_in,
    last_sign,
    load_links,
    node_label,
    quiet_state,
    run_seconds,
    state_of,
)
from mlops_pipeline.settings import Sources, resolve
from mlops_pipeline.store import (
    ArtifactRecord,
    Direction,
    Execution,
    MetadataStore,
    Run,
    State,
    deletion_of,
)
from mlops_pipeline.uris import is_remote

KILLED = "its process was killed"
"""Error of a node that was running when its run's process ended without a word."""


@dataclass(frozen=True)
class PipelineRun:
    """A run of a pipeline, as the store knows it; `run["Trainer"]` is one of its nodes.

    Args:
        nodes: by name, in the order in which they began.
        lease: seconds without a sign of life after which a process elsewhere counts as dead.
    """

    record: Run
    nodes: Mapping[str, NodeRun]
    lease: float = 60.0

    @property
    def id(self) -> str:
        """The id of the run."""
        return self.record.id

    @property
    def pipeline(self) -> str:
        """The name of the pipeline."""
        return self.record.pipeline

    @property
    def state(self) -> State:
        """State of the run; one whose process was killed has failed.

        So has a scheduler's run in which a node failed, and of which nothing more was heard.
        """
        state = state_of(self.record)
        if state is State.RUNNING:
            executions = [node.execution for node in self.nodes.values()]
            return quiet_state(self.record, executions, self.lease)
        return state

    @property
    def parameters(self) -> Mapping[str, Any]:
        """The values of the run parameters."""
        return self.record.parameters

    @property
    def duration(self) -> float:
        """Seconds from beginning to end, so far if it is not over, without the time between an
        end and a resume."""
        ended = self.record.finished
        if not ended and self.state is not State.RUNNING:
            ended = last_sign(self.record, [node.execution for node in self.nodes.values()])
        return run_seconds(self.record, ended)

    @property
    def failed(self) -> list[NodeRun]:
        """The nodes that failed."""
        return [node for node in self.nodes.values() if node.state is State.FAILED]

    @property
    def damage(self) -> list[str]:
        """What of its records is not as it should be, each with its name."""
        found = [f"run {self.id}: {self.record.damage}"] if self.record.damage else []
        return found + [text for node in self.nodes.values() for text in node.damage]

    @property
    def decisions(self) -> dict[str, str]:
        """Decision for each node: `run`, `cached`, `skipped`, `failed`..."""
        return {name: node.decision for name, node in self.nodes.items()}

    def artifacts(self, type_name: str = "") -> list[Artifact]:
        """Return all artifacts that the nodes wrote, or those of one type, each once."""
        found: dict[int, Artifact] = {}
        for node in self.nodes.values():
            for artifact in (each for written in node.outputs.values() for each in written):
                if type_name in ("", artifact.TYPE_NAME):
                    found.setdefault(artifact.id, artifact)
        return list(found.values())

    def check(self) -> PipelineRun:
        """Return the run itself, if it has not failed.

        Raises:
            RunFailedError: it did, with the message of the first failed node; or it was stopped.
        """
        if self.state is State.CANCELED:
            raise RunFailedError(
                f"run {self.id} was stopped", hint=f"go on with `mlops resume {self.id}`"
            )
        if self.state is State.FAILED:
            first = self.failed[0] if self.failed else None
            said = f"{first.name}: {first.execution.error}" if first else "no node ran"
            raise RunFailedError(
                f"run {self.id} failed: {said}", hint=f"go on with `mlops resume {self.id}`"
            )
        return self

    def __getitem__(self, name: str) -> NodeRun:
        if name not in self.nodes:
            raise NotFoundError(
                f"run {self.id} has no node {name!r}", hint=did_you_mean(name, self.nodes)
            )
        return self.nodes[name]

    def __iter__(self) -> Iterator[NodeRun]:
        return iter(self.nodes.values())

    def __len__(self) -> int:
        return len(self.nodes)

    def __repr__(self) -> str:
        return (
            f"<PipelineRun {self.id} of {self.pipeline}: {self.state.value.lower()}, "
            f"{len(self.nodes)} nodes, {self.duration:.1f} s>"
        )

    def _repr_html_(self) -> str:
        return card(self.record, self.state, self.duration, list(self))


def read_run(
    store: MetadataStore, run_id: str, copies: Copies | None = None, lease: float = 60.0
) -> PipelineRun:
    """Read a run from the store.

    Args:
        copies: local copies of artifacts that are kept elsewhere, as for `artifact_object`.
        lease: seconds without a sign of life after which a process elsewhere counts as dead.

    Raises:
        NotFoundError: there is no such run.
    """
    run = store.get_run(run_id)
    if run is None:
        recent = [each.id for each in store.list_runs(limit=50)]
        hint = did_you_mean(run_id, recent)
        raise NotFoundError(
            f"there is no run {run_id!r}",
            hint=hint if hint.startswith("did") else "list the runs with `mlops runs`",
        )
    _, executions = settled(run, store.executions_of_run(run.id), lease)
    # Failed nodes have read their inputs too, and a replay needs them.
    inputs = load_links(store, executions, Direction.INPUT, lenient=True)
    published = [e for e in executions if e.published]
    outputs = load_links(store, published, Direction.OUTPUT, lenient=True)
    tries: dict[str, list[Execution]] = {}
    for execution in executions:
        tries.setdefault(node_name(execution), []).append(execution)
    nodes = {
        name: NodeRun(
            name=name,
            execution=attempts[-1],
            attempts=len(attempts),
            inputs=_objects(inputs.get(attempts[-1].id, {}), copies),
            outputs=_objects(outputs.get(attempts[-1].id, {}), copies),
        )
        for name, attempts in tries.items()
    }
    return PipelineRun(run, nodes, lease)


def settled(
    run: Run, executions: Sequence[Execution], lease: float
) -> tuple[State, list[Execution]]:
    """Return the state of a run and its executions as they are, where a process was killed."""
    state = state_of(run)
    if state is State.RUNNING:
        state = quiet_state(run, executions, lease)
    ended = state is not State.RUNNING
    return state, [_as_it_is(each) if ended else each for each in executions]


def _as_it_is(execution: Execution) -> Execution:
    """Return an execution of a run that has ended; if it was running there, as failed."""
    if execution.state is not State.RUNNING:
        return execution
    seen = max(execution.started, execution.heartbeat)
    return replace(execution, state=State.FAILED, error=KILLED, finished=seen)


def node_name(execution: Execution) -> str:
    """Return the node of an execution with its iteration: `Trainer[0,2]`."""
    return node_label(execution.node_id, execution.iteration)


def artifact_object(record: ArtifactRecord, copies: Copies | None = None) -> Artifact:
    """Return the artifact of a record, as an object of its class.

    An artifact of a class that is not imported becomes one of a class made up for it.

    Args:
        copies: local copies for an artifact that is kept elsewhere; by default, those that the
            settings of the current folder name.
    """
    name = record.type.replace("\0", "") or "Damaged"
    kind: type[Artifact] = class_named(name) or type(name, (Artifact,), {})
    properties = {key: value for key, value in record.properties.items() if key != TAG}
    artifact = kind(record.uri, id=record.id, properties=properties, digest=record.digest)
    if deleted := deletion_of(record):
        artifact.deleted = deleted
    if record.damage:
        artifact.damage = record.damage
    if is_remote(record.uri):
        copies = _copies_here() if copies is None else copies
        artifact.fetch = functools.partial(copies.hold, record.uri, record.digest)
    return artifact


def _copies_here() -> Copies:
    """Return the local copies by the settings of the current folder."""
    settings = resolve(Sources()).values
    return copies_in(settings.scratch, settings.scratch_limit)


def _objects(
    links: Mapping[str, Sequence[ArtifactRecord]], copies: Copies | None
) -> dict[str, list[Artifact]]:
    return {
        key: [artifact_object(record, copies) for record in found] for key, found in links.items()
    }
