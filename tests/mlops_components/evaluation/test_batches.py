"""Evaluations in memory against the same on Beam, and what the memory engine adds."""

import pytest
from evaluated_trips import CLASSES, ROWS, Load, evaluate, spec

from mlops_pipeline.artifacts import Examples

pytestmark = [pytest.mark.ml, pytest.mark.filterwarnings("ignore")]


def test_several_examples_are_evaluated_together(trips: Examples, load: Load) -> None:
    config = {**CLASSES, "metrics_specs": [spec("ExampleCount")]}
    assert load(evaluate([trips, trips], config)["evaluation"]).overall == {
        "example_count": 2 * ROWS
    }
