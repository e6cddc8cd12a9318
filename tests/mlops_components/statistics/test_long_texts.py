"""Texts over 1 kB: in the top values as they are, and in inferred domains."""

from typing import Any

import pytest

from mlops_components import SchemaGen, StatisticsGen, write_frames
from mlops_components.loaders import load_schema, load_statistics
from mlops_pipeline.artifacts import Examples, ExampleStatistics, Schema
from mlops_pipeline.testing import artifact, run_component

pytestmark = [pytest.mark.ml, pytest.mark.filterwarnings("ignore")]

LONG = [letter * 2000 for letter in "ab"]
MARK = "__LARGE_BYTES__"


def described(values: list[Any], **given: Any) -> ExampleStatistics:
    import pandas as pd

    examples = artifact(Examples, {})
    write_frames(examples, {"train": pd.DataFrame({"text": values})})
    found = run_component(StatisticsGen, examples=examples, **given).outputs["statistics"]
    assert isinstance(found, ExampleStatistics)
    return found


def top(statistics: ExampleStatistics) -> dict[str, float]:
    (dataset,) = load_statistics(statistics)["train"].datasets
    (feature,) = dataset.features
    assert feature.string_stats.unique == 3
    return {each.value: each.frequency for each in feature.string_stats.top_values}


def domain(statistics: ExampleStatistics) -> list[str]:
    schema = run_component(SchemaGen, statistics=statistics).outputs["schema"]
    assert isinstance(schema, Schema)
    parsed = load_schema(schema)
    (feature,) = parsed.feature
    return [v for each in parsed.string_domain if each.name == feature.domain for v in each.value]


@pytest.mark.parametrize(
    "engine",
    ["memory", pytest.param("beam", marks=pytest.mark.slow)],  # Beam: ten seconds
)
def test_long_texts_are_counted_as_they_are(engine: str) -> None:
    statistics = described([*LONG * 20, LONG[0], "c"], engine=engine)
    assert top(statistics) == {LONG[0]: 21, LONG[1]: 20, "c": 1}
    assert domain(statistics) == [*LONG, "c"]


def test_sketches_stay_bounded() -> None:
    from mlops_components.statistics._long_texts import LONGEST

    statistics = described(["a" * (LONGEST + 1), "b" * (LONGEST + 1), *["c"] * 30])
    assert top(statistics) == {"c": 30, MARK: 2}
    assert domain(statistics) == []


def test_limit_of_tfdv_is_set_back() -> None:
    from tensorflow_data_validation.statistics.generators import (
        top_k_uniques_sketch_stats_generator as sketches,
    )

    before = sketches._LARGE_STRING_THRESHOLD
    described(["a", "b", "c"])
    assert before == sketches._LARGE_STRING_THRESHOLD == 1024
