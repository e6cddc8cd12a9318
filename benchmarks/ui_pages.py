"""How long do the web pages take on a store of 100,000 executions, and how much memory?

Fills a store with runs of 8 nodes (`history_shape.py`), starts `mlops ui` on it in a process of its
own, and asks for each page again and again, over one connection. Seconds by the clock, and of the
server's processor, which is what a quiet machine would take. Then two versions of data with 1,000
features each are compared, from a store of their own. Ends with the limits:

    python benchmarks/ui_pages.py --folder stores
    python benchmarks/ui_pages.py --size 1000
"""

from __future__ import annotations

import contextlib
import http.client
import os
import statistics
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, replace
from pathlib import Path
from urllib.parse import urlsplit

import history_shape as shape
from measure import arguments, check, full_environment, machine, save, say

from mlops_pipeline.inspection import STATISTICS_FILE
from mlops_pipeline.store import ArtifactRecord, Execution, MetadataStore, State, open_store

sys.path.append(str(Path(__file__).parent.parent / "tests" / "contracts"))
from statistics_bytes import number_feature, statistics_bytes, text_feature

PAGE_LIMIT = 50.0
"""Milliseconds of the server for a page."""

FIRST_LIMIT, MEMORY_LIMIT = 1.0, 60.0
"""Seconds of the processor to the first page, and megabytes of the process after all of them."""

DATA_LIMIT, DATA_SIZE = 1_000.0, 2_000.0
"""Milliseconds and kilobytes of a page with 1,000 features of two versions."""

ASKED = 20
"""Times that a page is asked for in one round."""


@dataclass(frozen=True)
class Server:
    """A server that runs: its process, its port, and when it was started."""

    pid: int
    port: int
    started: float

    def cpu(self) -> float:
        """Return the seconds of the processor that it has had."""
        fields = Path(f"/proc/{self.pid}/stat").read_text().rpartition(")")[2].split()
        return (int(fields[11]) + int(fields[12])) / os.sysconf("SC_CLK_TCK")

    def megabytes(self) -> float:
        """Return its memory."""
        status = Path(f"/proc/{self.pid}/status").read_text()
        return int(status.partition("VmRSS:")[2].split()[0]) / 1000


@contextlib.contextmanager
def served(python: str, folder: Path) -> Iterator[Server]:
    """Start a server of a store in a folder."""
    command = [python, "-m", "mlops_pipeline.cli", "ui", "--port", "0", "--no-token"]
    command += ["--store", str(folder / "metadata.db"), "--root", str(folder)]
    started, environment = time.monotonic(), full_environment()
    with subprocess.Popen(
        command, stdout=subprocess.PIPE, text=True, cwd=folder, env=environment
    ) as process:
        line = process.stdout.readline() if process.stdout else ""
        yield Server(process.pid, urlsplit(line.split()[2]).port or 0, started)
        process.terminate()


def addresses(store: MetadataStore, runs: int) -> dict[str, str]:
    """Return an address of each page, of a run in the middle of the history."""
    run = shape.run_id(runs // 2)
    (trainer,) = (e for e in store.executions_of_run(run) if e.node_id == "Trainer")
    written = [e for e in store.events_by_execution([trainer.id]) if e.key == "model"]
    model = written[-1].artifact_id
    return {
        "overview": "/",
        "50 runs": "/runs",
        "a run": f"/run?id={run}",
        "a node": f"/node?run={run}&name=Trainer",
        "a model": f"/model?id={model}",
        "an artifact": f"/artifact?id={model}",
        "one step of lineage": f"/lineage?id={model}",
        "eight steps of lineage": f"/lineage?id={model}&up=8&down=8",
        "models": "/models",
        "datasets": "/datasets",
        "search": "/search?q=taxi",
    }


def measure(server: Server, pages: Mapping[str, str]) -> dict[str, tuple[float, float, float]]:
    """Return milliseconds by the clock, by the processor, and kilobytes, of each page."""
    connection = http.client.HTTPConnection("127.0.0.1", server.port, timeout=60)
    figures = {}
    for name, address in pages.items():
        clock, before, length = [], server.cpu(), 0
        for _ in range(ASKED):
            begun = time.perf_counter()
            connection.request("GET", address)
            answer = connection.getresponse()
            length = len(answer.read())
            clock.append(time.perf_counter() - begun)
            if answer.status != 200:
                raise SystemExit(f"{address} answers {answer.status}")
        spent = (server.cpu() - before) / ASKED
        figures[name] = (1000 * statistics.median(clock), 1000 * spent, length / 1000)
    connection.close()
    return figures


def get_first(server: Server) -> None:
    """Ask for the first page, once."""
    connection = http.client.HTTPConnection("127.0.0.1", server.port, timeout=60)
    connection.request("GET", "/")
    connection.getresponse().read()
    connection.close()


def filled(folder: Path, size: int) -> dict[str, str]:
    """Fill the store of a folder, if it is not; returns the addresses of its pages."""
    runs = size // len(shape.NODES)
    store = open_store(f"sqlite:///{folder / 'metadata.db'}")
    if store.get_run(shape.run_id(runs - 1)) is None:
        store.register_types(shape.TYPES)
        shape.fill(store, 0, runs)
    found = addresses(store, runs)
    store.close()
    return found


def with_wide_data(folder: Path) -> dict[str, str]:
    """Fill a store with two spans and their statistics; returns the address of their comparison."""
    store = open_store(f"sqlite:///{folder / 'metadata.db'}")
    for span in (1, 2):
        examples = ArtifactRecord("Examples", str(folder / f"{span}"), properties={"span": span})
        made = Execution("Gen", "wide", f"r{span}", "Gen", State.COMPLETE, name=f"gen{span}")
        _, written = store.put_execution(made, outputs={"examples": [examples]})
        file = folder / f"statistics{span}" / "Split-train" / STATISTICS_FILE
        file.parent.mkdir(parents=True)
        file.write_bytes(wide_statistics(span))
        splits = {"split_names": '["train"]'}
        described = ArtifactRecord("ExampleStatistics", str(file.parent.parent), properties=splits)
        store.put_execution(
            replace(made, component="Stats", node_id="Stats", name=f"stats{span}"),
            inputs={"examples": [written["examples"][0].id]},
            outputs={"statistics": [described]},
        )
    store.close()
    return {"1,000 features x 2": "/data?a=Gen@1&b=Gen@2"}


def wide_statistics(span: int) -> bytes:
    """Return the statistics of 700 features of numbers and 300 of texts with 50 values."""
    numbers = [
        number_feature(f"number_{n}", [(k, k + 1, n + k * span + 1) for k in range(10)])
        for n in range(700)
    ]
    texts = [
        text_feature(f"text_{n}", {f"value {k}": n + k * span + 1 for k in range(50)})
        for n in range(300)
    ]
    return statistics_bytes(1_000, [*numbers, *texts])


def compare_data(python: str) -> tuple[float, float, float]:
    """Return milliseconds by the clock, by the processor, and kilobytes, of wide data compared."""
    with tempfile.TemporaryDirectory() as temporary:
        pages = with_wide_data(Path(temporary))
        with served(python, Path(temporary)) as server:
            get_first(server)
            (found,) = measure(server, pages).values()
    return found


def main() -> int:
    parser = arguments(__doc__)
    parser.add_argument("--folder", type=Path, help="keep the store here for the next time")
    parser.add_argument("--size", type=int, default=100_000, help="executions in the store")
    chosen = parser.parse_args()
    with tempfile.TemporaryDirectory() as temporary:
        folder = (chosen.folder or Path(temporary)).absolute()
        folder.mkdir(parents=True, exist_ok=True)
        pages = filled(folder, chosen.size)
        say(machine())
        first, memory, rounds = [], [], []
        for _ in range(chosen.rounds):
            with served(chosen.python, folder) as server:
                get_first(server)
                first.append((time.monotonic() - server.started, server.cpu()))
                rounds.append(measure(server, pages))
                memory.append(server.megabytes())
    say(f"{'page':24} {'ms':>8} {'CPU ms':>8} {'kB':>8}")
    kept = []
    for name in pages:
        clock, cpu, length = (statistics.median(r[name][i] for r in rounds) for i in range(3))
        say(f"{name:24} {clock:8.1f} {cpu:8.1f} {length:8.1f}")
        kept.append((name, cpu))
    holds = [check(name, cpu, PAGE_LIMIT, "CPU ms") for name, cpu in kept]
    clock, cpu = (statistics.median(each[i] for each in first) for i in range(2))
    say(f"first page {clock:.2f} s after the start")
    holds.append(check("start and first page", cpu, FIRST_LIMIT, "CPU s"))
    wide = [compare_data(chosen.python) for _ in range(chosen.rounds)]
    clock, cpu, length = (statistics.median(each[i] for each in wide) for i in range(3))
    say(f"{'1,000 features x 2':24} {clock:8.1f} {cpu:8.1f} {length:8.1f}")
    holds.append(check("1,000 features x 2", cpu, DATA_LIMIT, "CPU ms"))
    holds.append(check("its size", length, DATA_SIZE, "kB"))
    holds.append(check("memory", statistics.median(memory), MEMORY_LIMIT, "MB"))
    save(chosen.json, {"pages": rounds, "memory": memory, "first": first, "data": wide})
    return 0 if all(holds) else 1


if __name__ == "__main__":
    sys.exit(main())
