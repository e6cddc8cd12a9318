"""Versions of datasets, the models that were trained on them, and distances of distributions."""

from __future__ import annotations

import importlib.util
from pathlib import Path
from typing import Any

import pytest
from dataset_records import Records

from mlops_pipeline.errors import NotFoundError
from mlops_pipeline.inspection import (
    diff_versions,
    find_version,
    list_datasets,
)


@pytest.mark.skipif(
    importlib.util.find_spec("tensorflow_metadata") is not None,
    reason="what is said where TensorFlow's packages are missing",
)
def test_without_statistics_a_difference_says_what_is_missing(records: Records) -> None:
    first, second = (find_version(records.store, str(records.examples(n))) for n in (1, 2))
    message = f"no statistics of taxi.Gen.examples #{first.id}"
    with pytest.raises(NotFoundError, match=message) as missing:
        diff_versions(records.store, first, second, _cannot)
    assert "pip install 'mlops-pipeline[tensorflow]'" in missing.value.hint
    records.run(
        "StatisticsGen", {"examples": first.id}, {"statistics": "ExampleStatistics"}, **ONE_SPLIT
    )
    with pytest.raises(NotFoundError, match="tensorflow-metadata is not installed"):
        diff_versions(records.store, first, second)


ONE_SPLIT = {"split_names": '["train"]'}


def test_the_same_bytes_need_no_statistics_to_be_the_same(records: Records) -> None:
    first = find_version(records.store, str(records.examples(digest="a")))
    taken = records.run("Import", outputs={"result": "Examples"}, digest="a")
    found = diff_versions(records.store, first, find_version(records.store, str(taken)), _cannot)
    assert found.same_content
    assert found.features == ()


def _cannot(artifact: Any, folder: Path) -> None:
    raise ImportError("no TensorFlow")


def test_examples_may_tell_their_rows_themselves(records: Records) -> None:
    records.examples(num_examples={"train": 7})
    assert list_datasets(records.store)[0].rows == {"train": 7}


def test_statistics_of_a_sample_do_not_count_rows(records: Records) -> None:
    examples = records.examples()
    records.run(
        "StatisticsGen",
        {"examples": examples},
        {"statistics": "ExampleStatistics"},
        **ONE_SPLIT,
        sample_rate_by_split={"train": 0.1},
    )
    assert list_datasets(records.store, limit=1)[0].rows is None
