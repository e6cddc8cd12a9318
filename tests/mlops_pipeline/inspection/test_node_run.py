"""A node of a run as an object."""

from __future__ import annotations

from pathlib import Path

import pytest
from api_runs import go

from mlops_pipeline.api import Where
from mlops_pipeline.errors import NotFoundError
from mlops_pipeline.store import MemoryStore


@pytest.fixture
def where(tmp_path: Path) -> Where:
    return Where(MemoryStore(), tmp_path)


def test_an_artifact_of_several_outputs_has_to_be_named(where: Where) -> None:
    train = go(where)["Train"]
    with pytest.raises(NotFoundError, match="Train has 2 artifacts to choose from"):
        train.artifact()
    with pytest.raises(NotFoundError, match="no output 'modle'") as caught:
        train.artifact("modle")
    assert caught.value.hint == "did you mean 'model'?"
