"""One of the processes of concurrency.py, and the check of the store that they shared.

python concurrency_side.py run FOLDER NAME NODES RUNS SEED
python concurrency_side.py check FOLDER RUNS NODES
"""

from __future__ import annotations

import hashlib
import json
import sys
import time
from collections import Counter
from pathlib import Path
from typing import Any

from mlops_pipeline import Input, component, pipeline
from mlops_pipeline.artifacts import String
from mlops_pipeline.authoring import compile_pipeline
from mlops_pipeline.run_state import Workspace
from mlops_pipeline.runners import local
from mlops_pipeline.store import Direction, MetadataStore, State, open_store

HERE = Path(__file__).parent


@component
def Begin(*, seed: int) -> str:
    """The first text."""
    return f"{seed}"


@component
def Link(before: Input[String], *, index: int) -> str:
    """The next text: it shows all that it was made from."""
    return hashlib.sha256(f"{before.read()} {index}".encode()).hexdigest()


@pipeline
def links(seed: int, nodes: int) -> None:
    """Run a chain."""
    node = Begin.options(id="n0")(seed=seed)
    for i in range(1, LENGTH):
        node = Link.options(id=f"n{i}")(before=node.outputs.output, index=i)


LENGTH = 2


def connect(folder: Path) -> MetadataStore:
    """Return the store that all share."""
    return open_store(f"sqlite:///{folder / 'metadata.db'}")


def work(folder: Path, name: str, nodes: int, runs: int, seed: int) -> dict[str, Any]:
    """Run the pipeline `runs` times with data of its own; times and errors."""
    global LENGTH
    LENGTH = nodes
    compiled = compile_pipeline(links, {"seed": seed, "nodes": nodes}, HERE)
    (folder / f"ready-{name}").touch()
    while not (folder / "start").exists():
        time.sleep(0.005)
    begin = time.perf_counter()
    workspace = Workspace(connect(folder), str(folder / "artifacts"), HERE, (str(HERE),))
    began: dict[str, float] = {}
    times: list[float] = []
    errors: list[str] = []

    def on_event(event: local.NodeEvent) -> None:
        if event.kind == "started":
            began[event.node_id] = time.perf_counter()
        elif event.kind == "finished":
            times.append(time.perf_counter() - began[event.node_id])

    options = local.RunOptions(in_process=True)
    for i in range(runs):
        try:
            result = local.run(
                compiled,
                f"{name}-{i}",
                workspace,
                parameters={"seed": seed + i, "nodes": nodes},
                options=options,
                on_event=on_event,
            )
            errors += [f"{o.node_id}: {o.execution.error}" for o in result.failed]
        except Exception as error:  # noqa: BLE001 - whatever goes wrong is the finding
            errors.append(f"{type(error).__name__}: {error}")
    return {"wall": time.perf_counter() - begin, "nodes": times, "errors": errors}


def check(folder: Path, runs: int, nodes: int) -> dict[str, Any]:
    """Compare the store with what must be in it."""
    store = connect(folder)
    found = store.list_runs(limit=10_000)
    problems = [] if len(found) == runs else [f"{len(found)} runs, not {runs}"]
    states: Counter[str] = Counter()
    for run in found:
        executions = store.executions_of_run(run.id)
        states.update(str(execution.state) for execution in executions)
        good = {e.node_id: e for e in executions if e.state.succeeded}
        if run.state is not State.COMPLETE or len(good) != nodes:
            problems.append(f"run {run.id} is {run.state} with {len(good)} nodes done")
            continue
        problems += wrong_lineage(store, [good[f"n{i}"].id for i in range(nodes)], run.id)
    return {"runs": len(found), "states": dict(states), "problems": problems[:5]}


def wrong_lineage(store: MetadataStore, chain: list[int], run_id: str) -> list[str]:
    """List the mistakes in the events and contents of a chain of executions."""
    inputs: dict[int, list[int]] = {}
    outputs: dict[int, list[int]] = {}
    for event in store.events_by_execution(chain):
        side = inputs if event.direction is Direction.INPUT else outputs
        side.setdefault(event.execution_id, []).append(event.artifact_id)
    problems = []
    text = ""
    for i, execution in enumerate(chain):
        wanted = outputs[chain[i - 1]] if i else []
        if inputs.get(execution, []) != wanted or len(outputs.get(execution, [])) != 1:
            problems.append(f"{run_id}/n{i} has other events")
            continue
        (artifact,) = store.artifacts(outputs[execution])
        content = Path(artifact.uri).read_text()
        if i and content != hashlib.sha256(f"{text} {i}".encode()).hexdigest():
            problems.append(f"{run_id}/n{i} has other content")
        text = content
    return problems


def main() -> None:
    action, folder, *rest = sys.argv[1:]
    if action == "run":
        name, *numbers = rest
        answer = work(Path(folder), name, *map(int, numbers))
    else:
        answer = check(Path(folder), *map(int, rest))
    sys.stdout.write(json.dumps(answer) + "\n")


if __name__ == "__main__":
    main()
