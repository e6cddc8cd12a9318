"""Compares what two stacks of libraries compute: that of this machine and that of a root.

Each runs the pipelines; then the tests of `tests/stacks` on each side read what the other wrote, in
a folder that both see under one path.
"""

from __future__ import annotations

from pathlib import Path

import observe
from sides import Side

# Under the lock of shared environments, and with this checkout in them.
ML = ("dev.py", "python")
WRITE = "tests/stacks/results.py"
COMPARE = ("-m", "pytest", "-q", "-rs", "-m", "ml", "tests/stacks")


def compared(one: Side, other: Side, folder: Path) -> bool:
    """Run the pipelines on both sides, and the comparison on both; whether all is equal."""
    results = {side.name: str(folder / f"results-{n}") for n, side in enumerate((one, other))}
    for side in (one, other):
        print(f"\n== stacks: the pipelines on {side.name}", flush=True)
        if side.show([side.python, *ML, WRITE, results[side.name]]):
            print(f"== stacks: FAILED: no results of {side.name}", flush=True)
            return False
    good = True
    for side, with_ in ((one, other), (other, one)):
        print(f"\n== stacks: {side.name} reads the results of {with_.name}", flush=True)
        output: list[str] = []
        variables = {
            "MLOPS_TEST_STACK_RESULTS": results[side.name],
            "MLOPS_TEST_OTHER_STACK_RESULTS": results[with_.name],
        }
        code = side.show([side.python, *ML, *COMPARE], output.append, **variables)
        counts = observe.plain(output)
        print(counts, flush=True)
        # A comparison that was skipped has not found anything equal.
        good = good and code == 0 and counts.endswith(" 0 skipped") and counts[0] != "0"
    print(f"== Debian 13 and this machine: stacks: {'equal' if good else 'FAILED'}", flush=True)
    return good
