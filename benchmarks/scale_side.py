"""Side of `scale.py`: pipelines of many nodes, and many runs in one process.

Prints one JSON object:

python scale_side.py nodes 1000 FOLDER
python scale_side.py runs 2000 FOLDER
"""

from __future__ import annotations

import json
import sys
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

from mlops_pipeline import Input, Where, component, pipeline, run
from mlops_pipeline.artifacts import Integer
from mlops_pipeline.authoring import Pipeline, compile_pipeline
from mlops_pipeline.run_state import Workspace
from mlops_pipeline.runners import RunOptions, local
from mlops_pipeline.runners import plan as plan_nodes
from mlops_pipeline.store import State, open_store

HERE = Path(__file__).resolve().parent
WIDTH = 100
SAMPLES = 10


@component
def First(*, seed: int) -> int:
    """Return the seed."""
    return seed


@component
def Next(before: Input[Integer], *, index: int) -> int:
    """Add an index to what came before."""
    return before.read() + index


@component
def Join(numbers: list[Input[Integer]]) -> int:
    """Add up all numbers."""
    return sum(number.read() for number in numbers)


def layers(nodes: int) -> Pipeline:
    """Return a pipeline of chains side by side, and a node that reads the ends of all."""

    @pipeline
    def graph(seed: int = 0) -> None:
        made = [First.options(id=f"n{i}")(seed=seed).outputs.output for i in range(WIDTH)]
        for i in range(WIDTH, nodes - 1):
            made.append(Next.options(id=f"n{i}")(before=made[-WIDTH], index=i).outputs.output)
        Join(numbers=made[-WIDTH:])

    return graph


def fan(nodes: int) -> Pipeline:
    """Return a pipeline whose last node reads all others."""

    @pipeline
    def graph(seed: int = 0) -> None:
        made = [First.options(id=f"n{i}")(seed=seed).outputs.output for i in range(nodes - 1)]
        Join(numbers=made)

    return graph


@pipeline
def pair(seed: int) -> None:
    """Two nodes."""
    Next(before=First(seed=seed).outputs.output, index=1)


def nodes(count: int, folder: Path) -> dict[str, float]:
    """Return microseconds of CPU a node, for each step."""
    found: dict[str, float] = {}

    @contextmanager
    def measured(name: str) -> Iterator[None]:
        start = time.process_time()
        yield
        found[f"{name} us"] = (time.process_time() - start) / count * 1e6

    workspace = _workspace(folder)
    with measured("compile"):
        ir = compile_pipeline(layers(count), {}, HERE)
    wide = compile_pipeline(fan(count), {}, HERE)
    options = RunOptions(in_process=True)
    with measured("first plan"):
        plan_nodes(ir, workspace)
    with measured("plan of a fan"):
        plan_nodes(wide, workspace)
    local.run(ir, "first", workspace, options=options)
    with measured("cached plan"):
        plans = plan_nodes(ir, workspace)
    with measured("cached run"):
        cached = local.run(ir, "cached", workspace, options=options)
    with measured("resume"):
        local.run(ir, "cached", workspace, options=options)
    decided = {each.decision for each in plans} | {str(each.state) for each in cached.outcomes}
    if decided != {"cached", str(State.CACHED)} or len(cached.outcomes) != count:
        raise SystemExit(f"not every node was cached: {decided}")
    return found


def _workspace(folder: Path) -> Workspace:
    store = open_store(f"sqlite:///{folder / 'metadata.db'}")
    (folder / "root").mkdir()
    return Workspace(store, str(folder / "root"), HERE, (str(HERE),))


def runs(count: int, folder: Path) -> dict[str, list[float]]:
    """Return threads, open files and memory at even distances, after a tenth of all runs."""
    where = Where(f"sqlite:///{folder / 'metadata.db'}", str(folder / "root"))
    found: dict[str, list[float]] = {"threads": [], "files": [], "memory MB": []}
    for number in range(count):
        # Half of them in worker processes, and a third of them from the cache.
        run(pair, {"seed": number - number % 3}, where=where, in_process=bool(number % 2))
        if (number + 1) % (count // SAMPLES) == 0:
            found["threads"].append(threading.active_count())
            found["files"].append(len(list(Path("/proc/self/fd").iterdir())))
            found["memory MB"].append(_memory())
    return found


def _memory() -> float:
    status = Path("/proc/self/status").read_text()
    return next(int(line.split()[1]) / 1024 for line in status.splitlines() if "VmRSS" in line)


def main() -> None:
    """Measure what the command line asks for."""
    what, count, folder = sys.argv[1:]
    kinds: dict[str, Callable[[int, Path], Any]] = {"nodes": nodes, "runs": runs}
    sys.stdout.write(json.dumps(kinds[what](int(count), Path(folder))) + "\n")


if __name__ == "__main__":
    main()
