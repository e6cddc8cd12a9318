"""What the tests of comparisons share: runs that are written fact by fact, and as real ones."""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

from mlops_pipeline.errors import PipelineError
from mlops_pipeline.inspection.comparison import Comparison, Row, compare_runs
from mlops_pipeline.store import ArtifactRecord, Execution, MemoryStore, Run, State

PROJECT = """
import json
from mlops_pipeline import Input, Output, component, latest, pipeline
from mlops_pipeline.artifacts import Examples, Model, ModelEvaluation

@component
def Gen(rows: int, examples: Output[Examples]) -> None:
    (examples.path / "data.csv").write_text("a,b\\n" * rows)
    examples.properties["num_examples"] = {"train": rows}

@component
def Train(examples: Input[Examples], steps: int, model: Output[Model]) -> None:
    size = len((examples.path / "data.csv").read_text())
    (model.path / "weights").write_text(str(size * steps))

@component
def Evaluate(model: Input[Model], evaluation: Output[ModelEvaluation]) -> None:
    score = int((model.path / "weights").read_text())
    if score == 52:
        raise ValueError("52 is unlucky")
    slices = [{"slice": {"country": "DE"}, "metrics": {"auc": score / 200}}]
    text = json.dumps({"overall": {"auc": score / 100}, "slices": slices})
    (evaluation.path / "metrics.json").write_text(text)

@pipeline
def scored(rows: int = 2, steps: int = 5) -> None:
    gen = Gen(rows=rows)
    train = Train(examples=gen.outputs["examples"], steps=steps)
    Evaluate(model=train.outputs["model"])
"""


class Story:
    """Runs that are written node by node."""

    def __init__(self) -> None:
        self.store = MemoryStore()
        self.metrics: dict[int, str] = {}

    def run(self, run_id: str, pipeline: str = "p", **facts: Any) -> str:
        times: dict[str, Any] = {"started": 100.0, "finished": 103.0}
        self.store.put_run(Run(run_id, pipeline, State.COMPLETE, **{**times, **facts}))
        return run_id

    def node(
        self,
        run_id: str,
        name: str,
        *,
        reads: Mapping[str, Sequence[int]] | None = None,
        writes: Mapping[str, ArtifactRecord] | None = None,
        **facts: Any,
    ) -> dict[str, int]:
        """Record a node of a run; returns the numbers of its outputs."""
        known: dict[str, Any] = {"state": State.COMPLETE, "started": 100.0, "finished": 101.0}
        execution = Execution(
            component=name, pipeline="p", run_id=run_id, node_id=name, **{**known, **facts}
        )
        outputs = {key: [record] for key, record in (writes or {}).items()}
        _, stored = self.store.put_execution(execution, inputs=reads or {}, outputs=outputs)
        return {key: records[0].id for key, records in stored.items()}

    def evaluate(self, run_id: str, document: Any, node: str = "Evaluate") -> None:
        """Record an evaluation with these metrics, or with a file of this text."""
        evaluation = ArtifactRecord("ModelEvaluation", f"/{run_id}/{node}")
        number = self.node(run_id, node, writes={"evaluation": evaluation})["evaluation"]
        self.metrics[number] = document if isinstance(document, str) else json.dumps(document)

    def read(self, record: ArtifactRecord) -> bytes:
        if record.id not in self.metrics:
            raise PipelineError("metrics.json is not there")
        return self.metrics[record.id].encode()

    def compare(self, *names: str) -> Comparison:
        runs = [self.store.get_run(name) for name in names]
        return compare_runs(self.store, [run for run in runs if run], self.read)


def manifest(store: MemoryStore, code: Mapping[str, str] | None = None, **parts: Any) -> str:
    """Return a manifest with these parts of the code, by their source texts."""
    sources = {name: store.put_document(text) for name, text in (code or {}).items()}
    known = {"code": sources, "packages": {"python": "3.11"}, **parts}
    return json.dumps({"parts": known, "sources": sources})


def model(digest: str) -> ArtifactRecord:
    return ArtifactRecord("Model", f"/models/{digest}", digest=digest)


def examples(digest: str, **properties: Any) -> ArtifactRecord:
    return ArtifactRecord("Examples", f"/data/{digest}", digest=digest, properties=properties)


def row(found: Comparison, kind: str, name: str) -> Row:
    (only,) = [each for each in found.rows if (each.kind, each.name) == (kind, name)]
    return only


def names(rows: Sequence[Row]) -> list[str]:
    return [f"{each.kind} {each.name}" for each in rows]


def write_project(folder: Path, text: str = PROJECT) -> None:
    (folder / "pipeline.py").write_text(text)
