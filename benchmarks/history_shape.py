"""A history of runs as the framework records them, for benchmarks of the store: 8 nodes a run.

Each run has a key, parameters and a manifest for each node, 11 artifacts, 23 events and the
contexts of its pipeline, run and nodes. Half of the models are blessed. One run in four is another
pipeline's, and the first 30 are of one that has not run since.
"""

from __future__ import annotations

import hashlib
import sys
import time
from collections.abc import Mapping
from dataclasses import dataclass

from mlops_pipeline.store import ArtifactRecord, ArtifactType, Execution, MetadataStore, Run, State

OFTEN, SELDOM, OLD = "taxi", "weekly", "retired"
OLD_RUNS = 30
SPAN = 125
"""Runs after them that are repeated to make a history large: 1,000 executions."""

TYPES = (
    ArtifactType("Examples", "Dataset", {"span": "INT", "version": "INT", "split_names": "STRING"}),
    ArtifactType("ExampleStatistics", "Statistics", {"span": "INT", "split_names": "STRING"}),
    ArtifactType("Schema"),
    ArtifactType("ExampleAnomalies", None, {"span": "INT", "split_names": "STRING"}),
    ArtifactType("TransformGraph"),
    ArtifactType("Model", "Model"),
    ArtifactType("ModelRun"),
    ArtifactType("ModelEvaluation"),
    ArtifactType("ModelBlessing"),
    ArtifactType("PushedModel", "Model"),
)


@dataclass(frozen=True)
class Node:
    """A node: what it reads (`node.output`, by input) and what it writes (type, by output)."""

    name: str
    reads: Mapping[str, str]
    writes: Mapping[str, str]


NODES = (
    Node("CsvExampleGen", {}, {"examples": "Examples"}),
    Node(
        "StatisticsGen",
        {"examples": "CsvExampleGen.examples"},
        {"statistics": "ExampleStatistics"},
    ),
    Node("SchemaGen", {"statistics": "StatisticsGen.statistics"}, {"schema": "Schema"}),
    Node(
        "ExampleValidator",
        {"statistics": "StatisticsGen.statistics", "schema": "SchemaGen.schema"},
        {"anomalies": "ExampleAnomalies"},
    ),
    Node(
        "Transform",
        {"examples": "CsvExampleGen.examples", "schema": "SchemaGen.schema"},
        {"transform_graph": "TransformGraph", "transformed_examples": "Examples"},
    ),
    Node(
        "Trainer",
        {
            "examples": "Transform.transformed_examples",
            "transform_graph": "Transform.transform_graph",
            "schema": "SchemaGen.schema",
        },
        {"model": "Model", "model_run": "ModelRun"},
    ),
    Node(
        "Evaluator",
        {"examples": "CsvExampleGen.examples", "model": "Trainer.model"},
        {"evaluation": "ModelEvaluation", "blessing": "ModelBlessing"},
    ),
    Node(
        "Pusher",
        {"model": "Trainer.model", "blessing": "Evaluator.blessing"},
        {"pushed_model": "PushedModel"},
    ),
)


def component(node: str) -> str:
    """Return the execution type of a node."""
    return f"mlops_components.{node.lower()}.{node}"


def prefix(copy: int) -> str:
    """Return the beginning of the names in a copy of the first runs (`history_copies.py`)."""
    return f"k{copy:04}-"


def _place(number: int) -> tuple[int, int]:
    """Return the copy that a run is in, and which of the first runs it is like."""
    copy, place = divmod(max(0, number - OLD_RUNS), SPAN)
    return copy, place + OLD_RUNS if number >= OLD_RUNS else number


def run_id(number: int) -> str:
    """Return the id of a run."""
    copy, place = _place(number)
    return f"{prefix(copy)}{place:07}"


def pipeline_of(number: int) -> str:
    """Return the pipeline of a run."""
    if number < OLD_RUNS:
        return OLD
    return SELDOM if number % 4 == 0 else OFTEN


def cache_key(number: int, node: str) -> str:
    """Return the cache key of a node in a run."""
    copy, place = _place(number)
    return prefix(copy) + hashlib.sha256(f"{place}/{node}".encode()).hexdigest()[:58]


def execution(number: int, node: str) -> Execution:
    """Return the record of a node that has run."""
    key = cache_key(number, node)
    now = time.time()
    return Execution(
        component=component(node),
        pipeline=pipeline_of(number),
        run_id=run_id(number),
        node_id=node,
        state=State.COMPLETE,
        name=f"{key}.0",
        parameters={"steps": 1000, "learning_rate": 0.001, "optimizer": "adam", "span": number},
        cache_key=key,
        reason="no earlier result has the same code, parameters and inputs",
        manifest='{"code": {"trainer.run": "'
        + key
        + '"}, "inputs": {"examples": ["'
        + key
        + '"]}}',
        log=f"/pipelines/taxi/.logs/{run_id(number)}/{node}.1.log",
        host="benchmark",
        pid=4711,
        started=now,
        finished=now,
        properties={"staging": key[:8], "outputs": ["output"]},
    )


def artifact(number: int, node: str, output: str, kind: str) -> ArtifactRecord:
    """Return the record of an output."""
    key = cache_key(number, node)
    properties: dict[str, object] = {}
    if kind.startswith("Example"):
        properties = {"span": number, "split_names": '["train", "eval"]'}
    elif kind == "ModelBlessing":
        properties = {"blessed": number % 2, "current_model_id": 0}
    return ArtifactRecord(
        type=kind,
        uri=f"/pipelines/taxi/{node}/{output}/{run_id(number)}",
        name=f"{key}@0:{output}:0",
        properties={name: value for name, value in properties.items() if value is not None},
        digest=hashlib.sha256(f"{key}{output}".encode()).hexdigest(),
    )


def put_run(store: MetadataStore, number: int) -> dict[str, int]:
    """Record a whole run; returns the ids of its artifacts, by `node.output`."""
    now = time.time()
    run = Run(
        run_id(number),
        pipeline_of(number),
        State.COMPLETE,
        ir="d" * 64,
        parameters={"span": number},
        started=now,
        finished=now + 1,
        properties={"host": "benchmark", "root": "/pipelines", "labels": {}},
    )
    store.put_run(run)
    made: dict[str, int] = {}
    for node in NODES:
        inputs = {name: [made[place]] for name, place in node.reads.items()}
        outputs = {o: [artifact(number, node.name, o, kind)] for o, kind in node.writes.items()}
        _, written = store.put_execution(
            execution(number, node.name), inputs=inputs, outputs=outputs
        )
        made.update((f"{node.name}.{o}", records[0].id) for o, records in written.items())
    return made


def fill(store: MetadataStore, start: int, end: int) -> None:
    """Record the runs from `start` to `end`, `end` left out."""
    store.register_types(TYPES)
    begun = time.monotonic()
    for number in range(start, end):
        put_run(store, number)
        if sys.stderr.isatty() and number % 50 == 0:
            sys.stderr.write(f"\rfilling: run {number} of {end}, {time.monotonic() - begun:.0f} s ")
    if sys.stderr.isatty():
        sys.stderr.write("\n")
