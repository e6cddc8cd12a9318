"""Artifacts that TFX wrote before 0.29 are read as they lie."""

import shutil
from pathlib import Path

import pytest

from mlops_components import ExampleValidator, SchemaGen, StatisticsGen
from mlops_pipeline.artifacts import Examples, ExampleStatistics
from mlops_pipeline.inspection import PipelineRun
from mlops_pipeline.roots import digest_path
from mlops_pipeline.testing import run_component

pytestmark = [pytest.mark.ml, pytest.mark.filterwarnings("ignore")]


OLD = {"tfx_version": "0.28.0", "split_names": '["train", "eval"]'}


@pytest.fixture
def examples(penguin: PipelineRun, tmp_path: Path) -> Examples:
    new = penguin["CsvExampleGen"].artifact("examples")
    for split in ("train", "eval"):
        shutil.copytree(new.path / f"Split-{split}", tmp_path / "examples" / split)
    return Examples(str(tmp_path / "examples"), properties=OLD)


@pytest.fixture
def statistics(penguin: PipelineRun, tmp_path: Path) -> ExampleStatistics:
    import tensorflow as tf

    new = penguin["StatisticsGen"].artifact("statistics")
    for split in ("train", "eval"):
        (tmp_path / "statistics" / split).mkdir(parents=True)
        with tf.io.TFRecordWriter(f"{tmp_path}/statistics/{split}/stats_tfrecord") as writer:
            writer.write((new.path / f"Split-{split}" / "FeatureStats.pb").read_bytes())
    return ExampleStatistics(str(tmp_path / "statistics"), properties=OLD)


def test_components_read_old_examples_and_write_new_statistics(
    penguin: PipelineRun, examples: Examples
) -> None:
    found = run_component(StatisticsGen, examples=examples).outputs["statistics"]
    assert digest_path(found.path) == digest_path(
        penguin["StatisticsGen"].artifact("statistics").path
    )
    assert "tfx_version" not in found.properties


def test_components_read_old_statistics(
    penguin: PipelineRun, statistics: ExampleStatistics
) -> None:
    schema = run_component(SchemaGen, statistics=statistics).outputs["schema"]
    usual = penguin["SchemaGen"].artifact("schema")
    assert digest_path(schema.path) == digest_path(usual.path)
    anomalies = run_component(ExampleValidator, statistics=statistics, schema=schema).outputs
    assert anomalies["anomalies"].properties["blessed"] == {"train": 1, "eval": 1}
