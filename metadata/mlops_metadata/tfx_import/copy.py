"""Imports what a metadata store of TFX holds: runs, executions, artifacts and what links them.

Files stay where they are. Each execution is imported in one transaction, under a name that it has
only once, so that an import which was stopped is finished by the next, and one that is repeated
brings what is new.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

from mlops_metadata.layout.tfx_records import state_of_run
from mlops_metadata.tfx_import.source import Source, Step, open_source
from mlops_pipeline.errors import StoreError
from mlops_pipeline.store import (
    AlreadyExistsError,
    ArtifactRecord,
    Direction,
    Execution,
    MetadataStore,
    Run,
    State,
)

IMPORTER = "mlops_metadata.import_tfx_store"
"""The component that stands for whoever made what no execution of TFX has made."""

ORIGIN = "imported_from"
"""The property of runs and executions that tells the store that they come from."""

_MODELS = ("current_model_id", "baseline_model_id")
"""Properties that hold the id of an artifact."""


@dataclass(frozen=True)
class Imported:
    """The result of an import.

    Args:
        source: where the store lies, and `identity`, what tells it from others.
        pipelines: names of those that it holds.
        runs, executions, artifacts: how many are new here.
        known: executions that were here already.
        running: executions that have not ended, and were left out.
        beside: pipelines that have runs here that are not from that store.
    """

    source: str
    identity: str
    pipelines: tuple[str, ...] = ()
    runs: int = 0
    executions: int = 0
    artifacts: int = 0
    known: int = 0
    running: int = 0
    beside: tuple[str, ...] = ()


def import_tfx_store(source: str | Path, store: MetadataStore) -> Imported:
    """Import a metadata store of TFX, which is only read.

    Args:
        source: a SQLite file of ML Metadata, in either layout of TFX.
        store: what it is imported into; what is there already is left alone.

    Raises:
        StoreError: the source cannot be read, or holds no executions.
    """
    with open_source(source) as theirs:
        identity = theirs.identity()
        store.register_types(theirs.types())
        importing = _Import(theirs, store, identity)
        for step in theirs.steps():
            importing.take(step)
        if not importing.runs:
            raise StoreError(
                f"{theirs.name} holds no executions of TFX", hint="check the path of the store"
            )
        runs = importing.put_runs()
        return Imported(
            source=theirs.name,
            identity=identity,
            pipelines=tuple(dict.fromkeys(pipeline for pipeline, _ in importing.runs)),
            runs=runs,
            executions=importing.executions,
            artifacts=importing.artifacts,
            known=importing.known,
            running=importing.running,
            beside=tuple(sorted(importing.beside)),
        )


@dataclass
class _TheirRun:
    """A run of the source, as far as its executions were read."""

    id: str
    new: bool
    executions: list[Execution]


class _Import:
    """An import on its way: what was mapped to what, and how much was done."""

    def __init__(self, source: Source, store: MetadataStore, identity: str) -> None:
        self._source = source
        self._store = store
        self._identity = identity
        self._ids: dict[int, int] = {}
        self.runs: dict[tuple[str, str], _TheirRun] = {}
        self.executions = self.artifacts = self.known = self.running = 0
        self.beside: set[str] = set()
        self._looked: set[str] = set()

    def take(self, step: Step) -> None:
        """Import an execution, unless it is here, or has not ended."""
        theirs = step.execution
        run = self._run_of(theirs)
        run.executions.append(theirs)
        if theirs.state is State.RUNNING:
            self.running += 1
            return
        name = self._name(theirs.id)
        known = self._store.execution_by_name(theirs.component, name)
        if known is None:
            known = self._put(step, run, name)
        else:
            self.known += 1
        self._remember(known.id, step.outputs)

    def _name(self, number: int, kind: str = "") -> str:
        return f"tfx:{self._identity}:{kind}{number}"

    def _put(self, step: Step, run: _TheirRun, name: str) -> Execution:
        theirs = step.execution
        ours = replace(
            theirs,
            id=0,
            name=name,
            run_id=run.id,
            reason=theirs.reason or "imported from TFX",
            heartbeat=0.0,
            properties={ORIGIN: self._identity, "tfx_id": theirs.id, "tfx_name": theirs.name},
        )
        inputs = {key: self._input_ids(found) for key, found in step.inputs.items()}
        outputs = {key: [self._ours(a) for a in found] for key, found in step.outputs.items()}
        try:
            stored, _ = self._store.put_execution(ours, inputs=inputs, outputs=outputs)
        except AlreadyExistsError:
            # Another import of the same store was faster.
            found = self._store.execution_by_name(theirs.component, name)
            if found is None:
                raise
            self.known += 1
            return found
        self.executions += 1
        self.artifacts += sum(not a.id for found in outputs.values() for a in found)
        return stored

    def _input_ids(self, found: Sequence[ArtifactRecord]) -> list[int]:
        return [self._ids.get(a.id) or self._imported_alone(a) for a in found]

    def _ours(self, artifact: ArtifactRecord) -> ArtifactRecord:
        """Return the artifact to write; a known one gets only an event."""
        known = self._ids.get(artifact.id) or self._alone(artifact)
        if known:
            return replace(artifact, id=known)
        properties = dict(artifact.properties)
        for name in _MODELS:
            # Their number of the model: ours is another one.
            if name in properties:
                properties[name] = self._ids.get(int(properties[name] or 0), 0)
        return replace(artifact, id=0, name=self._name(artifact.id), properties=properties)

    def _alone(self, artifact: ArtifactRecord) -> int:
        """Return the id of an artifact that was imported without an execution; 0 if none was."""
        name = self._name(artifact.id, "artifact:")
        known = self._store.execution_by_name(IMPORTER, name)
        if known is None:
            return 0
        return self._store.events_by_execution([known.id])[0].artifact_id

    def _imported_alone(self, artifact: ArtifactRecord) -> int:
        """Import an artifact that no execution has made, such as files from outside."""
        record = self._ours(artifact)
        if not record.id:
            execution = Execution(
                component=IMPORTER,
                pipeline="",
                run_id="",
                node_id="",
                state=State.COMPLETE,
                name=self._name(artifact.id, "artifact:"),
                reason="imported from TFX",
                properties={ORIGIN: self._identity},
            )
            _, written = self._store.put_execution(execution, outputs={"artifact": [record]})
            (record,) = written["artifact"]
            self.artifacts += 1
        self._ids[artifact.id] = record.id
        return record.id

    def _remember(self, execution_id: int, outputs: Mapping[str, Sequence[Any]]) -> None:
        """Map their artifacts to ours, by the index in the outputs."""
        if not outputs:
            return
        for event in self._store.events_by_execution([execution_id]):
            if event.direction is Direction.OUTPUT and event.index < len(outputs[event.key]):
                self._ids[outputs[event.key][event.index].id] = event.artifact_id

    def _run_of(self, execution: Execution) -> _TheirRun:
        key = (execution.pipeline, execution.run_id)
        if key not in self.runs:
            self.runs[key] = self._find_run(execution)
        return self.runs[key]

    def _find_run(self, execution: Execution) -> _TheirRun:
        """Return the run under its own id, or under a longer one if that is taken."""
        taken = {run.id for run in self.runs.values()}
        wanted = execution.run_id
        names = (
            wanted,
            f"{execution.pipeline}.{wanted}",
            f"{execution.pipeline}.{wanted}.{self._identity}",
        )
        for name in names if wanted else ():
            known = self._store.get_run(name) if name not in taken else None
            if name not in taken and (known is None or self._is_ours(known)):
                self._look_beside(execution.pipeline)
                return _TheirRun(name, known is None, [])
        return _TheirRun("", False, [])

    def _is_ours(self, run: Run) -> bool:
        """Return True if a run comes from the same store; its import may have been stopped."""
        if run.properties.get(ORIGIN) == self._identity:
            return True
        start = self._name(0).removesuffix("0")
        return any(e.name.startswith(start) for e in self._store.executions_of_run(run.id))

    def _look_beside(self, pipeline: str) -> None:
        if pipeline in self._looked:
            return
        self._looked.add(pipeline)
        for run in self._store.list_runs(pipeline=pipeline, limit=20):
            if not run.properties.get(ORIGIN) and not self._is_ours(run):
                self.beside.add(pipeline)

    def put_runs(self) -> int:
        """Write the runs; returns how many are new."""
        for (pipeline, run_id), run in self.runs.items():
            if not run.id:
                continue
            record = self._record(pipeline, run_id, run)
            if self._store.get_run(run.id) != record:
                self._store.put_run(record)
        return sum(run.new for run in self.runs.values())

    def _record(self, pipeline: str, run_id: str, run: _TheirRun) -> Run:
        state = state_of_run(run.executions)
        base = self.runs.get((pipeline, self._source.base_run(run_id)))
        return Run(
            id=run.id,
            pipeline=pipeline,
            state=state,
            base_run=base.id if base else "",
            started=min(e.started for e in run.executions),
            finished=0.0
            if state is State.RUNNING
            else max(execution.finished for execution in run.executions),
            properties={ORIGIN: self._identity, "tfx_run": run_id, "tfx_source": self._source.name},
        )
