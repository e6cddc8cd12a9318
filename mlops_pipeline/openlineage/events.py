"""Events of runs and nodes, made of nothing but what the store keeps of them."""

from __future__ import annotations

import time
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

from mlops_pipeline.artifacts import Artifact, class_named
from mlops_pipeline.gate import read_gate
from mlops_pipeline.openlineage.facets import (
    Facet,
    error_facet,
    findings_of,
    own,
    parameters_facet,
    producer,
    sendable,
    standard,
    test_facet,
    text,
)
from mlops_pipeline.openlineage.names import LONGEST, Named, place_name, stable_uuid
from mlops_pipeline.store import ArtifactRecord, Execution, Run, State

Event = dict[str, Any]

SCHEMA = "https://openlineage.io/spec/2-0-2/OpenLineage.json#/$defs/RunEvent"

EVENT_TYPES = {
    State.RUNNING: "START",
    State.COMPLETE: "COMPLETE",
    State.CACHED: "COMPLETE",
    # ABORT would read as a failure.
    State.SKIPPED: "OTHER",
    State.FAILED: "FAIL",
    State.CANCELED: "ABORT",
}

DATASETS = 500
"""Largest number of artifacts on one side of an event."""

VERDICTS = {"ModelBlessing": "blessed", "InfraBlessing": "infra_blessed"}
"""Types of artifacts that say if a model is good, and the names of these assertions."""


@dataclass(frozen=True)
class Dataset:
    """An artifact in an event.

    Args:
        key: the input or output; it begins with `_` where it was only read to decide.
    """

    record: ArtifactRecord
    named: Named
    key: str


@dataclass(frozen=True)
class RunAround:
    """The run around a node, as its events name it."""

    namespace: str
    run: Run


@dataclass(frozen=True)
class NodeFacts:
    """An execution with the artifacts on both sides."""

    execution: Execution
    inputs: Sequence[Dataset] = ()
    outputs: Sequence[Dataset] = ()
    around: RunAround = field(default_factory=lambda: RunAround("", Run("", "")))


def run_uuid(namespace: str, run: Run) -> str:
    """Return the id of a run of a pipeline."""
    return stable_uuid(run.started, namespace, run.pipeline, run.id)


def run_event(namespace: str, run: Run, kind: str = "", parent: Facet | None = None) -> Event:
    """Return the event of a run as a whole.

    Args:
        kind: the type of the event; empty for that of the run's state.
        parent: the facet of what has started the run, where that is known.
    """
    facets: dict[str, Facet] = {
        "processing_engine": _engine(),
        "executionParameters": parameters_facet(run.parameters),
        "mlops_run": own(
            "MlopsRunRunFacet",
            runId=run.id,
            pipeline=text(run.pipeline),
            state=run.state.value,
            baseRun=run.base_run,
            labels=sendable(run.properties.get("labels") or {}),
        ),
    }
    if parent:
        facets["parent"] = parent
    kind = kind or EVENT_TYPES[run.state]
    return _event(
        kind,
        run.started if kind == "START" and not run.properties.get("resumed") else run.finished,
        {"runId": run_uuid(namespace, run), "facets": facets},
        _job(Named(namespace, run.pipeline), "PIPELINE"),
    )


def node_events(facts: NodeFacts, *, begun: bool) -> list[Event]:
    """Return what an execution has to say: its end is preceded by a start unless that was said."""
    execution = facts.execution
    kind = EVENT_TYPES[execution.state]
    alone = begun or kind in ("START", "OTHER")
    kinds = [kind] if alone else ["START", kind]
    return [_node_event(facts, each) for each in kinds]


def _node_event(facts: NodeFacts, kind: str) -> Event:
    execution, around = facts.execution, facts.around
    assertions = _assertions(facts) if kind != "START" else []
    run = {
        "runId": stable_uuid(
            execution.started,
            run_uuid(around.namespace, around.run),
            execution.node_id,
            execution.iteration,
            execution.id,
        ),
        "facets": _run_facets(facts, kind, assertions),
    }
    job = _job(Named(around.namespace, f"{execution.pipeline}.{execution.node_id}"), "NODE")
    job["facets"]["mlops_component"] = own(
        "MlopsComponentJobFacet", component=text(execution.component), node=text(execution.node_id)
    )
    event = _event(kind, execution.started if kind == "START" else execution.finished, run, job)
    event["inputs"] = [_dataset(each) for each in facts.inputs[:DATASETS]]
    event["outputs"] = [_dataset(each) for each in facts.outputs[:DATASETS]]
    if assertions:
        facet = standard("DataQualityAssertionsDatasetFacet", assertions=assertions)
        for each, written in zip(facts.inputs, event["inputs"], strict=False):
            if not each.key.startswith("_") and each.record.type != "Schema":
                written["inputFacets"] = {"dataQualityAssertions": facet}
    return event


def _run_facets(facts: NodeFacts, kind: str, assertions: Sequence[Any]) -> dict[str, Facet]:
    execution, around = facts.execution, facts.around
    parent = {
        "run": {"runId": run_uuid(around.namespace, around.run)},
        "job": {"namespace": around.namespace, "name": around.run.pipeline[:LONGEST]},
    }
    facets: dict[str, Facet] = {
        "parent": standard("ParentRunFacet", **parent, root=parent),
        "processing_engine": _engine(),
        "executionParameters": parameters_facet(execution.parameters),
        "mlops_node": own(
            "MlopsNodeRunFacet",
            runId=execution.run_id,
            executionId=execution.id,
            iteration=list(execution.iteration),
            attempt=execution.attempt,
            state=State.RUNNING.value if kind == "START" else execution.state.value,
            host=text(execution.host),
            leftOut=sum(max(0, len(s) - DATASETS) for s in (facts.inputs, facts.outputs)),
        ),
        "mlops_cache": own(
            "MlopsCacheRunFacet",
            decision=_decision(execution.state),
            reason=text(execution.reason),
            key=execution.cache_key,
        ),
    }
    if kind in ("FAIL", "ABORT"):
        facets["errorMessage"] = error_facet(execution.error, execution.details)
    if assertions:
        facets["test"] = test_facet(assertions)
    return facets


def _decision(state: State) -> str:
    return {State.CACHED: "cached", State.SKIPPED: "skipped"}.get(state, "run")


def _assertions(facts: NodeFacts) -> list[dict[str, Any]]:
    """Return what a node has found of its inputs: the findings of its gate, and its verdicts."""
    found = findings_of(read_gate(facts.execution.properties))
    for each in facts.outputs:
        if name := VERDICTS.get(each.record.type):
            good = each.record.properties.get("blessed") in (1, "INFRA_BLESSED")
            reasons = sendable(each.record.properties.get("reasons") or [])
            said = "; ".join(map(str, reasons)) if isinstance(reasons, list) else str(reasons)
            found.append(
                {
                    "assertion": name,
                    "success": good,
                    "severity": "error",
                    "description": text(said),
                }
            )
    return found


def _dataset(dataset: Dataset) -> Event:
    record = dataset.record
    kind = class_named(record.type)
    base = (kind.BASE_TYPE or "") if kind else ""
    model = base == "Model" or record.type == "Model"
    sort = standard("DatasetTypeDatasetFacet", datasetType="MODEL" if model else "FILE")
    if record.type:
        sort["subType"] = text(record.type, 200)
    facets: dict[str, Facet] = {
        "datasetType": sort,
        "mlops_artifact": own(
            "MlopsArtifactDatasetFacet",
            artifactId=record.id,
            key=text(dataset.key, 200),
            type=text(record.type, 200),
            uri=text(record.uri),
            digest=record.digest,
            state=record.state.value,
            properties=sendable(record.properties),
        ),
    }
    if record.digest:
        facets["version"] = standard("DatasetVersionDatasetFacet", datasetVersion=record.digest)
    named = dataset.named
    return {"namespace": text(named.namespace), "name": text(named.name, LONGEST), "facets": facets}


def outside_name(record: ArtifactRecord) -> Named:
    """Return the name of an artifact that no node has made."""
    return place_name(record.uri or f"{record.type or Artifact.TYPE_NAME}/{record.id}")


def _engine() -> Facet:
    name, _, version = producer().removeprefix("urn:").partition(":")
    return standard("ProcessingEngineRunFacet", name=name, version=version)


def _job(named: Named, kind: str) -> dict[str, Any]:
    facet = standard(
        "JobTypeJobFacet", processingType="BATCH", integration="MLOPS_PIPELINE", jobType=kind
    )
    return {
        "namespace": text(named.namespace),
        "name": text(named.name, LONGEST),
        "facets": {"jobType": facet},
    }


def _event(kind: str, moment: float, run: Mapping[str, Any], job: Mapping[str, Any]) -> Event:
    at = moment if 0 < moment < 1e11 else time.time()
    whole = time.strftime("%Y-%m-%dT%H:%M:%S", time.gmtime(int(at)))
    return {
        "eventType": kind,
        "eventTime": f"{whole}.{int(at % 1 * 1000):03d}Z",
        "run": dict(run),
        "job": dict(job),
        "inputs": [],
        "outputs": [],
        "producer": producer(),
        "schemaURL": SCHEMA,
    }
