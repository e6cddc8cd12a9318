"""The local runner does the same with its executors in worker processes and in this one."""

from __future__ import annotations

from pathlib import Path

import pytest
from suite import BY_NAME, IN_PROCESS, NAMES, Snapshots, run_locally, states

from mlops_pipeline.runners import local

pytestmark = pytest.mark.mlmd


@pytest.mark.parametrize("name", NAMES)
def test_local_workers(by_workers: Snapshots, name: str) -> None:
    assert BY_NAME[name].states.items() <= states(by_workers(name)[-1]).items()


@pytest.mark.parametrize("name", NAMES)
def test_local_in_process(by_workers: Snapshots, name: str, tmp_path: Path) -> None:
    case = BY_NAME[name]
    if IN_PROCESS in case.gaps:
        pytest.skip(f"not the same in process: {case.gaps[IN_PROCESS]}")
    options = local.RunOptions(in_process=True, keep_going=True)
    assert run_locally(tmp_path / "run", case, options) == by_workers(name)
