"""Several processes run pipelines on one SQLite store at the same moment.

Two scenes, each on a store of its own:

  different  every process runs pipelines with data of its own; alone first, for comparison
  same       all processes start the same pipeline with the same data: each node's work should
             be done once, and all get its result

Afterwards the store is read by another process and checked: every run COMPLETE, one execution a
node and run, no error, each node's input written by the node before it, with the right content.
Prints how many executions there are in which state, errors, and seconds for a node (from its
start to its record in the store) at the median and at 99 %.

  python benchmarks/concurrency.py --processes 8 --runs 3 --nodes 6
"""

from __future__ import annotations

import shutil
import statistics
import subprocess
import sys
import tempfile
import time
from collections import Counter
from collections.abc import Sequence
from pathlib import Path
from typing import Any

from measure import (
    HERE,
    SideFailed,
    answer_in,
    arguments,
    full_environment,
    machine,
    our_environment,
    run,
    save,
    say,
)

SIDE = HERE / "concurrency_side.py"


def together(python: str, folder: Path, jobs: Sequence[Sequence[str]]) -> list[dict[str, Any]]:
    """Start a process for each job, let all begin at once, and collect what they answer."""
    env = full_environment(our_environment())
    start = folder / "start"
    started = [
        subprocess.Popen(
            [python, str(SIDE), "run", str(folder), *job],
            env=env,
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
            text=True,
        )
        for job in jobs
    ]
    # The sides wait for this file once they have imported everything.
    while len(list(folder.glob("ready-*"))) < len(jobs):
        if any(process.poll() for process in started):
            break
        time.sleep(0.05)
    start.touch()
    texts = [process.communicate()[0] for process in started]
    start.unlink()
    for ready in folder.glob("ready-*"):
        ready.unlink()
    for process, text in zip(started, texts, strict=True):
        if process.returncode:
            raise SideFailed(f"a process returned {process.returncode}:\n{text[-2000:]}")
    return [answer_in(text) for text in texts]


def report(name: str, answers: Sequence[dict[str, Any]], nodes: int) -> dict[str, Any]:
    """Print and return the figures of one scene."""
    times = sorted(seconds for answer in answers for seconds in answer["nodes"])
    wall = max(answer["wall"] for answer in answers)
    errors = [error for answer in answers for error in answer["errors"]]
    figures = {
        "processes": len(answers),
        "executions": len(times),
        "errors": len(errors),
        "wall s": wall,
        "nodes a second": len(times) / wall,
        "p50 ms": statistics.median(times) * 1000,
        "p99 ms": times[min(len(times) - 1, int(len(times) * 0.99))] * 1000,
        "worst ms": times[-1] * 1000,
    }
    say(f"{name:>10}: " + ", ".join(f"{k} {v:.4g}" for k, v in figures.items()))
    for error in errors[:5]:
        say(f"  ! {error}")
    return figures


def checked(python: str, folder: Path, *expected: int) -> dict[str, Any]:
    """Read the store from outside: raises unless all is as it must be."""
    command = [python, SIDE, "check", folder, *map(str, expected)]
    answer = dict(run(command, env=our_environment()).answer)
    say(f"{'store':>10}: " + ", ".join(f"{k} {v}" for k, v in answer.items()))
    return answer


def scene(options: Any, name: str, jobs: Sequence[Sequence[str]], runs: int) -> dict[str, Any]:
    """Run one scene on a new store, and check the store."""
    folder = Path(tempfile.mkdtemp(prefix="concurrency-"))
    try:
        figures = report(name, together(options.python, folder, jobs), options.nodes)
        found = checked(options.python, folder, runs, options.nodes)
        problems = Counter(found["problems"])
        return {**figures, "states": found["states"], "problems": sum(problems.values())}
    finally:
        shutil.rmtree(folder, ignore_errors=True)


def main() -> int:
    parser = arguments(__doc__)
    parser.add_argument("--processes", type=int, default=8)
    parser.add_argument("--runs", type=int, default=3, help="runs of each process")
    parser.add_argument("--nodes", type=int, default=6, help="nodes of each pipeline")
    options = parser.parse_args()
    count, nodes, runs = options.processes, str(options.nodes), str(options.runs)
    say(f"{count} processes, {runs} runs each, {nodes} nodes a run; {machine()}")
    figures = {
        "alone": scene(options, "alone", [("p0", nodes, runs, "0")], options.runs),
        "different": scene(
            options,
            "different",
            [(f"p{i}", nodes, runs, str(1000 * i)) for i in range(count)],
            options.runs * count,
        ),
        "same": scene(options, "same", [(f"p{i}", nodes, "1", "7") for i in range(count)], count),
    }
    ratio = figures["different"]["nodes a second"] / figures["alone"]["nodes a second"]
    say(f"{count} processes do {ratio:.2g} x the nodes a second of one; {machine()}")
    done = figures["same"]["states"].get("COMPLETE", 0)
    say(f"same work by {count} processes: done {done} times for {nodes} nodes")
    save(options.json, figures)
    bad = sum(scene["errors"] + scene["problems"] for scene in figures.values())
    say("no error, lineage right" if not bad else f"{bad} errors or wrong records")
    return 1 if bad else 0


if __name__ == "__main__":
    sys.exit(main())
