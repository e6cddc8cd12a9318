"""The Python API: runs as objects, with artifacts that can be loaded."""

from __future__ import annotations

from pathlib import Path

import pytest
from api_runs import go

from mlops_pipeline.api import (
    Where,
    why,
)
from mlops_pipeline.store import MemoryStore


@pytest.fixture
def where(tmp_path: Path) -> Where:
    return Where(MemoryStore(), tmp_path)


def test_the_reason_of_a_node_prints_in_a_few_lines(where: Where) -> None:
    go(where)
    go(where, steps=6)
    assert str(why("last", "Train", where=where)).splitlines()[1:] == ["- parameter steps: 5 -> 6"]
