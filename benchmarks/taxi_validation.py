"""Chicago taxi trips: statistics, schema, validation and evaluation, in memory and through Beam.

The same components run on both engines, each side in a process of its own, in turn. Beam's side is
its in-process runner, which is what DirectRunner comes to for a batch. Imports are not counted:
they are the same on both sides.

  <stage> s      seconds of a stage
  <stage> CPU s  seconds of a core: what is left to compare on a busy machine
  total s        seconds of all stages
  <stage> MB     most memory of the process during a stage; `start MB` is what imports alone take

The results of both sides are compared: all values are equal, sums to nine places.

  python benchmarks/taxi_validation.py --csv trips.csv --python .venvs/ml/bin/python
"""

from __future__ import annotations

import os
import sys
import tempfile
from pathlib import Path
from statistics import median

from measure import (
    HERE,
    SideFailed,
    arguments,
    check,
    interleave,
    machine,
    our_environment,
    print_table,
    run,
    save,
    say,
)

SIDE = HERE / "taxi_side.py"
QUIET = {"TF_CPP_MIN_LOG_LEVEL": "3", "CUDA_VISIBLE_DEVICES": "-1", "PYTHONWARNINGS": "ignore"}
SIDES = ("memory", "beam")


def side(python: str, *words: str | Path) -> dict[str, object]:
    """Run one process of taxi_side.py, and return its answer."""
    return dict(
        run([python, SIDE, *words], env={**our_environment(), **QUIET}, timeout=3600).answer
    )


def main() -> int:
    parser = arguments(__doc__)
    parser.add_argument(
        "--csv",
        type=Path,
        default=os.environ.get("MLOPS_BENCH_TAXI"),
        help="the trips (default: MLOPS_BENCH_TAXI)",
    )
    options = parser.parse_args()
    if options.csv is None:
        parser.error("--csv FILE is missing")
    with tempfile.TemporaryDirectory(prefix="taxi-") as place:
        say(f"taxi trips, {len(options.csv.read_bytes().splitlines()) - 1} rows; {machine()}")
        side(options.python, "prepare", options.csv.absolute(), place)

        def measure(name: str, _: int) -> dict[str, float]:
            answer = side(options.python, "run", name, place)
            return {key: float(str(value)) for key, value in answer.items()}

        figures = interleave(SIDES, options.rounds, measure)
        differences = side(options.python, "compare", place, *SIDES).get("differences")
    names = list(figures["memory"])
    for unit in (" CPU s", " MB", " s"):
        measures = [name for name in names if name.endswith(unit)]
        names = [name for name in names if name not in measures]
        print_table(figures, measures, reference="memory")
    say(f"medians of {options.rounds} rounds, in brackets the ratio to memory; {machine()}")
    save(options.json, figures)
    if not isinstance(differences, list):
        raise SideFailed("the results were not compared")
    for line in differences[:20]:
        say(f"  differs: {line}")
    totals = {name: median(found["total s"]) for name, found in figures.items()}
    kept = [
        check("differences between the results", len(differences), 0),
        check("all stages: memory / Beam", totals["memory"] / totals["beam"], 0.1),
    ]
    return 0 if all(kept) else 1


if __name__ == "__main__":
    sys.exit(main())
