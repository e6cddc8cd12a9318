"""Events of a run made again from the store, where a spool was lost or never there."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

from mlops_pipeline.openlineage.events import Event, node_events, run_event
from mlops_pipeline.openlineage.recording import Recorder
from mlops_pipeline.openlineage.spool import Spool
from mlops_pipeline.store import ArtifactRecord, Direction, MetadataStore, Run, State


def events_of_run(store: MetadataStore, run: Run, namespace: str) -> Iterator[Event]:
    """Yield the events of a run as they were recorded, or would have been."""
    recorder = Recorder(store, Spool(Path()), namespace)
    yield run_event(namespace, run, "START")
    for execution in store.executions_of_run(run.id):
        outputs: dict[str, list[ArtifactRecord]] = {}
        events = [
            e for e in store.events_by_execution([execution.id]) if e.direction is Direction.OUTPUT
        ]
        records = {r.id: r for r in store.artifacts({e.artifact_id for e in events})}
        for event in sorted(events, key=lambda e: (e.key, e.index)):
            if event.artifact_id in records:
                outputs.setdefault(event.key, []).append(records[event.artifact_id])
        yield from node_events(recorder.facts(execution, outputs), begun=False)
    if run.state is not State.RUNNING:
        yield run_event(namespace, run)
