"""The taxi pipeline: ours and TFX, span after span, with the same data, features and model.

  first     a new process on an empty folder, one span: seconds until the model is pushed
  next      the next span has come: trained on both, compared with the model before, pushed
  cached    once more, nothing changed; of ours it is checked that no node runs
  memory    MB at the peak of a first run with all its processes (one extra run, with --memory)

Sides: `ours` (`mlops run pipelines/taxi`, records in SQLite), `tfx` (taxi_tfx.py, LocalDagRunner
with its records in SQLite). The data is dealt into spans by pipelines/taxi/make_data.py; without
--csv it is made up.

  python benchmarks/taxi.py --csv trips.csv --peer tfx=envs/tfx/bin/python --rounds 3 --memory
"""

from __future__ import annotations

import os
import shutil
import sys
import tempfile
from collections.abc import Callable
from pathlib import Path
from typing import Any

from measure import (
    HERE,
    REPOSITORY,
    Cost,
    SideFailed,
    add_peers,
    arguments,
    interleave,
    machine,
    our_environment,
    peak_memory,
    peers,
    print_table,
    run,
    save,
    say,
)
from penguin import QUIET, ran

TAXI = REPOSITORY / "pipelines" / "taxi"
WALL = ("first s", "next s", "cached s", "memory MB")
CPU = ("first CPU s", "next CPU s", "cached CPU s")

Command = Callable[[Path], dict[str, Any]]
"""Function that returns the arguments of `run` for a folder with a side's `data`."""


def ours(options: Any) -> Command:
    """Run `mlops run pipelines/taxi` with a store and a root of its own."""

    def command(folder: Path) -> dict[str, Any]:
        values = {
            "data": folder / "data",
            "serving_dir": folder / "serving",
            "train_steps": options.steps,
        }
        given = [word for k, v in values.items() for word in ("-p", f"{k}={v}")]
        place = ["--store", f"sqlite:///{folder}/metadata.db", "--root", folder / "artifacts"]
        words = [options.python, "-m", "mlops_pipeline.cli", "run", TAXI, "--json", *place, *given]
        return {"command": words, "env": {**our_environment(), **QUIET}, "cwd": folder}

    return command


def tfx(python: str, options: Any) -> Command:
    """Return the script beside this one."""

    def command(folder: Path) -> dict[str, Any]:
        script = [python, HERE / "taxi_tfx.py", folder / "data", folder]
        steps = ["--train-steps", str(options.steps)]
        return {"command": [*script, *steps], "env": QUIET, "cwd": folder}

    return command


class Spans:
    """All the data, and a folder for each side into which one span comes after the other."""

    def __init__(self, options: Any) -> None:
        self.all = Path(tempfile.mkdtemp(prefix="taxi-data-"))
        how = ["generate", "--count", str(options.trips), self.all]
        if options.csv:
            how = ["deal", options.csv, self.all, "--months", str(options.months)]
        say(run([sys.executable, TAXI / "make_data.py", *how]).text.strip())

    def add(self, folder: Path, span: int) -> None:
        """Let the data of a span come."""
        shutil.copytree(self.all / f"span-{span:02}", folder / "data" / f"span-{span:02}")


def measure(command: Command, spans: Spans) -> dict[str, float]:
    """Run one round of a side."""
    folder = Path(tempfile.mkdtemp(prefix="taxi-"))
    found: dict[str, float] = {}

    def act(name: str, pushed: int | None = None) -> Cost:
        cost = run(**command(folder), timeout=1800)
        served = len(list((folder / "serving").glob("*/saved_model.pb")))
        if pushed is not None and served != pushed:
            raise SideFailed(f"{name}: {served} models were pushed: {cost.text[-1500:]}")
        found[f"{name} s"], found[f"{name} CPU s"] = cost.wall, cost.cpu
        return cost

    try:
        spans.add(folder, 1)
        act("first", 1)
        spans.add(folder, 2)
        act("next", 2)
        # TFX takes the model that it has just blessed for its baseline, and pushes once more.
        cached = act("cached")
        if "--json" in cached.command and ran(cached):
            raise SideFailed(f"not from the cache: {', '.join(ran(cached))}")
    finally:
        shutil.rmtree(folder, ignore_errors=True)
    return found


def memory(command: Command, spans: Spans) -> float:
    """Measure the peak memory of a first run."""
    folder = Path(tempfile.mkdtemp(prefix="taxi-"))
    try:
        spans.add(folder, 1)
        return peak_memory(**command(folder), timeout=1800)
    finally:
        shutil.rmtree(folder, ignore_errors=True)


def main() -> int:
    parser = arguments(__doc__)
    add_peers(parser, ("tfx",))
    parser.add_argument(
        "--csv",
        type=Path,
        default=os.environ.get("MLOPS_BENCH_TAXI"),
        help="the trips (default: MLOPS_BENCH_TAXI, else trips are made up)",
    )
    parser.add_argument("--months", type=int, default=12, help="months a span (default: 12)")
    parser.add_argument("--trips", type=int, default=5000, help="made-up trips a span")
    parser.add_argument("--steps", type=int, default=300, help="training steps (default: 300)")
    parser.add_argument("--memory", action="store_true", help="measure memory, once a side")
    parser.add_argument("--only", help="comma-separated names of sides")
    options = parser.parse_args()
    found = peers(options.peer, ("tfx",))
    sides = {"ours": ours(options)}
    if "tfx" in found:
        sides["tfx"] = tfx(found["tfx"], options)
    if options.only:
        sides = {name: sides[name] for name in options.only.split(",")}
    spans = Spans(options)
    say(f"taxi, {options.steps} training steps; {machine()}")
    try:
        figures = interleave(sides, options.rounds, lambda name, _: measure(sides[name], spans))
        for name in sides if options.memory else ():
            figures[name]["memory MB"] = [memory(sides[name], spans)]
    finally:
        shutil.rmtree(spans.all, ignore_errors=True)
    print_table(figures, WALL, reference="ours")
    say("\nCPU seconds, which another program on the machine hardly changes:")
    print_table(figures, CPU, reference="ours")
    say(f"medians of {options.rounds} rounds, in brackets the ratio to ours; {machine()}")
    save(options.json, figures)
    return 0 if all(figures.values()) else 1


if __name__ == "__main__":
    sys.exit(main())
