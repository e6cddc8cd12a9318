"""A run, or a removal, as a process that waits or dies at a step.

gc_steps.py run:RUN_ID | gc STORE ROOT FOLDER [wait:STEP | kill:STEP:COUNT]

FOLDER has the pipeline. A process that waits makes `FOLDER/reached.run` (or `.gc`), and goes on
once there is `FOLDER/go.run`. A removal keeps nothing but what is used.
"""

from __future__ import annotations

import os
import signal
import sys
import time
from pathlib import Path

from mlops_pipeline.authoring import load_pipeline
from mlops_pipeline.retention import Policy, apply_gc, plan_gc
from mlops_pipeline.run_state import Workspace
from mlops_pipeline.runners import local
from mlops_pipeline.store import open_store


class Stop:
    """An audit hook that stops this process at a step."""

    def __init__(self, how: str, folder: Path, name: str) -> None:
        self.verb, self.step, self.left = (*how.split(":"), "1")[:3]
        self.reached, self.go = folder / f"reached.{name}", folder / f"go.{name}"

    def __call__(self, event: str, args: tuple[object, ...]) -> None:
        if event != "mlops.step" or self.step not in (args[0], f"{args[0]}/{args[1]}"):
            return
        self.left = str(int(self.left) - 1)
        if self.left != "0":
            return
        if self.verb == "kill":
            os.kill(os.getpid(), signal.SIGKILL)
        self.reached.touch()
        while not self.go.exists():
            time.sleep(0.01)


def main(what: str, url: str, root: str, folder: str, how: str = "") -> None:
    if how:
        sys.addaudithook(Stop(how, Path(folder), what.partition(":")[0]))
    workspace = Workspace(open_store(url), root, Path(folder), (folder,))
    if what == "gc":
        plan = plan_gc(url, root, Policy(0, 0.0, frozenset({"tagged"}), frozenset()))
        sys.audit("mlops.step", "gc.planned", "")
        done = apply_gc(workspace, url, plan)
        removed = [record.id for each in done.removed for record in each.artifacts]
        held = [record.id for each in done.held for record in each.artifacts]
        sys.stdout.write(f"removed={removed} held={held} failed={list(done.failed)}")
        return
    ir = load_pipeline(f"{folder}/pipeline.py", project=Path(folder)).compile()
    options = local.RunOptions(in_process=True)
    result = local.run(ir, what.partition(":")[2], workspace, options=options)
    states = sorted({f"{o.node_id}={o.state}" for o in result.outcomes})
    sys.stdout.write(" ".join(states))


if __name__ == "__main__":
    main(*sys.argv[1:])
