"""Cost of an artifact root in S3 for a node, beside one on the local disk.

A chain of nodes, each reading what the one before wrote: small (some bytes), or large (`--mb`).
Records are kept in memory and nodes run in this process, so that what differs is the root. The
server is moto's, on this machine, in Python: figures of a real one depend on the way there. The
requests that it got are counted.

  run      a first run: milliseconds a node
  cached   a second run on the same machine, nothing runs: milliseconds a node
  other    the same on another machine (an empty scratch folder): milliseconds a node

Medians over the rounds; the sides take turns. It needs the environment `ml` of `dev.py`:

  .venvs/ml/bin/python benchmarks/roots.py --rounds 5
"""

from __future__ import annotations

import argparse
import os
import shutil
import statistics
import sys
import tempfile
import time
from collections import defaultdict
from pathlib import Path

HERE = Path(__file__).resolve().parent
sys.path[:0] = [str(HERE.parent / "tests" / "contracts"), str(HERE / "roots_sides")]

from chain import NODES, chain  # noqa: E402
from s3_server import BUCKET, serving_s3, variables_set  # noqa: E402

from mlops_pipeline.authoring import compile_pipeline  # noqa: E402
from mlops_pipeline.run_state import Workspace  # noqa: E402
from mlops_pipeline.runners import local  # noqa: E402
from mlops_pipeline.store import MemoryStore  # noqa: E402

SIDES = HERE / "roots_sides"
PHASES = ("run", "cached", "other")


class Requests:
    """Counts the requests that s3fs makes."""

    def __init__(self) -> None:
        import s3fs

        self.count = 0
        call = s3fs.S3FileSystem._call_s3

        async def counted(system: s3fs.S3FileSystem, *args: object, **named: object) -> object:
            self.count += 1
            return await call(system, *args, **named)

        s3fs.S3FileSystem._call_s3 = counted


def measure(root: str, folder: Path, size: int) -> dict[str, float]:
    """Measure milliseconds a node, by phase."""
    store, compiled = MemoryStore(), compile_pipeline(chain, {"size": size}, SIDES)
    found = {}
    for phase, scratch in zip(PHASES, ("a", "a", "b"), strict=True):
        workspace = Workspace(
            store, root, SIDES, (str(SIDES),), scratch=str(folder / f"scratch-{scratch}")
        )
        started = time.perf_counter()
        result = local.run(
            compiled, phase, workspace, options=local.RunOptions(in_process=True), parameters={}
        )
        found[phase] = (time.perf_counter() - started) / NODES * 1000
        wanted = {"COMPLETE"} if phase == "run" else {"CACHED"}
        if {str(outcome.state) for outcome in result.outcomes} != wanted:
            raise SystemExit(f"{root}: {phase}: {[o.execution.error for o in result.failed]}")
    return found


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.split("\n")[0])
    parser.add_argument("--rounds", type=int, default=5)
    parser.add_argument("--mb", type=int, default=32, help="size of the large artifacts")
    given = parser.parse_args()
    requests = Requests()
    with serving_s3() as server, variables_set(server.environment):
        for name, size in (("small", 10), (f"{given.mb} MB", given.mb << 20)):
            costs: dict[tuple[str, str], list[float]] = defaultdict(list)
            asked: dict[str, float] = {}
            for number in range(given.rounds + 1):
                for side in ("local", "s3"):
                    folder = Path(tempfile.mkdtemp(prefix="roots-"))
                    place = f"s3://{BUCKET}/{name}/{number}" if side == "s3" else str(folder / "r")
                    before = requests.count
                    found = measure(place, folder, size)
                    asked[side] = (requests.count - before) / NODES
                    shutil.rmtree(folder)
                    # The first round imports and connects.
                    for phase, cost in found.items() if number else ():
                        costs[side, phase].append(cost)
            print(f"\n{name}: ms/node, medians of {given.rounds}; load {os.getloadavg()[0]:.1f}")
            for phase in PHASES:
                here = statistics.median(costs["local", phase])
                there = statistics.median(costs["s3", phase])
                print(f"  {phase:8} local {here:8.2f}   s3 {there:8.2f}   ({there / here:.1f}x)")
            print(f"  requests a node, all phases together: {asked['s3']:.1f}")


if __name__ == "__main__":
    main()
