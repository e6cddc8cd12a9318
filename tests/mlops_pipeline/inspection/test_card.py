"""The Python API: runs as objects, with artifacts that can be loaded."""

from __future__ import annotations

from pathlib import Path

import pytest
from api_runs import go

from mlops_pipeline.api import (
    Where,
)
from mlops_pipeline.store import MemoryStore


@pytest.fixture
def where(tmp_path: Path) -> Where:
    return Where(MemoryStore(), tmp_path)


def test_the_card_shows_nodes_and_errors_and_escapes_what_users_wrote(where: Where) -> None:
    html = go(where, steps=-1)._repr_html_()
    assert "Train" in html
    assert "steps &lt;b&gt;must&lt;/b&gt; be positive" in html
    assert "<b>must</b>" not in html
    assert "<script" not in html
