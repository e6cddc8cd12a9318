"""Runs a step of `dev.py` on a side, shows it, and notes what was seen."""

from __future__ import annotations

import os
import time

import keep
import observe
import records
from sides import Side

# Of the ml tests: the main jobs, and the stores.
PART = (
    "tests/mlops_components/test_penguin.py",
    "tests/mlops_components/test_taxi.py",
    "tests/mlops_metadata/test_mlmd.py",
    "tests/mlops_metadata/test_sqlite_file.py",
    "tests/mlops_metadata/test_tfx_data.py",
    "tests/mlops_metadata/service/test_answers.py",
)
SHARED = ("-n", "2", "--dist", "loadfile")
COMMANDS = {
    "penguin": ["penguin"],
    "ml": ["check", "ml"],
    "part": ["python", "-m", "pytest", "-q", *SHARED, "-m", "ml or mlmd", *PART],
    "light": ["check", "light"],
    "test": ["test"],
}


def gigabytes(side: Side) -> dict[str, float]:
    """The size of the ml environment on the disk."""
    size = side.ask(["du", "-s", "--block-size=1M", f"{side.venvs}/ml"])
    return {"gigabytes": round(int(size.split()[0]) / 1000, 2)} if size else {}


def run(side: Side, what: str, command: str, commit: str) -> bool:
    """Run a step; whether it passed. Note it where there is a commit to note it under."""
    told = side.ask([side.python, "-c", observe.SYSTEM])
    if not told:
        raise keep.Failed(f"{side.python} does not run in {side.name}")
    system = observe.system(told)
    print(f"\n== {system}: python3 dev.py {' '.join(COMMANDS[what])}", flush=True)
    output: list[str] = []
    begun, load = time.monotonic(), os.getloadavg()[0]
    code = side.show([side.python, "dev.py", *COMMANDS[what]], output.append)
    if what == "part":
        output.append(f"{observe.plain(output)}\n")
        print(output[-1], end="", flush=True)
    seen = observe.READERS[what](output)
    passed = code == 0 and seen.good
    failed = "" if passed else f"FAILED (exit code {code}): "
    seconds = time.monotonic() - begun
    print(f"== {system}: {what}: {failed}{seen.text}, {seconds:.0f} s in all", flush=True)
    if passed and commit:
        if what == "penguin":
            seen.numbers.update(gigabytes(side))
        records.note(records.record(system, what, command, seen, commit, load))
    return passed
