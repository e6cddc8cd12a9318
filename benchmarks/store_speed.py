"""Speed of the metadata store, with the stock MLMD client beside it where both can do a thing.

Prints medians in milliseconds, for stores of each size, all in one run:

    python benchmarks/store_speed.py --sizes 1000 10000

Filling a store of 10,000 executions takes about half a minute.
"""

from __future__ import annotations

import argparse
import statistics
import sys
import tempfile
import time
from collections.abc import Callable
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

from mlops_metadata.by_file import open_sqlite
from mlops_pipeline.store import (
    ArtifactRecord,
    ArtifactType,
    Direction,
    Execution,
    MetadataStore,
    Run,
    State,
)

NODES = 8
"""Nodes of a run in the history, a chain."""

WIDE = 70
"""Nodes of the run whose executions are read at once."""


@dataclass(frozen=True)
class Subject:
    """A filled store, and the stock client on the same file."""

    store: MetadataStore
    stock: Any
    runs: int


def node(run: str, number: int, **changes: Any) -> Execution:
    """Return an execution with what the engine records of one."""
    key = f"{run}/{number}".rjust(64, "0")
    execution = Execution(
        component=f"history.Component{number % NODES}",
        pipeline="history",
        run_id=run,
        node_id=f"node-{number}",
        state=State.COMPLETE,
        name=f"{key}.1",
        parameters={"steps": 100, "learning_rate": 0.001, "optimizer": "adam"},
        cache_key=key,
        reason="no earlier execution has this cache key",
        manifest="m" * 64,
        log=f"/pipelines/history/node-{number}/log",
        host="benchmark",
        pid=4711,
        started=time.time(),
        finished=time.time(),
    )
    return replace(execution, **changes)


def output(run: str, number: int) -> dict[str, list[ArtifactRecord]]:
    """Return one artifact, as the engine records one."""
    kind = "Examples" if number == 0 else "Model"
    place = f"/pipelines/history/node-{number}/output/{run}"
    return {"output": [ArtifactRecord(kind, place, name=f"{run}/{number}:0", digest="d" * 64)]}


def chain(store: MetadataStore, run: str, length: int) -> int:
    """Record a run of so many nodes in a chain; return the id of the last artifact."""
    store.put_run(Run(run, "history", State.COMPLETE, ir="i" * 64, started=time.time()))
    last: list[int] = []
    for number in range(length):
        execution = node(run, number)
        _, written = store.put_execution(
            execution, inputs={"input": last}, outputs=output(run, number)
        )
        last = [written["output"][0].id]
    return last[0]


def fill(path: Path, executions: int) -> Subject:
    """Return a store with a history."""
    store = open_sqlite(f"sqlite:///{path}")
    store.register_types([ArtifactType("Examples", "Dataset"), ArtifactType("Model", "Model")])
    runs = executions // NODES
    for number in range(runs):
        chain(store, f"run-{number}", NODES)
        if sys.stderr.isatty():
            sys.stderr.write(f"\rfilling: run {number + 1} of {runs} ")
    if sys.stderr.isatty():
        sys.stderr.write("\n")
    chain(store, "wide", WIDE)
    return Subject(store, stock_client(path), runs)


def stock_client(path: Path) -> Any:
    """Return the file as TFX opens it."""
    import ml_metadata
    from ml_metadata.proto import metadata_store_pb2

    config = metadata_store_pb2.ConnectionConfig()
    config.sqlite.filename_uri = str(path)
    return ml_metadata.MetadataStore(config)


def median(act: Callable[[int], object], repeats: int) -> float:
    """Measure the median time of `act(0)`, `act(1)`, ... in milliseconds."""
    times = []
    for number in range(repeats):
        start = time.perf_counter()
        act(number)
        times.append(time.perf_counter() - start)
    return 1000 * statistics.median(times)


def upstream(store: MetadataStore, artifact_id: int) -> int:
    """Walk from an artifact to all that it was made from; returns how many executions there are."""
    seen: set[int] = set()
    level = {artifact_id}
    while level:
        outputs = store.events_by_artifact(level)
        makers = {e.execution_id for e in outputs if e.direction is Direction.OUTPUT} - seen
        seen |= makers
        inputs = store.events_by_execution(makers)
        level = {e.artifact_id for e in inputs if e.direction is Direction.INPUT}
    store.executions(seen)
    return len(seen)


def writes(subject: Subject, repeats: int) -> dict[str, tuple[float, float | None]]:
    """Measure the two writes of a node, and the other writes of a run."""
    store = subject.store
    store.put_run(Run("timed", "history"))
    (source,) = store.artifacts_by_type("Model", limit=1)
    claimed: list[Execution] = []

    def claim(number: int) -> None:
        running = node("timed", number, state=State.RUNNING, finished=0.0)
        claimed.append(store.put_execution(running, inputs={"input": [source.id]})[0])

    def publish(number: int) -> None:
        done = replace(claimed[number], state=State.COMPLETE, finished=time.time())
        store.put_execution(done, outputs=output("timed", number))

    def cached(number: int) -> None:
        execution = node("timed", number, state=State.CACHED, name="", id=0)
        store.put_execution(execution, inputs={"input": [source.id]}, outputs={"output": [source]})

    return {
        "claim a node": (median(claim, repeats), None),
        "publish a node": (median(publish, repeats), None),
        "record a cached node": (median(cached, repeats), None),
        "heartbeat": (median(lambda n: store.heartbeat(claimed_running(store)), 20), None),
        "create a run": (median(lambda n: store.put_run(Run(f"new-{n}", "history")), 20), None),
        "put a document of 100 kB": (
            median(lambda n: store.put_document(f"{n}" + "x" * 100_000), 20),
            None,
        ),
    }


def claimed_running(store: MetadataStore) -> int:
    """Return the id of an execution that is running."""
    found = store.execution_by_name("history.Component0", "running")
    if found is None:
        running = node("timed", 0, state=State.RUNNING, name="running")
        found = store.put_execution(running)[0]
    return found.id


def reads(subject: Subject, repeats: int) -> dict[str, tuple[float, float | None]]:
    """Measure the reads of the driver, the command line and the lineage."""
    store, stock, runs = subject.store, subject.stock, subject.runs
    middle = f"run-{runs // 2}"
    (last,) = [e for e in store.executions_of_run(middle) if e.node_id == f"node-{NODES - 1}"]
    (end,) = [e for e in store.events_by_execution([last.id]) if e.direction is Direction.OUTPUT]
    wide = stock.get_context_by_type_and_name("pipeline_run", "wide").id
    pipeline = stock.get_context_by_type_and_name("pipeline", "history").id
    key = node(middle, 3).cache_key

    def stock_lookup(_: int) -> None:
        context = stock.get_context_by_type_and_name("execution_cache", key)
        found = stock.get_executions_by_context(context.id)
        stock.get_events_by_execution_ids([execution.id for execution in found])

    def lookup(_: int) -> None:
        found = store.executions_by_cache_key(key)
        store.events_by_execution([execution.id for execution in found])

    def time_of(act: Callable[[int], object], times: int = repeats) -> float:
        return median(act, times)

    slow = 1 if runs > 500 else 5
    return {
        "look up a cache key": (time_of(lookup), time_of(stock_lookup)),
        "miss a cache key": (time_of(lambda n: store.executions_by_cache_key("none")), None),
        "look up a claim": (
            time_of(lambda n: store.execution_by_name(last.component, last.name)),
            time_of(lambda n: stock.get_execution_by_type_and_name(last.component, last.name)),
        ),
        "list 20 runs": (
            time_of(lambda n: store.list_runs()),
            time_of(lambda n: stock.get_contexts_by_type("pipeline_run"), slow),
        ),
        "list 20 runs of a pipeline": (
            time_of(lambda n: store.list_runs(pipeline="history")),
            time_of(lambda n: stock.get_children_contexts_by_context(pipeline), slow),
        ),
        f"executions of a run of {WIDE}": (
            time_of(lambda n: store.executions_of_run("wide")),
            time_of(lambda n: stock.get_executions_by_context(wide)),
        ),
        "20 recent executions of a node": (
            time_of(lambda n: store.recent_executions("history.Component3", node="history.node-3")),
            None,
        ),
        "all executions of the pipeline": (
            float("nan"),
            time_of(lambda n: stock.get_executions_by_context(pipeline), 1),
        ),
        "20 newest artifacts of a type": (
            time_of(lambda n: store.artifacts_by_type("Model", limit=20)),
            None,
        ),
        f"walk {NODES} levels upstream": (
            time_of(lambda n: upstream(store, end.artifact_id)),
            time_of(
                lambda n: stock.get_lineage_subgraph(
                    _lineage_query(end.artifact_id), _lineage_fields()
                ),
                slow,
            ),
        ),
    }


def _lineage_query(artifact_id: int) -> Any:
    from ml_metadata.proto import metadata_store_pb2

    query = metadata_store_pb2.LineageSubgraphQueryOptions()
    query.starting_artifacts.filter_query = f"id = {artifact_id}"
    query.max_num_hops = 100
    query.direction = metadata_store_pb2.LineageSubgraphQueryOptions.UPSTREAM
    return query


def _lineage_fields() -> list[str]:
    return ["artifacts", "executions", "events"]


def opening(path: Path, repeats: int) -> dict[str, tuple[float, float | None]]:
    """Measure making a store, and opening an existing one."""
    new = path.with_name("new")
    new.mkdir()
    url = f"sqlite:///{path}"
    return {
        "make a store": (median(lambda n: open_sqlite(f"sqlite:///{new}/{n}.db").close(), 5), None),
        "open a store": (
            median(lambda n: open_sqlite(url).close(), repeats),
            median(lambda n: stock_client(path), repeats),
        ),
    }


def show(title: str, rows: dict[str, tuple[float, float | None]]) -> None:
    """Print a table."""
    print(f"\n{title:44}{'ours, ms':>10}{'stock, ms':>12}")
    for name, (ours, stock) in rows.items():
        own = "never" if ours != ours else f"{ours:.2f}"
        other = "" if stock is None else f"{stock:.2f}"
        print(f"  {name:42}{own:>10}{other:>12}")


def main() -> None:
    """Measure, size by size."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--sizes", type=int, nargs="+", default=[1000, 10_000])
    parser.add_argument("--repeats", type=int, default=50)
    options = parser.parse_args()
    for size in options.sizes:
        with tempfile.TemporaryDirectory() as folder:
            path = Path(folder) / "metadata.db"
            subject = fill(path, size)
            rows = writes(subject, options.repeats) | reads(subject, options.repeats)
            subject.store.close()
            del subject
            show(f"{size:,} executions", opening(path, 10) | rows)


if __name__ == "__main__":
    main()
