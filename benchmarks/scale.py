"""Taxi trips resampled to millions of rows: seconds and peak memory by stage, in memory.

Rows are drawn from the trips, with a fixed seed. Imports are not counted; `start MB` is what they
take of the memory. Expected: seconds in proportion to the rows, and memory that stays the same.

  python benchmarks/scale.py --csv trips.csv --rows 1e6,5e6,10e6 --python .venvs/ml/bin/python
"""

from __future__ import annotations

import os
import sys
import tempfile
from pathlib import Path

from measure import arguments, check, machine, save, say
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
    options = parser.parse_args()
    if options.csv is None:
        parser.error("--csv FILE is missing")
    sizes = [int(float(size)) for size in options.rows.split(",")]
    figures = {size: one_size(options, size) for size in sizes}
    save(options.json, {str(size): found for size, found in figures.items()})
    return judge(figures) if len(figures) > 1 else 0


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
