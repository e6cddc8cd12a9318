"""Gates: a node warns, has what comes after it skipped, or fails; its outputs are there anyway."""

from __future__ import annotations

from typing import Any

from gated_runs import CHAIN, STEPS

from mlops_pipeline.gate import read_gate
from mlops_pipeline.node import end_run, launch, open_session
from mlops_pipeline.store import State


def test_each_node_on_its_own_finds_the_verdict_in_the_store(project: Any) -> None:
    project.write(
        "pipeline.py", STEPS + "\n" + CHAIN.replace('action: str = ""', 'action: str = "skip"')
    )
    ir = project.compile()
    done = {}
    for node in ("Make", "Check", "Train", "Push"):
        session = open_session(ir, "alone", project.workspace)
        done[node] = launch(session, node)
    end_run(project.workspace, session.run, State.COMPLETE)
    assert [str(each.state) for each in done.values()] == [
        "COMPLETE",
        "COMPLETE",
        "SKIPPED",
        "SKIPPED",
    ]
    gate = read_gate(done["Push"].execution.properties)
    assert gate is not None
    assert gate.node == "Check"
