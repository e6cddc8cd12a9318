"""A store that also records what is written to it as events.

Every change of a run passes here, whoever makes it: the publisher, a failure, a process that finds
another one dead, a scheduler's step. A spool that cannot be written costs events, never a node.
"""

from __future__ import annotations

import logging
import os
import uuid
from collections.abc import Callable, Iterator, Mapping, Sequence
from pathlib import Path
from typing import Any, cast

from mlops_pipeline.openlineage.events import (
    Dataset,
    Event,
    NodeFacts,
    RunAround,
    node_events,
    outside_name,
    run_event,
)
from mlops_pipeline.openlineage.facets import Facet, standard, text
from mlops_pipeline.openlineage.names import Named, logical_name
from mlops_pipeline.openlineage.sending import send_aside
from mlops_pipeline.openlineage.spool import Spool
from mlops_pipeline.settings import Settings
from mlops_pipeline.store import (
    NOTHING,
    ArtifactRecord,
    Direction,
    Execution,
    MetadataStore,
    Run,
    State,
)

log = logging.getLogger(__name__)

PARENT = "OPENLINEAGE_PARENT_ID"
"""Variable with what has started a run, as other integrations set it: `namespace/job/run id`."""

_IMPORTERS = (".Importer", ".ImporterNode")
"""Ends of the identities of importers, ours and those of TFX."""

_KNOWN = 10_000
"""Names of artifacts that a process remembers."""


def recording_store(store: MetadataStore, settings: Settings) -> MetadataStore:
    """Return a store that records events of runs, as the settings say."""
    limit = int(settings.openlineage_limit * 1_000_000)
    spool = Spool(Path(settings.openlineage_spool), limit)
    recorder = Recorder(store, spool, settings.openlineage_namespace)
    found = _RecordingStore(store, recorder, lambda: send_aside(settings))
    return cast(MetadataStore, found)


class _RecordingStore:
    """A store whose writes of runs and executions are told to a recorder, too.

    Args:
        on_end: called when a run has ended.
    """

    def __init__(
        self, store: MetadataStore, recorder: Recorder, on_end: Callable[[], object]
    ) -> None:
        self._store = store
        self._recorder = recorder
        self._on_end = on_end

    def __getattr__(self, name: str) -> Any:
        return getattr(self._store, name)

    def put_run(self, run: Run, *, new: bool = False) -> None:
        self._store.put_run(run, new=new)
        if self._recorder.run(run) and run.state is not State.RUNNING:
            self._on_end()

    def put_execution(
        self,
        execution: Execution,
        *,
        inputs: Mapping[str, Sequence[int]] = NOTHING,
        outputs: Mapping[str, Sequence[ArtifactRecord]] = NOTHING,
        only_live: bool = False,
    ) -> tuple[Execution, dict[str, list[ArtifactRecord]]]:
        stored, written = self._store.put_execution(
            execution, inputs=inputs, outputs=outputs, only_live=only_live
        )
        self._recorder.execution(stored, written, begun=bool(execution.id))
        return stored, written


class Recorder:
    """Makes events of records, and writes them to a spool.

    What it remembers only saves questions to the store: a process that goes on where another one
    has ended says the same.
    """

    def __init__(self, store: MetadataStore, spool: Spool, namespace: str) -> None:
        self._store = store
        self._spool = spool
        self._namespace = namespace
        self._runs: dict[str, Run] = {}
        self._said: dict[str, tuple[str, Any]] = {}
        self._names: dict[int, Named] = {}
        self._inputs: dict[int, list[Dataset]] = {}
        self._warned = False

    def run(self, run: Run) -> bool:
        """Record the begin, the resumption or the end of a run; returns False if it is neither."""
        said = (run.state.value, run.properties.get("resumed"))
        before = self._said.get(run.id)
        self._runs[run.id], self._said[run.id] = run, said
        if said != before:
            self._write(lambda: [run_event(self._namespace, run, parent=parent_facet())])
        return said != before

    def execution(
        self,
        execution: Execution,
        outputs: Mapping[str, Sequence[ArtifactRecord]],
        *,
        begun: bool,
    ) -> None:
        """Record the begin or the end of an execution."""
        if begun and execution.state is State.COMPLETE:
            # What was claimed has been made here; others may hand on what there was.
            self._learn(execution, outputs)
        self._write(lambda: node_events(self.facts(execution, outputs), begun=begun))

    def facts(
        self, execution: Execution, outputs: Mapping[str, Sequence[ArtifactRecord]]
    ) -> NodeFacts:
        """Return what the events of an execution are made of."""
        inputs = self._inputs.pop(execution.id, None)
        if inputs is None:
            inputs = self._inputs_of(execution)
        if execution.state is State.RUNNING:
            self._inputs[execution.id] = inputs
        run = self._runs.get(execution.run_id) or self._store.get_run(execution.run_id)
        run = run or Run(execution.run_id, execution.pipeline)
        self._runs[run.id] = run
        written = [(key, record) for key, records in outputs.items() for record in records]
        return NodeFacts(
            execution, inputs, self._datasets(written), RunAround(self._namespace, run)
        )

    def _learn(self, execution: Execution, outputs: Mapping[str, Sequence[ArtifactRecord]]) -> None:
        for key, records in outputs.items():
            named = logical_name(self._namespace, execution.pipeline, execution.node_id, key)
            self._names |= {record.id: named for record in records}

    def _inputs_of(self, execution: Execution) -> list[Dataset]:
        events = [
            event
            for event in self._store.events_by_execution([execution.id])
            if event.direction is Direction.INPUT
        ]
        records = {r.id: r for r in self._store.artifacts({e.artifact_id for e in events})}
        ordered = sorted(events, key=lambda e: (e.key, e.index))
        return self._datasets(
            [(e.key, records[e.artifact_id]) for e in ordered if e.artifact_id in records]
        )

    def _datasets(self, found: Sequence[tuple[str, ArtifactRecord]]) -> list[Dataset]:
        unknown = [record for _, record in found if record.id not in self._names]
        if unknown:
            if len(self._names) > _KNOWN:
                self._names.clear()
            self._names |= dict(self._made_by(unknown))
        names = self._names
        return [
            Dataset(record, names.get(record.id) or outside_name(record), key)
            for key, record in found
        ]

    def _made_by(self, records: Sequence[ArtifactRecord]) -> Iterator[tuple[int, Named]]:
        """Yield the names of artifacts, by the first execution that wrote each."""
        ids = {record.id for record in records}
        events = [
            event
            for event in self._store.events_by_artifact(ids)
            if event.direction is Direction.OUTPUT
        ]
        first = {e.artifact_id: e for e in sorted(events, key=lambda e: -e.execution_id)}
        makers = {e.id: e for e in self._store.executions({e.execution_id for e in first.values()})}
        for record in records:
            event = first.get(record.id)
            maker = makers.get(event.execution_id) if event else None
            # What an importer hands on is somewhere else, under its own name.
            if maker is None or event is None or maker.component.endswith(_IMPORTERS):
                yield record.id, outside_name(record)
            else:
                yield (
                    record.id,
                    logical_name(self._namespace, maker.pipeline, maker.node_id, event.key),
                )

    def _write(self, make: Callable[[], list[Event]]) -> None:
        try:
            dropped = self._spool.append(make())
        except Exception as error:
            self._warn(f"no OpenLineage event was written: {type(error).__name__}: {error}")
            log.debug("an event was not written", exc_info=error)
        else:
            if dropped:
                self._warn(
                    f"the OpenLineage spool {self._spool.folder} is full: {dropped} older events "
                    "were dropped; see `mlops openlineage status`"
                )

    def _warn(self, said: str) -> None:
        if not self._warned:
            log.warning("%s", said)
        self._warned = True


def parent_facet() -> Facet | None:
    """Return the facet of what has started this process, if it says so in the environment."""
    parts = os.environ.get(PARENT, "").split("/")
    if len(parts) < 3 or not all(parts):
        return None
    namespace, job = "/".join(parts[:-2]), parts[-2]
    try:
        run = str(uuid.UUID(parts[-1]))
    except ValueError:
        return None
    return standard(
        "ParentRunFacet",
        run={"runId": run},
        job={"namespace": text(namespace), "name": text(job)},
    )
