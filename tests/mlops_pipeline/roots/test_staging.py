"""Ctrl-C, and other ends in the middle: what the store says and what is on the disk agree."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest
from interrupted_runs import PIPELINE

from mlops_pipeline.roots import OUTPUTS, STAGING
from mlops_pipeline.roots.local_root import local_attempt
from mlops_pipeline.run_state import this_process
from mlops_pipeline.run_state.liveness import PROCESS
from mlops_pipeline.store import Execution, State


@pytest.fixture
def written(project: Any) -> Any:
    project.write("pipeline.py", PIPELINE)
    return project


def test_what_a_dead_process_staged_goes_whoever_runs_next(written: Any) -> None:
    dead = Execution(
        component="pipeline.Gone",
        pipeline="p",
        run_id="other",
        node_id="Gone",
        state=State.RUNNING,
        properties={PROCESS: this_process()[PROCESS] + "0", STAGING: "abcd", OUTPUTS: ["x"]},
    )
    stored, _ = written.store.put_execution(dead)
    attempt = local_attempt(Path(written.workspace.root), stored)
    attempt.begin()
    written.run("r", in_process=True)
    assert not attempt.folder.exists()
    assert written.store.executions([stored.id])[0].state is State.FAILED
