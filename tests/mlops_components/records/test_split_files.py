"""Wrong data and wrong user modules: each mistake has its name and its place."""

import pytest
from bad_inputs import Load

from mlops_components import (
    SchemaGen,
    StatisticsGen,
)
from mlops_pipeline.artifacts import Examples
from mlops_pipeline.errors import ExecutorError, NotFoundError
from mlops_pipeline.inspection import PipelineRun
from mlops_pipeline.testing import artifact, run_component

pytestmark = [pytest.mark.ml, pytest.mark.filterwarnings("ignore")]


def test_damaged_examples_are_named() -> None:
    examples = artifact(Examples, {"Split-train/data.gz": "no"}, split_names='["train"]')
    with pytest.raises(ExecutorError, match=r"data.gz is not a readable TFRecord file"):
        run_component(StatisticsGen, examples=examples)


def test_excluded_splits_are_left_out(penguin: PipelineRun, load: Load) -> None:
    statistics = run_component(
        StatisticsGen,
        examples=penguin["CsvExampleGen"].artifact(),
        exclude_splits=["eval"],
        stats_options={"num_top_values": 2},
    ).outputs["statistics"]
    assert list(load(statistics)) == ["train"]
    with pytest.raises(NotFoundError, match="there is no split 'eval'"):
        run_component(SchemaGen, statistics=statistics, exclude_splits=["eval"])
