"""Costs that must not grow faster than what they are of: rows, nodes and runs.

`--csv`: taxi trips resampled to millions of rows, drawn with a fixed seed: seconds and peak memory
by stage, in memory. Imports are not counted; `start MB` is what they take of the memory. Expected:
seconds in proportion to the rows, and memory that stays the same.

`--nodes`: CPU time a node of pipelines of several sizes: compiled, planned, run from the cache and
resumed. Expected: the same at every size.

`--runs`: so many runs in one process. Expected: threads, open files and memory that stay the same.

  python benchmarks/scale.py --csv trips.csv --rows 1e6,5e6,10e6 --python .venvs/ml/bin/python
  python benchmarks/scale.py --nodes 1000,5000,10000 --runs 2000 --python .venvs/ml/bin/python
"""

from __future__ import annotations

import argparse
import os
import sys
import tempfile
from pathlib import Path
from typing import Any

from measure import HERE, arguments, check, machine, our_environment, run, save, say
from taxi_validation import side


def main() -> int:
    parser = arguments(__doc__)
    parser.add_argument(
        "--csv",
        type=Path,
        default=os.environ.get("MLOPS_BENCH_TAXI"),
        help="the trips (default: MLOPS_BENCH_TAXI)",
    )
    parser.add_argument("--rows", default="1e6,5e6,10e6", help="sizes (default: 1e6,5e6,10e6)")
    parser.add_argument("--stages", default="", help="stages of taxi_side.py (default: all)")
    parser.add_argument("--nodes", default="", help="sizes of pipelines, as 1000,5000,10000")
    parser.add_argument("--runs", type=int, default=0, help="runs in one process, as 2000")
    options = parser.parse_args()
    judged = []
    if options.nodes:
        figures = {
            int(size): by_side(options.python, "nodes", size) for size in options.nodes.split(",")
        }
        judged.append(judge_nodes(figures))
    if options.runs:
        judged.append(judge_runs(by_side(options.python, "runs", str(options.runs))))
    if options.csv is None and not judged:
        parser.error("one of --csv FILE, --nodes and --runs is missing")
    if options.csv is not None:
        judged.append(rows(options))
    return max(judged)


def rows(options: argparse.Namespace) -> int:
    """Measure the sizes of the trips; 0 if they cost what they should."""
    sizes = [int(float(size)) for size in options.rows.split(",")]
    figures = {size: one_size(options, size) for size in sizes}
    save(options.json, {str(size): found for size, found in figures.items()})
    return judge(figures) if len(figures) > 1 else 0


def by_side(python: str, what: str, count: str) -> dict[str, Any]:
    """Return the figures of `scale_side.py`."""
    with tempfile.TemporaryDirectory(prefix="scale-") as folder:
        command = (python, HERE / "scale_side.py", what, count, folder)
        found = dict(run(command, env=our_environment(), timeout=7200).answer)
    say(f"{count:>10} {what}: {found}; {machine()}")
    return found


def judge_nodes(figures: dict[int, dict[str, float]]) -> int:
    """Compare a node of the largest pipeline with one of the smallest."""
    small, large = min(figures), max(figures)
    kept = [
        check(f"{name} a node: {large} nodes / {small} nodes", figures[large][name] / spent, 1.5)
        for name, spent in figures[small].items()
    ]
    return 0 if all(kept) else 1


def judge_runs(figures: dict[str, list[float]]) -> int:
    """Compare the end with what there was after a tenth of the runs."""
    first = {name: values[0] for name, values in figures.items()}
    last = {name: values[-1] for name, values in figures.items()}
    kept = [
        check("threads: growth", last["threads"] - first["threads"], 0),
        check("open files: growth", last["files"] - first["files"], 0),
        check("memory: growth", last["memory MB"] / first["memory MB"], 1.1),
    ]
    return 0 if all(kept) else 1


def one_size(options: object, size: int) -> dict[str, float]:
    """Measure the figures of one size."""
    given = vars(options)
    with tempfile.TemporaryDirectory(prefix="scale-") as place:
        python = given["python"]
        side(python, "prepare", given["csv"].absolute(), place, "--rows", str(size))
        stages = ["--stages", given["stages"]] if given["stages"] else []
        answer = side(python, "run", "memory", place, *stages)
        bytes_read = sum(p.stat().st_size for p in Path(place, "examples").rglob("*.gz"))
    found = {name: float(str(value)) for name, value in answer.items()}
    shown = ", ".join(f"{name} {value:.3g}" for name, value in found.items())
    say(f"{size:>10} rows, {bytes_read / 1e6:.0f} MB of files: {shown}; {machine()}")
    return found


def judge(figures: dict[int, dict[str, float]]) -> int:
    """Compare the largest size with the smallest; 0 if it costs what it should."""
    small, large = min(figures), max(figures)
    kept = []
    for name, seconds in figures[small].items():
        grown = figures[large][name] / seconds
        if name.endswith(" s") and seconds > 1:
            factor = grown / (large / small)
            kept.append(check(f"{name}: growth / growth of the rows", factor, 1.2))
        elif name.endswith(" MB") and name != "start MB":
            kept.append(check(f"{name}: growth from {small} to {large} rows", grown, 1.3))
    return 0 if all(kept) else 1


if __name__ == "__main__":
    sys.exit(main())
