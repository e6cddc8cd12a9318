"""Several processes writing to one SQLite file at full speed: ours, and MLMD as it ships.

Each process publishes executions for a while, each in one transaction with its artifact, events and
contexts:

  ours     what the stock client writes, too
  full     all that the framework records: parameters, cache key, manifest, digest, an input
  readers  the same, beside four that ask 20 times a second each: newest runs, cache, lineage
  busy     the same, beside two that ask without a pause
  stock    the stock client

The sides take turns. Prints the medians of all rounds: the rate, how long a publication took, and
how evenly the processes got through. After each round Python's own SQLite looks for each
publication in the file, once and whole. Ends with the limits, and whether each holds:

    python benchmarks/store_writers.py --processes 8 --seconds 4 --rounds 5
"""

from __future__ import annotations

import contextlib
import itertools
import json
import os
import sqlite3
import statistics
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable, Iterable
from pathlib import Path
from typing import Any

from measure import answer_in, arguments, check, machine, save, say

OURS, FULL, READERS, BUSY, STOCK = "ours", "full", "readers", "busy", "stock"
SIDES = (OURS, FULL, READERS, BUSY, STOCK)
READER = "reader"
BESIDE = {READERS: (4, 0.05), BUSY: (2, 0.0)}
"""How many processes read beside the writers, and seconds of their pauses."""

COLUMNS = ("writes/s", "p50 ms", "p99 ms", "max ms", "least", "most", "errors", "wrong")

LEAST = 500
"""Fewest publications a second of the sides that are ours, without readers beside them."""

SLOWEST = {OURS: 50.0, FULL: 50.0, READERS: 80.0}
"""Longest allowed 99th percentile of a side, in milliseconds."""


def our_writer(path: Path, name: str) -> Callable[[int], object]:
    """Publish through our store."""
    from mlops_metadata.by_file import open_sqlite
    from mlops_pipeline.store import ArtifactRecord, Execution, State

    store = open_sqlite(f"sqlite:///{path}")

    def write(number: int) -> None:
        execution = Execution(
            "writers.Train", "writers", name, "train", State.COMPLETE, parameters={"steps": number}
        )
        store.put_execution(
            execution, outputs={"model": [ArtifactRecord("Model", f"/{name}/{number}")]}
        )

    return write


def full_writer(path: Path, name: str) -> Callable[[int], object]:
    """Publish through our store what the launcher would, under a run and with an input."""
    from dataclasses import replace

    import history_shape as shape

    from mlops_metadata.by_file import open_sqlite
    from mlops_pipeline.store import Run, State

    store = open_sqlite(f"sqlite:///{path}")
    store.put_run(Run(name, "writers", State.RUNNING))
    examples = shape.artifact(0, "CsvExampleGen", "examples", "Examples")
    base = replace(shape.execution(0, "CsvExampleGen"), run_id=name, name=name, cache_key="")
    _, made = store.put_execution(base, outputs={"e": [replace(examples, uri="/e", name=name)]})
    read = {"examples": [made["e"][0].id]}

    def write(number: int) -> None:
        own = f"{name}/{number}"
        execution = replace(
            shape.execution(number, "Trainer"), run_id=name, name=f"{own}.0", cache_key=own
        )
        model = shape.artifact(number, "Trainer", "model", "Model")
        outputs = {"model": [replace(model, uri=f"/{own}", name=f"{own}@0:model:0")]}
        store.put_execution(execution, inputs=read, outputs=outputs)

    return write


def stock_writer(path: Path, name: str) -> Callable[[int], object]:
    """Publish the same records through the stock client, as TFX does."""
    import ml_metadata
    from ml_metadata.proto import metadata_store_pb2 as pb

    config = pb.ConnectionConfig()
    config.sqlite.filename_uri = str(path)
    store = ml_metadata.MetadataStore(config)
    kinds = ("pipeline", "pipeline_run", "node")
    context_types = [store.put_context_type(pb.ContextType(name=kind)) for kind in kinds]
    execution_type = store.put_execution_type(pb.ExecutionType(name="writers.Train"))
    artifact_type = store.put_artifact_type(pb.ArtifactType(name="Model"))
    names = ("writers", name, "writers.train")
    contexts = [pb.Context(type_id=t, name=n) for t, n in zip(context_types, names, strict=True)]

    def write(number: int) -> None:
        execution = pb.Execution(type_id=execution_type, last_known_state=pb.Execution.COMPLETE)
        execution.custom_properties["steps"].int_value = number
        event = pb.Event(type=pb.Event.OUTPUT)
        event.path.steps.add(key="model")
        event.path.steps.add(index=0)
        artifact = pb.Artifact(type_id=artifact_type, uri=f"/{name}/{number}", state=2)
        store.put_execution(
            execution, [(artifact, event)], contexts, reuse_context_if_already_exist=True
        )

    return write


WRITERS = {
    OURS: our_writer,
    FULL: full_writer,
    READERS: full_writer,
    BUSY: full_writer,
    STOCK: stock_writer,
}


def work(side: str, path: Path, name: str, seconds: float) -> dict[str, Any]:
    """Do the work of one writer."""
    write = WRITERS[side](path, name)
    write(0)
    wait_for_start()
    times, errors, written = [], 0, [0]
    end = time.monotonic() + seconds
    for number in itertools.count(1):
        start = time.perf_counter()
        if time.monotonic() >= end:
            break
        try:
            write(number)
            written.append(number)
        except Exception:  # noqa: BLE001  whatever the library raises is what we count
            errors += 1
        times.append(time.perf_counter() - start)
    return {"times": times, "errors": errors, "uris": [f"/{name}/{each}" for each in written]}


def read(path: Path, pause: float, seconds: float) -> dict[str, Any]:
    """Do the work of one reader."""
    from mlops_metadata.by_file import open_sqlite
    from mlops_pipeline.inspection import LineageStart, upstream

    store = open_sqlite(f"sqlite:///{path}?mode=ro")
    wait_for_start()
    end = time.monotonic() + seconds
    count = 0
    while time.monotonic() < end:
        store.list_runs()
        store.executions_by_cache_key(f"writer-0/{count}")
        (model,) = store.artifacts_by_type("Model", limit=1)
        upstream(store, LineageStart(artifacts=(model.id,)))
        count += 1
        time.sleep(pause)
    return {"reads": count}


def wait_for_start() -> None:
    """Say that this process is ready, and wait for the others."""
    sys.stdout.write("ready\n")
    sys.stdout.flush()
    sys.stdin.readline()


def race(side: str, options: Any) -> dict[str, float]:
    """Let processes write to a new store at once."""
    with tempfile.TemporaryDirectory(prefix="writers-", dir=options.folder) as folder:
        path = Path(folder) / "metadata.db"
        roles = [(side, f"writer-{number}") for number in range(options.processes)]
        readers, pause = BESIDE.get(side, (0, 0))
        roles += [(READER, str(pause))] * readers
        # One after the other: MLMD alone may fail when two make a store at once.
        started = [_start(role, path, name, options.seconds) for role, name in roles]
        for process in started:
            assert process.stdin is not None
            process.stdin.write("go\n")
            process.stdin.flush()
        answers = [answer_in(process.communicate()[0]) for process in started]
        writers = answers[: options.processes]
        wrong = problems(path, [uri for each in writers for uri in each["uris"]])
    for text in wrong[:5]:
        say(f"  ! {text}")
    if readers:
        count = sum(each["reads"] for each in answers[options.processes :])
        say(f"  {side}: {count} times all was read")
    return {**figures_of(writers, options.seconds), "wrong": float(len(wrong))}


def _start(role: str, path: Path, name: str, seconds: float) -> subprocess.Popen[str]:
    command = [sys.executable, __file__, "--as", role, str(path), name, "--seconds", str(seconds)]
    environment = {**os.environ, "PYTHONPATH": os.pathsep.join(p for p in sys.path if p)}
    process = subprocess.Popen(
        command,
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        stderr=subprocess.DEVNULL,
        text=True,
        env=environment,
    )
    assert process.stdout is not None
    process.stdout.readline()
    return process


def problems(path: Path, uris: Iterable[str]) -> list[str]:
    """Name what was published and is not in the file, once and whole; read by SQLite alone."""
    with contextlib.closing(sqlite3.connect(path)) as file:
        rows = file.execute(
            "SELECT a.uri, count(*), min(e.last_known_state) FROM Artifact a "
            "LEFT JOIN Event v ON v.artifact_id = a.id AND v.type = 4 "
            "LEFT JOIN Execution e ON e.id = v.execution_id "
            "WHERE a.uri GLOB '/writer-*' GROUP BY a.uri"
        ).fetchall()
        placed = file.execute(
            "SELECT count(*) FROM Execution e WHERE (SELECT count(*) FROM Association s "
            "WHERE s.execution_id = e.id) < 3"
        ).fetchone()
        checked = file.execute("PRAGMA integrity_check").fetchone()
    found = {uri: (count, state) for uri, count, state in rows}
    wanted = set(uris)
    wrong = [f"{uri} is not in the file" for uri in sorted(wanted - set(found))]
    wrong += [f"{uri} is in the file, and was no success" for uri in sorted(set(found) - wanted)]
    wrong += [f"{uri}: {count} times, {state}" for uri, (count, state) in found.items()
              if (count, state) != (1, 3)]  # fmt: skip
    wrong += [f"{placed[0]} executions have not all their contexts"] if placed[0] else []
    return wrong + ([] if checked == ("ok",) else [str(checked)])


def figures_of(writers: list[dict[str, Any]], seconds: float) -> dict[str, float]:
    """Measure one round."""
    times = sorted(each for writer in writers for each in writer["times"])
    counts = sorted(len(writer["times"]) for writer in writers)
    return {
        "writes/s": len(times) / seconds,
        "p50 ms": 1000 * times[len(times) // 2],
        "p99 ms": 1000 * times[int(len(times) * 0.99)],
        "max ms": 1000 * times[-1],
        "least": counts[0],
        "most": counts[-1],
        "errors": sum(writer["errors"] for writer in writers),
    }


def judge(side: str, found: dict[str, float]) -> bool:
    """Print each limit of a side, and whether it holds."""
    good = [
        check(f"{side}: lost, doubled or failed", found["errors"] + found["wrong"], 0),
        check(f"{side}: p99", found["p99 ms"], SLOWEST[side], "ms"),
    ]
    if side not in BESIDE:
        rate = found["writes/s"]
        say(f"{'ok  ' if rate >= LEAST else 'LESS'} {side}: {rate:.0f} a second (least {LEAST})")
        good.append(rate >= LEAST)
    return all(good)


def main() -> int:
    parser = arguments(__doc__)
    parser.add_argument("--processes", type=int, default=8)
    parser.add_argument("--seconds", type=float, default=4.0)
    parser.add_argument("--sides", nargs="+", default=SIDES, choices=SIDES)
    parser.add_argument("--folder", help="the disk to write to (default: the temporary folder)")
    parser.add_argument("--as", dest="role", nargs=3, help="used by the script itself")
    options = parser.parse_args()
    if options.role:
        role, path, name = options.role
        if role == READER:
            answer = read(Path(path), float(name), options.seconds)
        else:
            answer = work(role, Path(path), name, options.seconds)
        sys.stdout.write(json.dumps(answer) + "\n")
        return 0
    say(f"{options.processes} processes, {options.seconds:g} s, {options.rounds} rounds")
    rounds: dict[str, list[dict[str, float]]] = {side: [] for side in options.sides}
    for _ in range(options.rounds):
        for side, found in rounds.items():
            found.append(race(side, options))
    say(machine())
    say(f"{'':8}" + "".join(f"{name:>10}" for name in COLUMNS))
    medians = {
        side: {name: statistics.median(each[name] for each in found) for name in COLUMNS}
        for side, found in rounds.items()
    }
    for side, figures in medians.items():
        # Of what must never happen, the median would hide it.
        for name in ("errors", "wrong"):
            figures[name] = sum(each[name] for each in rounds[side])
        say(f"{side:8}" + "".join(f"{figures[name]:10.1f}" for name in COLUMNS))
    good = [judge(side, medians[side]) for side in options.sides if side in SLOWEST]
    save(options.json, medians)
    return 0 if all(good) else 1


if __name__ == "__main__":
    sys.exit(main())
