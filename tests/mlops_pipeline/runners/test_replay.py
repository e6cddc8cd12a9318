"""Gates: a node warns, has what comes after it skipped, or fails; its outputs are there anyway."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest
from gated_runs import CHAIN, STEPS, read

from mlops_pipeline.runners import replay_node


@pytest.fixture
def chain(project: Any) -> Any:
    project.write("pipeline.py", STEPS + "\n" + CHAIN)
    return project


def test_a_replay_gives_the_verdict_again_and_records_nothing(chain: Any, tmp_path: Path) -> None:
    chain.run(parameters={"action": "fail"}, in_process=True)
    execution = read(chain)["Check"].execution
    before = len(chain.store.all_executions)
    gate = replay_node(chain.workspace, execution, tmp_path / "again").gate
    assert gate is not None
    assert (gate.action, gate.reasons) == ("fail", ["only 3 rows"])
    assert len(chain.store.all_executions) == before
