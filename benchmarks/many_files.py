"""An output of many small files: what it takes to publish it, so that a power cut loses none.

A node writes files of 100 bytes into 100 folders. What it takes itself is left out; the rest of its
run is `publish s`: digests, syncing, moving and recording. Beside it the same files, each synced by
itself, with its folder: `sync s` of that is what a publication of that kind takes at least.

  python benchmarks/many_files.py --python .venvs/ml/bin/python --files 50000
"""

from __future__ import annotations

import sys
import tempfile
from pathlib import Path

from measure import (
    HERE,
    arguments,
    interleave,
    machine,
    our_environment,
    print_table,
    run,
    save,
    say,
)

SIDE = HERE / "many_files_side.py"
SIDES = ("ours", "one by one")


def main() -> int:
    parser = arguments(__doc__)
    parser.add_argument("--files", type=int, default=50_000, help="in the output")
    options = parser.parse_args()

    def measure(name: str, _: int) -> dict[str, float]:
        with tempfile.TemporaryDirectory(prefix="files-") as place:
            command = [options.python, SIDE, name, Path(place), str(options.files)]
            answer = run(command, env=our_environment(), timeout=1800).answer
        return {key: float(value) for key, value in answer.items()}

    figures = interleave(SIDES, options.rounds, measure)
    print_table(figures, ("write s", "publish s", "sync s"), reference="ours")
    say(f"medians of {options.rounds} rounds, {options.files} files; {machine()}")
    save(options.json, figures)
    return 0


if __name__ == "__main__":
    sys.exit(main())
