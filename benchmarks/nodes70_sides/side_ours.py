"""The job in our framework: every node recorded in ML Metadata on SQLite, results reused."""

from __future__ import annotations

import os
import sys
from pathlib import Path

from job import serve
from ours_pipeline import nodes70

from mlops_pipeline.authoring import compile_pipeline
from mlops_pipeline.run_state import Workspace
from mlops_pipeline.runners import local
from mlops_pipeline.store import open_store

HERE = Path(__file__).parent


def run(folder: Path, seed: int) -> str:
    """Run once; an existing run goes on where it ended."""
    store = open_store(f"sqlite:///{folder / 'metadata.db'}")
    workspace = Workspace(store, str(folder / "artifacts"), HERE, (str(HERE),))
    ir = compile_pipeline(nodes70, {"seed": seed}, HERE)
    options = local.RunOptions(in_process=bool(os.environ.get("NODES70_IN_PROCESS")))
    resumed = sys.argv[2] == "resume"
    run_id = f"run-{seed}" if os.environ.get("NODES70_FAIL") or resumed else os.urandom(6).hex()
    result = local.run(ir, run_id, workspace, parameters={"seed": seed}, options=options)
    if result.failed:
        raise SystemExit("; ".join(f"{o.node_id}: {o.execution.error}" for o in result.failed))
    (join,) = (outcome for outcome in result.outcomes if outcome.node_id == "join")
    store.close()
    return Path(join.outputs["output"][0].uri).read_text()


if __name__ == "__main__":
    serve(run)
