"""Images as rows: the memory that each component takes to read 1 GB of them, by engine.

Rows are images of 200 KB, which do not compress. Every stage of every engine is a process of its
own, in turn. Beam's side is its in-process runner, which holds what it reads; it is measured on a
share of the images (`--beam-megabytes`), as it would take many times as much.

  start MB      most memory of the process before the stage: what imports alone take
  <stage> MB    most memory of the process during the stage
  <stage> s     its seconds

  python benchmarks/wide_rows.py --python .venvs/ml/bin/python
"""

from __future__ import annotations

import sys
import tempfile
from pathlib import Path
from statistics import median

from measure import (
    HERE,
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

SIDE = HERE / "wide_rows_side.py"
QUIET = {"TF_CPP_MIN_LOG_LEVEL": "3", "CUDA_VISIBLE_DEVICES": "-1", "PYTHONWARNINGS": "ignore"}
SIDES = ("memory", "beam")
STAGES = ("statistics", "evaluation", "model_evaluation", "transformation", "inference")
LIMIT_MB = 1200


def side(python: str, *words: str | Path) -> dict[str, float]:
    """Run one process of wide_rows_side.py, and return its answer."""
    cost = run([python, SIDE, *words], env={**our_environment(), **QUIET}, timeout=3600)
    return {key: float(value) for key, value in cost.answer.items()}


def main() -> int:
    parser = arguments(__doc__)
    parser.add_argument("--megabytes", type=int, default=1024, help="of images, for memory")
    parser.add_argument("--beam-megabytes", type=int, default=128, help="of images, for Beam")
    parser.add_argument("--stages", default=",".join(STAGES), help="to measure, by commas")
    options = parser.parse_args()
    stages = options.stages.split(",")
    sizes = {"memory": options.megabytes, "beam": options.beam_megabytes}
    with tempfile.TemporaryDirectory(prefix="wide-") as place:
        folders = {name: Path(place) / name for name in SIDES}
        for name, folder in folders.items():
            folder.mkdir()
            side(options.python, "prepare", folder, str(sizes[name]))
            say(f"{name}: {sizes[name]} MB of images; {machine()}")

        def measure(name: str, _: int) -> dict[str, float]:
            found: dict[str, float] = {}
            for stage in stages:
                found |= side(options.python, "run", stage, name, folders[name])
            return found

        figures = interleave(SIDES, options.rounds, measure)
    for unit in (" MB", " s"):
        names = [*(["start MB"] if unit == " MB" else []), *(stage + unit for stage in stages)]
        print_table(figures, names, reference="memory")
    say(f"medians of {options.rounds} rounds; {machine()}")
    save(options.json, figures)
    kept = [
        check(f"{stage}, peak", median(figures["memory"][f"{stage} MB"]), LIMIT_MB, "MB")
        for stage in stages
    ]
    return 0 if all(kept) else 1


if __name__ == "__main__":
    sys.exit(main())
