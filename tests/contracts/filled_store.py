"""A store of many runs, each of three nodes in a row, written by bulk statements."""

from __future__ import annotations

from typing import Any

from mlops_metadata.engine import Session, SqlStore
from mlops_metadata.engine.schema import TABLES
from mlops_metadata.engine.writing import link, put_artifacts, put_events, put_properties
from mlops_metadata.layout import records
from mlops_metadata.layout.rows import ArtifactCode, ArtifactRow, EventCode, EventRow, ExecutionCode
from mlops_pipeline.store import ArtifactRecord, Execution, Run, State

RUNS = {"sqlite": 300, "postgresql": 5000, "mysql": 5000}
"""As many as make an index the shorter way; SQLite counts none."""

NODES = (("ExampleGen", "Examples"), ("Transform", "Graph"), ("Trainer", "Model"))
RARE = 100
"""One run in so many is of another pipeline."""


def name_of(what: str, number: int) -> str:
    """The name of something of a run; all of them are in the last node."""
    return f"{what}-{number:06}"


def fill(store: SqlStore, kind: str) -> None:
    """Record the first run by calls, for the types, and the others by few statements."""
    for pipeline in ("rare", "often"):
        store.put_run(Run(f"first-{pipeline}", pipeline, State.COMPLETE))
    types = {}
    for component, output in NODES:
        made = Execution(component, "often", "first-often", "n", State.COMPLETE, cache_key="first")
        _, written = store.put_execution(made, outputs={"o": [ArtifactRecord(output, "/first")]})
        types[component] = written["o"][0].id
    store.database.write(lambda session: _fill(session, range(RUNS[kind])))
    for table in TABLES if kind != "sqlite" else ():
        words = "ANALYZE TABLE" if kind == "mysql" else "ANALYZE"
        store.database.write(lambda s, words=words, table=table: s.run(f"{words} {table}"))


def _fill(session: Session, numbers: range) -> None:
    found = session.rows("SELECT name, id FROM Type")
    types: dict[str, int] = dict(found)
    ids: dict[str, int] = dict(session.rows("SELECT name, id FROM Context"))
    kinds = [(records.RUN, "run"), (records.CACHE, "key")]
    rows = [(types[kind], name_of(what, i), 1, 1) for kind, what in kinds for i in numbers]
    columns = ("type_id", "name", "create_time_since_epoch", "last_update_time_since_epoch")
    contexts = session.insert("Context", columns, rows)
    runs, keys = contexts[: len(numbers)], contexts[len(numbers) :]
    pipelines = [ids["often" if i % RARE else "rare"] for i in numbers]
    properties = {
        each: ({}, records.write_run(Run(name_of("run", i), "often", State.COMPLETE)))
        for i, each in enumerate(runs)
    }
    put_properties(session, "Context", properties)
    both = list(zip(runs, pipelines, strict=True))
    session.insert("ParentContext", ("context_id", "parent_context_id"), both)
    before: list[int] = []
    for component, output in NODES:
        executions = _executions(session, types[component], component, numbers)
        artifacts = _artifacts(session, types[output], output, numbers)
        _events(session, executions, before, artifacts)
        for i, (execution, artifact) in enumerate(zip(executions, artifacts, strict=True)):
            of = [runs[i], pipelines[i], ids["often.n"], *([keys[i]] if output == "Model" else [])]
            link(session, "Association", "execution_id", of, [execution])
            link(session, "Attribution", "artifact_id", of, [artifact])
        before = artifacts


def _executions(session: Session, type_id: int, component: str, numbers: range) -> list[int]:
    columns = ("type_id", "last_known_state", "name")
    rows = [(type_id, int(ExecutionCode.COMPLETE), name_of("claim", i)) for i in numbers]
    ids = session.insert("Execution", columns, rows)
    put_properties(
        session,
        "Execution",
        {
            each: ({}, records.write_execution(_execution(component, i), type_id).custom)
            for i, each in enumerate(ids)
        },
    )
    return ids


def _execution(component: str, number: int) -> Execution:
    run, parameters = name_of("run", number), {"steps": number, "rate": 0.1}
    return Execution(component, "often", run, "n", State.COMPLETE, parameters=parameters)


def _artifacts(session: Session, type_id: int, output: str, numbers: range) -> list[int]:
    rows: list[Any] = [
        ArtifactRow(
            type_id,
            output,
            uri=name_of("/uri", i),
            state=ArtifactCode.LIVE,
            name=name_of("out", i),
            custom={"mlops.digest": "d", "span": i},
        )
        for i in numbers
    ]
    return put_artifacts(session, rows, 1)


def _events(session: Session, executions: list[int], inputs: list[int], outputs: list[int]) -> None:
    for kind, artifacts in ((EventCode.INPUT, inputs), (EventCode.OUTPUT, outputs)):
        pairs = zip(artifacts, executions, strict=False)
        put_events(session, [EventRow(kind, ("o", 0), a, e) for a, e in pairs], 1)
