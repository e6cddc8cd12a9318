"""The behaviours that all runners share: what is run, and what it is compared with."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
import time
from collections.abc import Callable
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import Any

from snapshot import snapshot

from mlops_pipeline.authoring import load_pipeline
from mlops_pipeline.run_state import BASE, RESERVED, Workspace, selection_of
from mlops_pipeline.run_state.selection import FROM, ONLY, TO
from mlops_pipeline.runners import local
from mlops_pipeline.store import Execution, MetadataStore, State, open_store

HERE = Path(__file__).parent
CASES = HERE / "cases.py"
ROOT = HERE.parents[1]
IMPORTS = os.pathsep.join(str(ROOT / each) for each in (".", "components", "metadata"))


@dataclass(frozen=True)
class Case:
    """A pipeline of `cases.py`, run once for each set of parameters.

    Args:
        states: how the last run and its nodes end; the rest is compared between runners.
        runs: parameters of each run, with those that choose nodes; a base run is a number.
        fault: what happens to node `Nap` while it runs: `stop` or `kill`; empty for nothing.
        resume: whether the run is gone on with when it has ended.
        gaps: runners that do not share the behaviour, each with the reason.
    """

    pipeline: str
    states: dict[str, str]
    runs: tuple[dict[str, Any], ...] = ({},)
    fault: str = ""
    resume: bool = False
    gaps: dict[str, str] = field(default_factory=dict)
    id: str = ""

    @property
    def name(self) -> str:
        return self.id or self.pipeline

    def given(self, number: int, prefix: str) -> dict[str, Any]:
        """The parameters of a run; `prefix` and a number make the id of a run."""
        given = dict(self.runs[number])
        if BASE in given:
            given[BASE] = f"{prefix}{given[BASE]}"
        return given


IN_PROCESS, KUBEFLOW = "in process", "Kubeflow"
OWN_PROCESS = {IN_PROCESS: "the executor is this very process"}
RETRIED = {KUBEFLOW: "Kubeflow itself retries a run, which takes a cluster"}
TYPED = {
    "number": 3,
    "ratio": 2.5,
    "text": "3",
    "flag": True,
    "colour": "blue",
    "items": [5, 6, 7],
    "path": str(HERE / "snapshot.py"),
}

SUITE = [
    Case("success", {"": "COMPLETE", "Write": "COMPLETE", "both": "COMPLETE"}),
    Case("success", {"": "COMPLETE", "Write": "CACHED", "both": "CACHED"}, ({}, {}), id="cached"),
    Case(
        "cutoff",
        {"": "COMPLETE", "Write": "COMPLETE", "Read": "CACHED"},
        ({}, {"noise": True}),
        id="early cut-off",
    ),
    Case("failure", {"": "FAILED", "first": "COMPLETE", "Fail": "FAILED", "told": "COMPLETE"}),
    Case("retry", {"": "COMPLETE", "FailFirst": "COMPLETE"}),
    Case("timeout", {"": "FAILED", "Sleep": "FAILED"}, gaps=OWN_PROCESS),
    Case("killed", {"": "FAILED", "Die": "FAILED"}, gaps=OWN_PROCESS),
    Case(
        "skipped",
        {"": "COMPLETE", "big": "SKIPPED", "Read": "SKIPPED", "other": "CACHED"},
    ),
    Case(
        "gated",
        {
            "": "COMPLETE",
            "Check": "CACHED",
            "Train": "SKIPPED",
            "Read": "SKIPPED",
            "other": "CACHED",
        },
        ({}, {}),
        id="gate skips",
    ),
    Case(
        "gated",
        {"": "FAILED", "Check": "FAILED", "other": "COMPLETE", "told": "COMPLETE"},
        ({"action": "fail"},),
        id="gate fails",
    ),
    Case("gated", {"": "COMPLETE", "Read": "COMPLETE"}, ({"action": ""},), id="gate warns"),
    Case(
        "loops",
        {
            "": "COMPLETE",
            "doubled.1": "COMPLETE",
            "moved.1.0": "COMPLETE",
            "fixed_one.0": "COMPLETE",
        },
    ),
    Case("nothing", {"": "COMPLETE", "Echo": "SKIPPED"}, id="loop over nothing"),
    Case("nested", {"": "COMPLETE", "inner.Write": "COMPLETE", "Read": "COMPLETE"}),
    Case("parameters", {"": "COMPLETE", "Types": "COMPLETE"}, (TYPED,)),
    Case("resolvers", {"": "COMPLETE", "Read": "CACHED"}, ({}, {})),
    Case("custom", {"": "COMPLETE", "Loud": "COMPLETE"}, id="custom driver and publisher"),
    Case(
        "success",
        {"": "COMPLETE", "Write": "CACHED", "Train": "CACHED"},
        ({"text": "old"}, {"text": "new"}, {TO: ["Train"], FROM: ["Train"], BASE: "0"}),
        id="partial run",
    ),
    Case(
        "fan",
        {"": "COMPLETE", "Write.1": "CACHED", "Join": "CACHED"},
        ({}, {ONLY: ["Join"]}),
        id="partial run of a loop",
    ),
    Case(
        "skipped",
        {"": "COMPLETE", "big": "SKIPPED", "Read": "SKIPPED", "told": "COMPLETE"},
        ({}, {ONLY: ["Read"]}),
        id="partial run after a skip",
    ),
    Case(
        "nested",
        {"": "COMPLETE", "inner.Write": "CACHED"},
        ({}, {TO: ["inner"]}),
        id="partial run of a sub-pipeline",
    ),
    Case(
        "fixed",
        {"": "COMPLETE", "Write": "COMPLETE", "FailOnce": "COMPLETE", "told": "COMPLETE"},
        resume=True,
        gaps=RETRIED,
        id="resume",
    ),
    Case(
        "interrupted",
        {"": "COMPLETE", "Write": "COMPLETE", "Nap": "COMPLETE", "Add": "COMPLETE"},
        fault="stop",
        resume=True,
        gaps={**OWN_PROCESS, **RETRIED},
        id="canceled and resumed",
    ),
    Case(
        "interrupted",
        {"": "COMPLETE", "Write": "COMPLETE", "Nap": "COMPLETE", "Add": "COMPLETE"},
        fault="kill",
        resume=True,
        gaps={**OWN_PROCESS, **RETRIED},
        id="killed in mid-node and resumed",
    ),
]
NAMES = [case.name for case in SUITE]
BY_NAME = dict(zip(NAMES, SUITE, strict=True))


FEW = ["success", "skipped", "gate fails"]
"""Cases for set-ups that differ from another one in little."""

IN_TASKS = [
    "failure",
    "retry",
    "timeout",
    "killed",
    "loops",
    "custom driver and publisher",
    "canceled and resumed",
    "killed in mid-node and resumed",
]
"""Cases in which it could show that a node runs in the process of an Airflow task."""


def compile_case(pipeline: str) -> Any:
    """The IR of a pipeline of `cases.py`."""
    return load_pipeline(f"{CASES}:{pipeline}", project=HERE).compile()


def open_sqlite(folder: Path) -> MetadataStore:
    """The store of a folder."""
    return open_store(f"sqlite:///{folder / 'metadata.db'}")


Snapshots = Callable[[str], list[dict[str, Any]]]


def run_locally(folder: Path, case: Case, options: local.RunOptions) -> list[dict[str, Any]]:
    """All runs of a case on the local runner."""
    folder.mkdir(parents=True)
    store = open_sqlite(folder)
    try:
        workspace = Workspace(store, str(folder / "root"), HERE, (str(HERE),))
        found = []
        for number, _ in enumerate(case.runs):
            prefix = f"{case.pipeline}.r"
            run_id = f"{prefix}{number}"
            given = case.given(number, prefix)
            selection = selection_of(given)
            parameters = {name: value for name, value in given.items() if name not in RESERVED}
            ir = compile_case(case.pipeline)
            if case.fault:
                _run_with_fault(folder, store, case, run_id)
            for _ in range(1 + case.resume - bool(case.fault)):
                local.run(
                    ir,
                    run_id,
                    workspace,
                    parameters=parameters,
                    options=replace(options, selection=selection),
                )
            found.append(snapshot(store, run_id))
        return found
    finally:
        store.close()


def _run_with_fault(folder: Path, store: MetadataStore, case: Case, run_id: str) -> None:
    """Run a case in a process of its own, which is stopped or killed in node `Nap`."""
    command = [sys.executable, "-m", "mlops_pipeline.cli", "run", f"{CASES}:{case.pipeline}"]
    places = ["--store", f"sqlite:///{folder / 'metadata.db'}", "--root", str(folder / "root")]
    with (folder / "run.log").open("wb") as log:
        started = subprocess.Popen(
            [*command, *places, "--project", str(HERE), "--run-id", run_id],
            env={**os.environ, "PYTHONPATH": IMPORTS},
            stdout=log,
            stderr=log,
        )
    try:
        wait_for_nap(store, run_id)
        started.send_signal(signal.SIGINT if case.fault == "stop" else signal.SIGKILL)
        assert started.wait(60) != 0
    finally:
        started.kill()
        started.wait()


def wait_for_nap(store: MetadataStore, run_id: str, seconds: float = 300) -> Execution:
    """The execution of node `Nap`, when its executor is at work."""
    deadline = time.monotonic() + seconds
    while time.monotonic() < deadline:
        found = find_nap(store, run_id)
        if found is not None:
            return found
        time.sleep(0.1)
    raise TimeoutError(f"Nap of run {run_id} did not start in {seconds:g} s")


def find_nap(store: MetadataStore, run_id: str) -> Execution | None:
    """The execution of node `Nap`, if its executor is at work."""
    for execution in store.executions_of_run(run_id):
        if (execution.node_id, execution.state) == ("Nap", State.RUNNING):
            root = str(store.get_run(run_id).properties["root"])
            if list(Path(root).glob(f"*/.state/{run_id}/Nap/tried")):
                return execution
    return None


# As a scheduler does, nodes that do not depend on a failed one are run.
WORKERS = local.RunOptions(workers=2, keep_going=True)


def states(found: dict[str, Any]) -> dict[str, str]:
    """How a run and its nodes ended."""
    ended = {place: attempts[-1]["state"] for place, attempts in found["nodes"].items()}
    return {"": found["state"], **ended}
