"""What the tests of mlops_components share."""

from typing import Any

from mlops_components import (
    SqlExampleGen,
)
from mlops_pipeline.artifacts import Examples
from mlops_pipeline.testing import run_component


def run(**parameters: Any) -> Examples:
    found = run_component(SqlExampleGen, **parameters).outputs["examples"]
    assert isinstance(found, Examples)
    return found
