"""The Python API: runs as objects, with artifacts that can be loaded."""

from __future__ import annotations

from pathlib import Path

import pytest
from api_runs import go

from mlops_pipeline.api import (
    Where,
    open_run,
    resume,
    why,
)
from mlops_pipeline.store import MemoryStore


@pytest.fixture
def where(tmp_path: Path) -> Where:
    return Where(MemoryStore(), tmp_path)


def test_runs_go_by_the_names_that_the_commands_take(where: Where) -> None:
    done = go(where)
    assert open_run("last", where=where).id == done.id
    assert open_run(done.id[:-2], where=where).id == done.id
    assert why("last", "Train", where=where).execution.run_id == done.id
    assert resume("last", where=where).record == done.record
