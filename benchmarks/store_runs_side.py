"""One of the processes of store_runs.py, and the check of the store that they shared.

python store_runs_side.py launcher|store|stock|check-SIDE URL FOLDER NAME RUNS [resume]
"""

from __future__ import annotations

import json
import sys
import time
from collections import Counter
from collections.abc import Callable
from pathlib import Path
from typing import Any

import concurrency_side as links
from stock_mlmd import stock_client

from mlops_pipeline.authoring import compile_pipeline
from mlops_pipeline.run_state import Workspace
from mlops_pipeline.runners import local
from mlops_pipeline.store import (
    ArtifactRecord,
    ArtifactType,
    Execution,
    MetadataStore,
    Run,
    State,
    open_store,
)

HERE = Path(__file__).parent
NODES = 8


class Timed:
    """A store that keeps how long each of its `put_execution` took, in seconds."""

    def __init__(self, store: MetadataStore) -> None:
        self.store = store
        self.times: list[float] = []

    def __getattr__(self, name: str) -> Any:
        return getattr(self.store, name)

    def put_execution(self, *arguments: Any, **named: Any) -> Any:
        """Put an execution, and look at the clock."""
        start = time.perf_counter()
        try:
            return self.store.put_execution(*arguments, **named)
        finally:
            self.times.append(time.perf_counter() - start)


def wait(folder: Path, name: str) -> None:
    """Say that this process is ready, and wait for all others."""
    (folder / f"ready-{name}").touch()
    while not (folder / "start").exists():
        time.sleep(0.005)


def by_launcher(
    url: str, folder: Path, name: str, runs: int, resume: bool = False
) -> dict[str, Any]:
    """Run pipelines, and go on with those that fail if that is wanted."""
    links.LENGTH = NODES
    compiled = compile_pipeline(links.links, {"seed": 0, "nodes": NODES}, HERE)
    store = Timed(open_store(url))
    workspace = Workspace(store, str(folder / "artifacts"), HERE, (str(HERE),))
    options = local.RunOptions(in_process=True)
    wait(folder, name)
    begin, errors, resumed = time.perf_counter(), [], 0
    for i in range(runs):
        values = {"seed": int(name[1:]) * 1_000_000 + i, "nodes": NODES}
        for attempt in range(4 if resume else 1):
            resumed += attempt > 0
            failures = []
            try:
                result = local.run(
                    compiled, f"{name}-{i}", workspace, parameters=values, options=options
                )
                failures = [f"{o.node_id}: {o.execution.error}" for o in result.failed]
            except Exception as error:  # noqa: BLE001 - whatever goes wrong is the finding
                failures = [f"{type(error).__name__}: {error}"]
            if not failures:
                break
        errors += failures
    wall = time.perf_counter() - begin
    return {"wall": wall, "times": store.times, "errors": errors, "resumed": resumed}


def by_store(url: str, folder: Path, name: str, runs: int) -> dict[str, Any]:
    """Claim and publish each node, without running anything."""
    store = Timed(open_store(url))
    store.register_types([ArtifactType("String")])

    def one(run: str) -> None:
        store.put_run(Run(run, "links"))
        before: list[int] = []
        for node in range(NODES):
            key = f"{run}/{node}"
            claim = Execution(
                component=f"links.n{node}",
                pipeline="links",
                run_id=run,
                node_id=f"n{node}",
                state=State.RUNNING,
                name=f"{key}.0",
                cache_key=key,
                parameters={"seed": 17, "index": node},
            )
            running, _ = store.put_execution(claim, inputs={"before": before} if node else {})
            done = Execution(**{**vars(running), "state": State.COMPLETE, "finished": time.time()})
            record = ArtifactRecord("String", f"/nowhere/{key}", name=f"{key}@0:output:0")
            _, written = store.put_execution(done, outputs={"output": [record]})
            before = [written["output"][0].id]
        store.put_run(Run(run, "links", State.COMPLETE))

    return write(one, store.times, folder, name, runs)


def by_stock(url: str, folder: Path, name: str, runs: int) -> dict[str, Any]:
    """Claim and publish each node as TFX does, with the stock client."""
    from ml_metadata.proto import metadata_store_pb2 as pb

    stock = stock_client(url)
    kinds = ("pipeline", "pipeline_run", "node", "execution_cache")
    types = {kind: stock.put_context_type(pb.ContextType(name=kind)) for kind in kinds}
    nodes = [stock.put_execution_type(pb.ExecutionType(name=f"links.n{i}")) for i in range(NODES)]
    text = stock.put_artifact_type(pb.ArtifactType(name="String"))
    times: list[float] = []

    def put(execution: Any, pairs: list[Any], contexts: list[Any]) -> Any:
        start = time.perf_counter()
        try:
            return stock.put_execution(
                execution, pairs, contexts, reuse_context_if_already_exist=True
            )
        finally:
            times.append(time.perf_counter() - start)

    def event(kind: Any, key: str, **more: Any) -> Any:
        found = pb.Event(type=kind, **more)
        found.path.steps.add(key=key)
        found.path.steps.add(index=0)
        return found

    def one(run: str) -> None:
        before = 0
        for node in range(NODES):
            key = f"{run}/{node}"
            names = {"pipeline": "links", "pipeline_run": run, "node": f"links.n{node}"}
            contexts = [pb.Context(type_id=types[kind], name=n) for kind, n in names.items()]
            execution = pb.Execution(
                type_id=nodes[node], name=f"{key}.0", last_known_state=pb.Execution.RUNNING
            )
            execution.custom_properties["seed"].int_value = 17
            execution.custom_properties["index"].int_value = node
            execution.custom_properties["key"].string_value = key
            read = [(None, event(pb.Event.INPUT, "before", artifact_id=before))] if node else []
            execution.id, _, _ = put(execution, read, contexts)
            execution.last_known_state = pb.Execution.COMPLETE
            record = pb.Artifact(type_id=text, uri=f"/nowhere/{key}", name=f"{key}@0:output:0")
            contexts.append(pb.Context(type_id=types["execution_cache"], name=key))
            pairs = [(record, event(pb.Event.OUTPUT, "output"))]
            _, (before,), _ = put(execution, pairs, contexts)

    return write(one, times, folder, name, runs)


def write(
    one: Callable[[str], None], times: list[float], folder: Path, name: str, runs: int
) -> dict[str, Any]:
    """Record runs one after the other."""
    wait(folder, name)
    begin, errors = time.perf_counter(), []
    for i in range(runs):
        try:
            one(f"{name}-{i}")
        except Exception as error:  # noqa: BLE001 - whatever goes wrong is the finding
            errors.append(f"{type(error).__name__}: {error}")
    return {"wall": time.perf_counter() - begin, "times": times, "errors": errors}


def check(url: str, runs: int, side: str) -> dict[str, Any]:
    """Compare the store with what must be in it."""
    store = open_store(url)
    found = store.list_runs(limit=10 * runs + 10)
    problems = [] if len(found) == runs else [f"{len(found)} runs, not {runs}"]
    names: Counter[str] = Counter()
    count = 0
    for run in found:
        executions = store.executions_of_run(run.id)
        if side == "launcher":
            # What failed has been tried again; the mistakes of a run are told by itself.
            executions = [e for e in executions if e.state not in (State.FAILED, State.CANCELED)]
        count += len(executions)
        names.update(e.name for e in executions)
        chain = {e.node_id: e.id for e in executions if e.state is State.COMPLETE}
        if side == "stock":
            chain = {e.component.rpartition(".")[2]: e.id for e in executions}
        if len(executions) != NODES or len(chain) != NODES or run.state is not State.COMPLETE:
            problems.append(f"{run.id} is {run.state}: {len(executions)} executions, {len(chain)}")
            continue
        ordered = [chain[f"n{i}"] for i in range(NODES)]
        problems += wrong(store, ordered, run.id, side == "launcher")
    doubled = [name for name, times in names.items() if times > 1]
    problems += [f"{len(doubled)} names twice, such as {doubled[0]}"] if doubled else []
    artifacts = store.artifacts_by_type("String", limit=100 * runs * NODES)
    if len({a.name for a in artifacts}) != len(artifacts) or len(artifacts) != runs * NODES:
        problems.append(f"{len(artifacts)} artifacts, not {runs * NODES}")
    return {"executions": count, "problems": problems}


def wrong(store: MetadataStore, chain: list[int], run_id: str, files: bool) -> list[str]:
    """List the mistakes in the events of a chain, and in its files if there are any."""
    if files:
        return links.wrong_lineage(store, chain, run_id)
    events = Counter((e.execution_id, str(e.direction)) for e in store.events_by_execution(chain))
    wanted = Counter((i, "OUTPUT") for i in chain) + Counter((i, "INPUT") for i in chain[1:])
    return [] if events == wanted else [f"{run_id} has other events"]


def main() -> None:
    action, url, folder, name, runs, *more = sys.argv[1:]
    if action == "launcher":
        answer = by_launcher(url, Path(folder), name, int(runs), bool(more))
    elif action.startswith("check-"):
        answer = check(url, int(runs), action.removeprefix("check-"))
    else:
        work = {"store": by_store, "stock": by_stock}[action]
        answer = work(url, Path(folder), name, int(runs))
    sys.stdout.write(json.dumps(answer) + "\n")


if __name__ == "__main__":
    main()
