"""The job that all sides do, and the protocol by which `nodes70.py` asks for it.

70 nodes: a chain of 20 feeds one node, that one feeds 48 different ones, and those feed a last.
Each reads the small text that the nodes before it wrote, and writes one. The seed goes into the
first node only; it reaches the others through what they read, as data does.

A side is a script that is called as `python <side>.py FOLDER ACTION` and calls `serve`.
"""

from __future__ import annotations

import hashlib
import json
import os
import sys
import time
from collections.abc import Callable
from pathlib import Path

CHAIN = [f"chain_{i:02}" for i in range(20)]
FAN = [f"fan_{i:02}" for i in range(48)]


def combine(texts: list[str], salt: object) -> str:
    """Do the work of a node: return 64 characters made from those of the nodes before it."""
    return hashlib.sha256("\n".join([*texts, str(salt)]).encode()).hexdigest()


def executed() -> None:
    """Count a node that really runs: one line in a file, from whichever process it is in."""
    with Path(os.environ["NODES70_LOG"]).open("a") as log:
        log.write("x\n")


def fail_if_asked() -> None:
    """Fail the last node when the driver wants it to."""
    if os.environ.get("NODES70_FAIL"):
        raise RuntimeError("failed on request")


def expected(seed: int) -> str:
    """Return the text that the last node must have written."""
    text = combine([], seed)
    for i in range(1, len(CHAIN)):
        text = combine([text], i)
    head = combine([text], "head")
    return combine([combine([head], f"fan {i}") for i in range(len(FAN))], "join")


def cpu() -> float:
    """Return CPU seconds of this process and of the ended processes that it has started."""
    return sum(os.times()[:4])


def serve(run: Callable[[Path, int], str], prepare: Callable[[Path], None] | None = None) -> None:
    """Do what the command line asks, and print what it took as JSON.

    Args:
        run: does the job in a folder with a seed, and returns the text of the last node.
        prepare: makes what must be there before the first run (not measured).

    Actions: `prepare`; `once` (seed 1); `twice` (seeds 1 and 2, the second is timed).
    """
    folder, action = Path(sys.argv[1]), sys.argv[2]
    if action == "prepare":
        if prepare:
            prepare(folder)
        return
    text = run(folder, 1)
    answer = {"right": text == expected(1)}
    if action == "twice":
        begin = time.perf_counter(), cpu()
        text = run(folder, 2)
        answer = {
            "right": text == expected(2),
            "wall": time.perf_counter() - begin[0],
            "cpu": cpu() - begin[1],
        }
    sys.stdout.write("\n" + json.dumps(answer) + "\n")
    sys.stdout.flush()
