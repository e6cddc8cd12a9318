from __future__ import annotations

import sys

import pytest

from mlops_pipeline import (
    Examples,
    Output,
    component,
)
from mlops_pipeline.errors import DefinitionError


@component
def Make(n: int = 1, *, examples: Output[Examples]) -> None:
    """Make examples.

    In two paragraphs.
    """


def test_a_call_outside_a_pipeline_says_where_it_belongs() -> None:
    with pytest.raises(DefinitionError, match="Make is used outside a pipeline") as caught:
        Make()
    assert "mlops_pipeline.testing" in caught.value.hint
    line = sys._getframe().f_lineno
    assert caught.value.where.endswith(f"test_draft.py:{line - 2}")
