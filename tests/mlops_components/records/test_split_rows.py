"""Rows that are not read are missed, whoever reads them."""

from pathlib import Path

import pytest

from mlops_components.records import SplitFiles, joined
from mlops_pipeline.errors import ExecutorError

TRAIN = SplitFiles([Path("/e/Split-train/a"), Path("/e/Split-train/b")], "split 'train'", 5)
UNKNOWN = SplitFiles([Path("/e/Split-eval/a")], "split 'eval'", None)
NONE = SplitFiles([Path("/e/Split-none/a")], "split 'none'", 0)


def test_fewer_rows_than_recorded_are_an_error_with_split_and_files() -> None:
    lists = [[b"1", b"2"], [b"3"]]
    with pytest.raises(ExecutorError, match="split 'train': 3 of 5 rows") as raised:
        list(TRAIN.counted(lists))
    assert "/e/Split-train/a, /e/Split-train/b (in this process)" in str(raised.value)
    assert not raised.value.retryable


def test_as_many_as_recorded_and_an_unknown_number_are_read() -> None:
    five = [[b"1", b"2", b"3", b"4", b"5"]]
    assert list(TRAIN.counted(five)) == five
    assert list(UNKNOWN.counted([])) == []
    assert list(NONE.counted([])) == []


def test_a_missing_file_of_several_is_named() -> None:
    first = Path("/e/data_tfrecord-00000-of-00002.gz")
    second = Path("/e/data_tfrecord-00001-of-00002.gz")
    SplitFiles([first, second, Path("/e/other.gz")], "split 'train'", 5).check_whole()
    SplitFiles([first], "split 'train'", None).check_whole()
    with pytest.raises(ExecutorError, match="lacks data_tfrecord-00001-of-00002, 1 of 2 files"):
        SplitFiles([first], "split 'train'", 5).check_whole()


def test_files_of_several_splits_are_counted_together() -> None:
    both = joined([TRAIN, NONE])
    assert (both.rows, list(both)) == (5, [*TRAIN, *NONE])
    assert both.named == "split 'train' and split 'none'"
    assert joined([TRAIN, UNKNOWN]).rows is None
