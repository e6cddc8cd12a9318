"""Many runs at once on one store: nothing lost, nothing doubled, and how fast?

Eight processes record 1,000 runs of 8 nodes, three times over, each time in a new store:

  launcher  pipelines of trivial components through the launcher: claims, cache, files, events
  store     only the two writes of each node (claim, publish), by our store
  stock     the same two writes, by the stock MLMD client, on the same kind of server

Afterwards another process reads the whole store: each run COMPLETE with 8 executions, one artifact
for each, all names different, each input the output of the node before. Prints executions a
second, the time of one `put_execution` at the median and at 99 %, how evenly the processes got
through (the highest of their 99th percentiles by the lowest), and what was lost or failed:

    python benchmarks/store_runs.py
    python benchmarks/store_runs.py --on grpc --runs 40 --sides launcher

With `--kills N`, the server is killed by SIGKILL so many times meanwhile, and started again two
seconds later; a run that fails for it is resumed, as a scheduler would, and all the same holds:

    python benchmarks/store_runs.py --on postgresql mysql --sides launcher --kills 3
"""

from __future__ import annotations

import contextlib
import shutil
import subprocess
import sys
import tempfile
import time
from pathlib import Path
from typing import Any

from measure import HERE, SideFailed, answer_in, arguments, check, machine, run, save, say
from store_servers import KINDS, Killable, environment, killable, new_store

SIDE = HERE / "store_runs_side.py"
SIDES = ("launcher", "store", "stock")
EVEN = 3.0
"""Largest allowed ratio between the 99th percentiles of the processes."""

DOWN = 2.0
"""Seconds that a killed server is away."""


def together(
    side: str, url: str, folder: Path, options: Any, server: Killable | None
) -> list[dict[str, Any]]:
    """Let the processes begin at once, and collect what they answer."""
    started = []
    for number in range(options.processes):
        share = range(number, options.runs, options.processes)
        command = [sys.executable, str(SIDE), side, url, str(folder), f"p{number}", str(len(share))]
        command += ["resume"] if server is not None else []
        process = subprocess.Popen(
            command,
            env=environment(),
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
            text=True,
        )
        started.append(process)
        # One after the other: MLMD alone may fail where two make a type at once.
        while not (folder / f"ready-p{number}").exists() and process.poll() is None:
            time.sleep(0.01)
    (folder / "start").touch()
    if server is not None:
        kill_server(server, started, options)
    texts = [process.communicate()[0] for process in started]
    for process, text in zip(started, texts, strict=True):
        if process.returncode:
            raise SideFailed(f"a process returned {process.returncode}:\n{text[-2000:]}")
    return [answer_in(text) for text in texts]


def kill_server(server: Killable, started: list[subprocess.Popen[str]], options: Any) -> None:
    """Kill the server, and start it again, while the processes run."""
    for _ in range(options.kills):
        time.sleep(options.every)
        if all(process.poll() is not None for process in started):
            say("  ! they were done before it was killed")
            return
        server.kill()
        time.sleep(DOWN)
        server.start()


def percentile(times: list[float], part: float) -> float:
    """Return a percentile in milliseconds."""
    ordered = sorted(times)
    return 1000 * ordered[min(len(ordered) - 1, int(len(ordered) * part))]


def scene(kind: str, side: str, options: Any) -> dict[str, Any]:
    """Run one side on a new store."""
    folder = Path(tempfile.mkdtemp(prefix="store-runs-", dir=options.root))
    try:
        with contextlib.ExitStack() as stack:
            url = stack.enter_context(new_store(kind))
            server = stack.enter_context(killable(url)) if options.kills else None
            answers = together(side, url, folder, options, server)
            command = [sys.executable, SIDE, f"check-{side}", url, folder, "all", str(options.runs)]
            found = run(command, env=environment()).answer
    finally:
        shutil.rmtree(folder, ignore_errors=True)
    times = [seconds for answer in answers for seconds in answer["times"]]
    each = [percentile(answer["times"], 0.99) for answer in answers]
    wall = max(answer["wall"] for answer in answers)
    errors = [error for answer in answers for error in answer["errors"]]
    figures = {
        "executions/s": found["executions"] / wall,
        "writes/s": len(times) / wall,
        "p50 ms": percentile(times, 0.5),
        "p99 ms": percentile(times, 0.99),
        "max ms": percentile(times, 1),
        "p99 apart": max(each) / min(each),
        "executions": found["executions"],
        "resumed": sum(answer.get("resumed", 0) for answer in answers),
        "errors": len(errors),
        "problems": found["problems"],
    }
    row = [f"{figures[name]:12.4g}" for name in COLUMNS]
    say(f"{kind:11}{side:10}" + "".join(row) + f"{len(found['problems']):12}")
    if options.kills:
        say(f"  {options.kills} kills of the server, {figures['resumed']} times a run was resumed")
    for text in [*dict.fromkeys(errors), *found["problems"]][:5]:
        say(f"  ! {text[:300]}")
    return figures


COLUMNS = ("executions/s", "writes/s", "p50 ms", "p99 ms", "max ms", "p99 apart", "errors")


def main() -> int:
    parser = arguments(__doc__)
    parser.add_argument("--on", nargs="+", default=["grpc", "mysql", "grpc-mysql"], choices=KINDS)
    parser.add_argument("--sides", nargs="+", default=SIDES, choices=SIDES)
    parser.add_argument("--processes", type=int, default=8)
    parser.add_argument("--runs", type=int, default=1000, help="of all processes together")
    parser.add_argument("--kills", type=int, default=0, help="of the server, in each scene")
    parser.add_argument("--every", type=float, default=20.0, help="seconds between two kills")
    parser.add_argument("--root", help="folder for the artifacts (default: the temporary one)")
    options = parser.parse_args()
    if options.kills and not {"mysql", "postgresql"} >= set(options.on):
        parser.error("--kills is for mysql and postgresql, and for --sides launcher")
    say(f"{options.processes} processes, {options.runs} runs of 8 nodes; {machine()}")
    say(f"{'':21}" + "".join(f"{name:>12}" for name in (*COLUMNS, "problems")))
    figures: dict[str, dict[str, Any]] = {}
    for kind in options.on:
        figures[kind] = {side: scene(kind, side, options) for side in options.sides}
    say(machine())
    good = True
    for kind, sides in figures.items():
        for side in [side for side in sides if side != "stock"]:
            found = sides[side]
            wrong = found["errors"] + len(found["problems"])
            good &= check(f"{kind}, {side}: lost, doubled or failed", wrong, 0)
            if options.runs >= 100 and not options.kills:
                good &= check(
                    f"{kind}, {side}: p99 of the processes apart", found["p99 apart"], EVEN
                )
    save(options.json, figures)
    return 0 if good else 1


if __name__ == "__main__":
    sys.exit(main())
