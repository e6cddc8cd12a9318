"""What the tests of mlops_components share."""

import random
from collections.abc import Iterator
from typing import Any

import pytest

from mlops_components import StatisticsGen
from mlops_pipeline.artifacts import Examples, ExampleStatistics
from mlops_pipeline.testing import run_component

ml = pytest.mark.ml


SLICES = {
    "slicing_config": {
        "slicing_specs": [
            {"feature_keys": ["city"]},
            {"feature_values": {"city": "b", "hour": "3"}},
        ]
    }
}


def rows(count: int, seed: int) -> Iterator[dict[str, list[Any]]]:
    chance = random.Random(seed)
    for index in range(count):
        yield {
            "city": [chance.choice("abc")] if index % 9 else [],
            "hour": [chance.randrange(24)],
            "fare": [chance.gauss(12, 5)] if index % 5 else [float("nan")],
            "weight": [chance.uniform(0.5, 2)],
            "tags": [f"t{chance.randrange(40)}" for _ in range(index % 4)],
        }


def described(examples: Examples, **parameters: Any) -> ExampleStatistics:
    found = run_component(StatisticsGen, examples=examples, **parameters).outputs["statistics"]
    assert isinstance(found, ExampleStatistics)
    return found
