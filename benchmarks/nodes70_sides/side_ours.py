"""The job in our framework: every node recorded in ML Metadata on SQLite, results reused."""

from __future__ import annotations

import os
import sys
from pathlib import Path

from job import CHAIN, FAN, combine, executed, fail_if_asked, serve

from mlops_pipeline import Input, component, pipeline
from mlops_pipeline.artifacts import String
from mlops_pipeline.compile import compile_pipeline
from mlops_pipeline.runners import local
from mlops_pipeline.stores import open_store
from mlops_pipeline.workspace import Workspace

HERE = Path(__file__).parent


@component
def First(*, seed: int) -> str:
    """Begin the chain."""
    executed()
    return combine([], seed)


@component
def Chain(before: Input[String], *, index: int) -> str:
    """Go on with the chain."""
    executed()
    return combine([before.read()], index)


@component
def Head(before: Input[String]) -> str:
    """Feed the fan."""
    executed()
    return combine([before.read()], "head")


@component
def Fan(before: Input[String], *, index: int) -> str:
    """One of many that do different work."""
    executed()
    return combine([before.read()], f"fan {index}")


@component
def Join(texts: list[Input[String]]) -> str:
    """Bring all together."""
    executed()
    fail_if_asked()
    return combine([text.read() for text in texts], "join")


@pipeline
def nodes70(seed: int) -> None:
    """A chain of 20 feeding 1 + 48 + 1."""
    node = First.options(id=CHAIN[0])(seed=seed)
    for i in range(1, len(CHAIN)):
        node = Chain.options(id=CHAIN[i])(before=node.outputs.output, index=i)
    head = Head.options(id="head")(before=node.outputs.output)
    fan = [Fan.options(id=name)(before=head.outputs.output, index=i) for i, name in enumerate(FAN)]
    Join.options(id="join")(texts=[node.outputs.output for node in fan])


def run(folder: Path, seed: int) -> str:
    """One run; a run that exists already goes on where it ended."""
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
