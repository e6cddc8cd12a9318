"""Several processes writing to one store at full speed: ours, and MLMD as it ships.

Each process publishes executions for a while. Prints the rate, how long a publication took, how
evenly the processes got through, and how many calls failed:

    python benchmarks/store_writers.py --processes 8 --seconds 4
"""

from __future__ import annotations

import argparse
import json
import os
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

OURS, STOCK = "ours", "stock"


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


def work(kind: str, path: Path, name: str, seconds: float) -> dict[str, Any]:
    """Do the work of one process."""
    write = (our_writer if kind == OURS else stock_writer)(path, name)
    write(0)
    sys.stdout.write("ready\n")
    sys.stdout.flush()
    sys.stdin.readline()
    times, errors = [], 0
    end = time.monotonic() + seconds
    while time.monotonic() < end:
        start = time.perf_counter()
        try:
            write(len(times) + 1)
        except Exception:  # noqa: BLE001  whatever the library raises is what we count
            errors += 1
        times.append(time.perf_counter() - start)
    return {"times": times, "errors": errors}


def race(kind: str, processes: int, seconds: float) -> list[dict[str, Any]]:
    """Let processes write to a new store at once."""
    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder) / "metadata.db"
        command = [sys.executable, __file__, "--as", kind, str(path), "--seconds", str(seconds)]
        environment = {**os.environ, "PYTHONPATH": os.pathsep.join(p for p in sys.path if p)}
        started = []
        for number in range(processes):
            process = subprocess.Popen(
                [*command, "--name", f"writer-{number}"],
                stdin=subprocess.PIPE,
                stdout=subprocess.PIPE,
                stderr=subprocess.DEVNULL,
                text=True,
                env=environment,
            )
            # One after the other: MLMD alone may fail when two make a store at once.
            assert process.stdout is not None
            process.stdout.readline()
            started.append(process)
        for process in started:
            assert process.stdin is not None
            process.stdin.write("go\n")
            process.stdin.flush()
        return [json.loads(process.communicate()[0]) for process in started]


def show(kind: str, results: list[dict[str, Any]], seconds: float) -> None:
    """Print a line of the table."""
    times = sorted(t for result in results for t in result["times"])
    counts = sorted(len(result["times"]) for result in results)
    percent = [times[int(len(times) * part)] for part in (0.5, 0.99)]
    errors = sum(result["errors"] for result in results)
    print(
        f"{kind:8}{len(times) / seconds:10.0f}{percent[0] * 1000:10.1f}{percent[1] * 1000:10.1f}"
        f"{times[-1] * 1000:10.1f}{counts[0]:8}{counts[-1]:8}{errors:8}"
    )


def main() -> None:
    """Race both, or be one of the writers."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--processes", type=int, default=8)
    parser.add_argument("--seconds", type=float, default=4.0)
    parser.add_argument("--as", dest="role", nargs=2, help=argparse.SUPPRESS)
    parser.add_argument("--name", default="", help=argparse.SUPPRESS)
    options = parser.parse_args()
    if options.role:
        kind, path = options.role
        sys.stdout.write(json.dumps(work(kind, Path(path), options.name, options.seconds)))
        return
    print(f"{options.processes} processes, {options.seconds:g} s")
    print(f"{'':8}{'writes/s':>10}{'p50 ms':>10}{'p99 ms':>10}{'max ms':>10}", end="")
    print(f"{'least':>8}{'most':>8}{'errors':>8}")
    for kind in (OURS, STOCK):
        show(kind, race(kind, options.processes, options.seconds), options.seconds)


if __name__ == "__main__":
    main()
