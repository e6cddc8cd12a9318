"""Does the metadata store stay fast as it grows? Ours, and the stock MLMD client on the same store.

Fills one store with runs of 8 nodes (`history_shape.py`) up to each size in turn, and measures
what the driver, the resolvers and the command line ask of it, each time about another run:
medians and 99th percentiles in milliseconds. Ends with the limits, and whether each holds:

    python benchmarks/store_scale.py
    python benchmarks/store_scale.py --on grpc mysql --sizes 1000 10000

Filling 100,000 executions in SQLite takes minutes. `grpc` is our own server on the same file, and
`mysql` a MariaDB that the script starts and removes.
"""

from __future__ import annotations

import json
import random
import sys
import time
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any

import history_shape as shape
from measure import arguments, check, machine, say
from stock_mlmd import stock_client, stock_reads
from store_servers import KINDS, new_store

from mlops_pipeline.history import load_outputs
from mlops_pipeline.lineage import Start, upstream
from mlops_pipeline.resolvers import Query, latest, latest_blessed_model
from mlops_pipeline.store import Direction, MetadataStore
from mlops_pipeline.stores import open_store

LIMITS = {"cache hit": 2.0, "cache miss": 2.0, "lineage of a model": 5.0, "newest 20 runs": 50.0}
FLAT = 1.5
"""How much slower a read may be in the largest store than in the smallest."""

NOISE = 0.1
"""Milliseconds: what differs by less is not called slower."""

Times = Mapping[str, tuple[float, float]]


@dataclass(frozen=True)
class Targets:
    """What is asked for: another run each time, the same ones for both sides."""

    runs: tuple[int, ...]
    models: tuple[int, ...]

    @property
    def count(self) -> int:
        """How many there are."""
        return len(self.runs)


def targets(store: MetadataStore, runs: int, count: int) -> Targets:
    """Runs from the whole history, and the models that they made."""
    chosen = tuple(random.Random(7).choices(range(shape.OLD_RUNS, runs), k=count))
    models = []
    for number in chosen:
        trained = [
            e
            for e in store.executions_of_run(shape.run_id(number))
            if e.component == shape.component("Trainer")
        ]
        events = store.events_by_execution([trained[0].id])
        models += [
            e.artifact_id for e in events if (e.direction, e.key) == (Direction.OUTPUT, "model")
        ]
    return Targets(chosen, tuple(models))


def our_reads(store: MetadataStore, at: Targets) -> dict[str, Callable[[int], object]]:
    """What is measured, by name; each takes the number of the target."""

    def hit(i: int) -> None:
        found = store.executions_by_cache_key(shape.cache_key(at.runs[i], "Transform"))
        outputs = load_outputs(store, found)
        assert len(outputs[found[0].id]) == 2

    def lineage(i: int) -> None:
        found = upstream(store, Start(artifacts=(at.models[i],)))
        assert (len(found.executions), len(found.artifacts)) == (5, 6)

    def blessed(i: int) -> None:
        (model,) = latest_blessed_model(Query(store, shape.OFTEN, "new", "Model"))
        assert model.type == "Model"

    def runs_of(pipeline: str) -> Callable[[int], object]:
        return lambda i: _twenty(store.list_runs(pipeline=pipeline))

    node = f"{shape.OFTEN}.Trainer"
    return {
        "cache hit": hit,
        "cache miss": lambda i: store.executions_by_cache_key(f"{i:064}"),
        "claim by name": lambda i: store.execution_by_name(
            shape.component("Trainer"), f"{shape.cache_key(at.runs[i], 'Trainer')}.0"
        ),
        "lineage of a model": lineage,
        "newest 20 runs": lambda i: _twenty(store.list_runs()),
        "20 runs of the usual pipeline": runs_of(shape.OFTEN),
        "20 runs of a rare pipeline": runs_of(shape.SELDOM),
        "20 runs of an old pipeline": runs_of(shape.OLD),
        "executions of a run": lambda i: store.executions_of_run(shape.run_id(at.runs[i])),
        "20 executions of a node": lambda i: store.recent_executions(
            shape.component("Trainer"), node=node
        ),
        "latest model": lambda i: latest(Query(store, shape.OFTEN, "new", "Model")),
        "latest blessed model": blessed,
    }


def _twenty(found: list[Any]) -> None:
    assert len(found) == 20, len(found)


def timed(reads: Mapping[str, Callable[[int], object]], count: int, patience: float) -> Times:
    """Median and 99th percentile of each read in milliseconds, within so many seconds each."""
    found = {}
    for name, read in reads.items():
        read(0)
        times = []
        end = time.monotonic() + patience
        for i in range(count):
            start = time.perf_counter()
            read(i)
            times.append(1000 * (time.perf_counter() - start))
            if time.monotonic() > end and len(times) >= 3:
                break
        times.sort()
        found[name] = (times[len(times) // 2], times[int(len(times) * 0.99)])
    return found


def show(title: str, ours: Times, stock: Times) -> None:
    """Print the table of one size."""
    say(f"\n{title}; {machine()}")
    say(f"{'':34}{'ours p50':>10}{'p99':>9}{'stock p50':>12}{'p99':>9}{'stock/ours':>12}")
    for name, (middle, high) in ours.items():
        line = f"  {name:32}{middle:10.2f}{high:9.2f}"
        if name in stock:
            line += f"{stock[name][0]:12.2f}{stock[name][1]:9.2f}{stock[name][0] / middle:12.1f}"
        say(line)


def grow(name: str, url: str, options: Any) -> dict[int, dict[str, Times]]:
    """Fill a store to each size, and measure both sides there."""
    figures = {}
    store = open_store(url)
    runs = 0
    for size in options.sizes:
        start = time.monotonic()
        shape.fill(store, runs, size // len(shape.NODES))
        added, runs = size // len(shape.NODES) - runs, size // len(shape.NODES)
        say(f"\n{name}: {added} runs recorded in {time.monotonic() - start:.0f} s")
        at = targets(store, runs, options.repeats)
        ours = timed(our_reads(store, at), at.count, 30)
        stock = timed(stock_reads(stock_client(url), at, large=size > 20_000), at.count, 5)
        show(f"{name}, {size} executions", ours, stock)
        figures[size] = {"ours": ours, "stock": stock}
    store.close()
    return figures


def judge(name: str, figures: Mapping[int, Mapping[str, Times]]) -> bool:
    """Print each limit and whether it holds."""
    least, most = min(figures), max(figures)
    small, large = figures[least]["ours"], figures[most]["ours"]
    good = [check(f"{name}: {n} at {most}", large[n][0], at, "ms") for n, at in LIMITS.items()]
    if least < most:
        for read, (before, _) in small.items():
            ratio = large[read][0] / before
            close = large[read][0] - before < NOISE
            good.append(check(f"{name}: {read}, x slower", 1.0 if close else ratio, FLAT))
    return all(good)


def main() -> int:
    parser = arguments(__doc__)
    parser.add_argument("--sizes", type=int, nargs="+", default=[1000, 10_000, 100_000])
    parser.add_argument("--on", nargs="+", default=["sqlite"], choices=KINDS)
    parser.add_argument("--repeats", type=int, default=200)
    options = parser.parse_args()
    figures = {}
    for name in options.on:
        with new_store(name) as url:
            figures[name] = grow(name, url, options)
    say()
    good = [judge(name, found) for name, found in figures.items()]
    if options.json:
        options.json.write_text(json.dumps({"machine": machine(), "figures": figures}, indent=2))
    return 0 if all(good) else 1


if __name__ == "__main__":
    sys.exit(main())
