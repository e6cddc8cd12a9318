"""Does the metadata store stay fast as it grows? Ours, and the stock MLMD client on the same store.

Fills a store of each size with runs of 8 nodes (`history_shape.py`), all but the first 155 by bulk
SQL, and measures what the driver, the resolvers and the command line ask of it, each time about
another run; sizes and sides take turns. The median of the best round and the 99th percentile of
all, in milliseconds, and the processor's time of this process at the median, and of the server on
average: on a busy machine, what a quiet one would take. A process of its own opens each store.
Ends with the limits, and whether each holds:

    python benchmarks/store_scale.py --on sqlite postgresql mysql
    python benchmarks/store_scale.py --on postgresql --million

The script starts and removes its own servers.
"""

from __future__ import annotations

import contextlib
import importlib.util
import random
import sys
import time
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import history_shape as shape
from history_copies import refresh, repeat
from measure import arguments, check, machine, run, save, say
from stock_mlmd import stock_client, stock_reads
from store_servers import environment, new_store, processor_of

from mlops_pipeline.inspection import LineageStart, upstream
from mlops_pipeline.resolvers import Query, latest, latest_blessed_model
from mlops_pipeline.run_state import load_outputs
from mlops_pipeline.store import Direction, MetadataStore, open_store

LIMITS = {"cache hit": 2.0, "cache miss": 2.0, "lineage of a model": 3.0, "newest 20 runs": 3.0}
IN_A_FILE = {"cache hit": 1.0, "cache miss": 1.0}
OPENING = {"sqlite": 5.0}
LONGEST_OPENING = 30.0
"""Milliseconds, at the median."""

FLAT = 1.5
"""Largest allowed slowdown of a read from the smallest to the largest store."""

MAY_GROW = ("20 executions of a node",)
"""Reads that nothing waits for; only `mlops why` asks them."""

PATIENCE = 2.0
"""Seconds that a read is measured in one round."""

NOISE = 0.1
"""Milliseconds: what differs by less is not called slower."""

Times = dict[str, list[list[tuple[float, float, float]]]]
"""Seconds by the clock, and of the processor here and in the server, of each call of each read,
by rounds."""


@dataclass(frozen=True)
class Targets:
    """Ids to read: another run each time, the same ones for both sides."""

    runs: tuple[int, ...]
    models: tuple[int, ...]

    @property
    def count(self) -> int:
        """Number of targets."""
        return len(self.runs)


def targets(store: MetadataStore, runs: int, count: int) -> Targets:
    """Choose runs from the whole history, and the models that they made."""
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
    """Return the reads to measure, by name; each takes the number of the target."""

    def hit(i: int) -> None:
        found = store.executions_by_cache_key(shape.cache_key(at.runs[i], "Transform"))
        outputs = load_outputs(store, found)
        assert len(outputs[found[0].id]) == 2

    def lineage(i: int) -> None:
        found = upstream(store, LineageStart(artifacts=(at.models[i],)))
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


def measure(
    reads: Mapping[str, Callable[[int], object]],
    numbers: range,
    times: Times,
    server: Callable[[], float],
) -> None:
    """Call each read with each number, for seconds at most, and add what it took.

    Args:
        server: tells how many seconds of the processor the server has taken so far.
    """
    for name, read in reads.items():
        found = []
        read(numbers[0])
        end, before = time.monotonic() + PATIENCE, server()
        for i in numbers:
            clock, processor = time.perf_counter(), time.thread_time()
            read(i)
            found.append((time.perf_counter() - clock, time.thread_time() - processor))
            if time.monotonic() > end:
                break
        each = (server() - before) / len(found)
        times.setdefault(name, []).append([(*both, each) for both in found])


def figures_of(times: Times) -> dict[str, dict[str, float]]:
    """Return what each read took, in milliseconds."""
    figures = {}
    for name, rounds in times.items():
        clock = sorted(1000 * each[0] for calls in rounds for each in calls)
        figures[name] = {
            "p50": min(_median(1000 * each[0] for each in calls) for calls in rounds),
            "p99": clock[int(len(clock) * 0.99)],
            "cpu": min(_median(1000 * each[1] for each in calls) for calls in rounds),
            "server": min(1000 * calls[0][2] for calls in rounds),
        }
    return figures


def _median(values: Iterable[float]) -> float:
    ordered = sorted(values)
    return ordered[len(ordered) // 2]


def show(title: str, ours: Mapping[str, Any], stock: Mapping[str, Any]) -> None:
    """Print the table of one size."""
    heads = ("p50", "p99", "cpu", "server")
    say(f"\n{title}; {machine()}")
    say(f"{'':32}" + "".join(f"{side + ' ' + h:>14}" for side in ("ours", "stock") for h in heads))
    for name, found in ours.items():
        line = f"  {name:30}" + "".join(f"{found[h]:14.2f}" for h in heads)
        if name in stock:
            line += "".join(f"{stock[name][h]:14.2f}" for h in heads)
        say(line)


def filled(kind: str, url: str, size: int, repeats: int) -> Sides:
    """Open a store with so many executions; fill it if it is empty."""
    store = open_store(url)
    copies = max(1, size // 1000)
    runs = shape.OLD_RUNS + copies * shape.SPAN
    if store.get_run(shape.run_id(runs - 1)) is None:
        start = time.monotonic()
        shape.fill(store, 0, shape.OLD_RUNS + shape.SPAN)
        repeat(store, kind, range(1, copies))
        refresh(store, kind)
        say(f"{kind}: {runs} runs recorded in {time.monotonic() - start:.0f} s")
    at = targets(store, runs, repeats)
    stock = {}
    if kind != "postgresql" and has_stock():
        stock = stock_reads(stock_client(url), at, large=size > 20_000)
    return Sides(our_reads(store, at), stock, opening(url), processor_of(url))


def has_stock() -> bool:
    """Return True if ML Metadata's package is installed."""
    return importlib.util.find_spec("ml_metadata") is not None


OPEN = """
import json, sys, time
from mlops_pipeline.store import open_store
times = []
for _ in range(31):
    begin = time.perf_counter()
    store = open_store(sys.argv[1])
    times.append(1000 * (time.perf_counter() - begin))
    store.close()
print(json.dumps({"p50": sorted(times[1:])[15]}))
"""


def opening(url: str) -> float:
    """Measure how long a store takes to be opened, in milliseconds; imports are done before."""
    return float(run([sys.executable, "-c", OPEN, url], env=environment()).answer["p50"])


@dataclass(frozen=True)
class Sides:
    """Reads to measure at one store, by name."""

    ours: Mapping[str, Callable[[int], object]]
    stock: Mapping[str, Callable[[int], object]]
    opening: float
    server: Callable[[], float]


def compare(kind: str, options: Any) -> dict[int, dict[str, Any]]:
    """Measure both sides at each size, in turn."""
    with contextlib.ExitStack() as stack:
        stores = {}
        for size in options.sizes:
            kept = options.folder and kind == "sqlite"
            url = f"sqlite:///{options.folder.absolute()}/{size}.db" if kept else ""
            url = url or stack.enter_context(new_store(kind))
            stores[size] = filled(kind, url, size, options.repeats)
        times: dict[tuple[int, str], Times] = {}
        step = max(1, options.repeats // options.rounds)
        for start in range(0, step * options.rounds, step):
            numbers = range(start, start + step)
            for size, sides in stores.items():
                both = [("ours", sides.ours), ("stock", sides.stock)][: 2 if sides.stock else 1]
                # The first to ask has to read from the file what the second finds in memory.
                for side, reads in both if start // step % 2 == 0 else reversed(both):
                    measure(reads, numbers, times.setdefault((size, side), {}), sides.server)
    figures = {}
    for size in options.sizes:
        ours = figures_of(times[size, "ours"])
        stock = figures_of(times.get((size, "stock"), {}))
        show(f"{kind}, {size} executions", ours, stock)
        say(f"  opening: {stores[size].opening:.2f} ms")
        figures[size] = {"ours": ours, "stock": stock, "opening": stores[size].opening}
    return figures


def judge(kind: str, figures: Mapping[int, Mapping[str, Any]]) -> bool:
    """Print each limit and whether it holds."""
    least, most = min(figures), max(figures)
    small, large = figures[least]["ours"], figures[most]["ours"]
    measure = "cpu" if kind == "sqlite" else "p50"
    good = [
        check(f"{kind}: {name} at {most}, p50", large[name]["p50"], limit, "ms")
        for name, limit in {**LIMITS, **(IN_A_FILE if kind == "sqlite" else {})}.items()
    ]
    limit = OPENING.get(kind, LONGEST_OPENING)
    good.append(check(f"{kind}: opening at {most}, p50", figures[most]["opening"], limit, "ms"))
    for name in small if least < most else ():
        before, after = small[name][measure], large[name][measure]
        ratio = 1.0 if after - before < NOISE else after / before
        if name in MAY_GROW:
            say(f"     {kind}: {name}, {measure}, x slower: {ratio:.3g} (no limit)")
        else:
            good.append(check(f"{kind}: {name}, {measure}, x slower", ratio, FLAT))
    return all(good)


def main() -> int:
    parser = arguments(__doc__)
    parser.add_argument("--sizes", type=int, nargs="+", default=[1000, 10_000, 100_000])
    parser.add_argument(
        "--on", nargs="+", default=["sqlite"], choices=("sqlite", "postgresql", "mysql")
    )
    parser.add_argument("--repeats", type=int, default=150, help="of each read, in all rounds")
    parser.add_argument("--folder", type=Path, help="keep the SQLite files here")
    parser.add_argument("--million", action="store_true", help="1,000,000 executions, too")
    options = parser.parse_args()
    if options.million:
        options.sizes.append(1_000_000)
    figures = {kind: compare(kind, options) for kind in options.on}
    say()
    good = [judge(kind, found) for kind, found in figures.items()]
    save(options.json, figures)
    return 0 if all(good) else 1


if __name__ == "__main__":
    sys.exit(main())
