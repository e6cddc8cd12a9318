"""The behaviours that all runners share: what is run, and what it is compared with."""

from __future__ import annotations

import os
from collections.abc import Callable
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from snapshot import snapshot

from mlops_pipeline.loading import load_pipeline
from mlops_pipeline.runners import local
from mlops_pipeline.store import MetadataStore
from mlops_pipeline.stores import open_store
from mlops_pipeline.workspace import Workspace

HERE = Path(__file__).parent
CASES = HERE / "cases.py"
ROOT = HERE.parents[1]
IMPORTS = os.pathsep.join(str(ROOT / each) for each in (".", "components", "metadata"))


@dataclass(frozen=True)
class Case:
    """A pipeline of `cases.py`, run once for each set of parameters.

    Args:
        states: how the last run and its nodes end; the rest is compared between runners.
        gaps: runners that do not share the behaviour, each with the reason.
    """

    pipeline: str
    states: dict[str, str]
    runs: tuple[dict[str, Any], ...] = ({},)
    gaps: dict[str, str] = field(default_factory=dict)
    id: str = ""

    @property
    def name(self) -> str:
        return self.id or self.pipeline


IN_PROCESS = "in process"
OWN_PROCESS = {IN_PROCESS: "the executor is this very process"}
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
]
NAMES = [case.name for case in SUITE]
BY_NAME = dict(zip(NAMES, SUITE, strict=True))


FEW = ["success", "skipped", "gate fails"]
"""Cases for set-ups that differ from another one in little."""


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
        for number, parameters in enumerate(case.runs):
            run_id = f"{case.pipeline}.r{number}"
            local.run(
                compile_case(case.pipeline),
                run_id,
                workspace,
                parameters=parameters,
                options=options,
            )
            found.append(snapshot(store, run_id))
        return found
    finally:
        store.close()


# As a scheduler does, nodes that do not depend on a failed one are run.
WORKERS = local.RunOptions(workers=2, keep_going=True)


def states(found: dict[str, Any]) -> dict[str, str]:
    """How a run and its nodes ended."""
    ended = {place: attempts[-1]["state"] for place, attempts in found["nodes"].items()}
    return {"": found["state"], **ended}
