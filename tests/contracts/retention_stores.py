"""A store and a root with what runs have published, for the tests of retention."""

from __future__ import annotations

from contextlib import closing
from dataclasses import replace
from pathlib import Path
from typing import Any

from mlops_pipeline.retention import GcPlan, Policy, plan_gc
from mlops_pipeline.roots.object_store import write_bytes
from mlops_pipeline.run_state import Workspace
from mlops_pipeline.store import (
    ArtifactRecord,
    ArtifactState,
    Execution,
    MetadataStore,
    Run,
    State,
    open_store,
)

NOTHING_KEPT = Policy(keep_last=0, younger=0.0, keep=frozenset(), upstream=frozenset())


class Kept:
    """Runs in a store, each of one node a step, with their files below a root."""

    def __init__(self, folder: Path, url: str = "", root: str = "") -> None:
        self.url = url or f"sqlite:///{folder / 'metadata.db'}"
        self.root = root or str(folder / "root")
        self.clock = 1000.0

    def open(self) -> MetadataStore:
        return open_store(self.url)

    @property
    def workspace(self) -> Workspace:
        return Workspace(self.open(), self.root, Path.cwd())

    def begin(self, run: str, pipeline: str = "pets", **properties: Any) -> None:
        self.clock += 1
        with closing(self.open()) as store:
            store.put_run(Run(run, pipeline, started=self.clock, properties=properties))

    def end(self, run: str, state: State = State.COMPLETE) -> None:
        with closing(self.open()) as store:
            known = store.get_run(run)
            assert known is not None
            store.put_run(replace(known, state=state, finished=known.started + 1))

    def claim(self, run: str, node: str, *inputs: ArtifactRecord, **more: Any) -> Execution:
        with closing(self.open()) as store:
            known = store.get_run(run)
            new = Execution(
                f"pets.{node}", known.pipeline if known else "pets", run, node, State.RUNNING
            )
            new = replace(new, started=self.clock, **more)
            stored, _ = store.put_execution(new, inputs={"x": [each.id for each in inputs]})
            return stored

    def publish(
        self, run: str, node: str, kind: str, *inputs: ArtifactRecord, **properties: Any
    ) -> ArtifactRecord:
        """Record an execution with an output of a type, whose files have a hundred bytes."""
        running = self.claim(run, node, *inputs)
        place = Path(self.root, running.pipeline, node, "out", str(running.id))
        place.mkdir(parents=True)
        (place / "data").write_text("x" * 100)
        return self.end_of(
            running, ArtifactRecord(kind, str(place), properties=properties, digest="d")
        )

    def publish_objects(
        self, run: str, node: str, kind: str, *inputs: ArtifactRecord
    ) -> ArtifactRecord:
        """Record an execution with an output of three bytes in an object store."""
        running = self.claim(run, node, *inputs, properties={"staging": "abcd"})
        uri = f"{self.root}/{running.pipeline}/{node}/out/{running.id}-abcd"
        write_bytes(f"{uri}/data", b"abc")
        return self.end_of(running, ArtifactRecord(kind, uri, digest="d"))

    def end_of(self, running: Execution, record: ArtifactRecord) -> ArtifactRecord:
        """Record the end of an execution with its output."""
        node = running.node_id
        done = replace(running, state=State.COMPLETE, cache_key=f"{node}{running.id}")
        done = replace(done, finished=self.clock + 2)
        with closing(self.open()) as store:
            _, written = store.put_execution(done, outputs={"out": [record]})
        return written["out"][0]

    def run_once(self, run: str, **begun: Any) -> tuple[ArtifactRecord, ArtifactRecord]:
        """Record a complete run of two nodes: examples, and a model made of them."""
        self.begin(run, **begun)
        examples = self.publish(run, "Make", "Examples")
        model = self.publish(run, "Train", "Model", examples)
        self.end(run)
        return examples, model

    def note(self, record: ArtifactRecord, **notes: Any) -> ArtifactRecord:
        """Record one more artifact at the same place, which has notes."""
        done = Execution("pets.Note", "pets", "notes", "note", State.COMPLETE)
        put = replace(record, id=0, name="", notes=notes)
        with closing(self.open()) as store:
            _, written = store.put_execution(done, outputs={"out": [put]})
        return written["out"][0]

    def plan(self, policy: Policy = NOTHING_KEPT, **changes: Any) -> GcPlan:
        return plan_gc(self.url, self.root, replace(policy, **changes))

    def states(self, *records: ArtifactRecord) -> list[ArtifactState]:
        with closing(self.open()) as store:
            return [each.state for each in store.artifacts([r.id for r in records])]

    def read(self, record: ArtifactRecord) -> ArtifactRecord:
        with closing(self.open()) as store:
            return store.artifacts([record.id])[0]


def ids(plan: GcPlan) -> set[int]:
    """Return ids of the artifacts that go."""
    return {record.id for each in plan.going for record in each.artifacts}
