"""Records read by columns give what TFX's decoder gives, or are left to it."""

from collections.abc import Callable
from typing import Any

import pytest
from record_rows import Values, alike, record

from mlops_pipeline.errors import ExecutorError

pytestmark = [pytest.mark.ml, pytest.mark.filterwarnings("ignore")]


def checked(values: list[Values]) -> tuple[Any, Any]:
    from tfx_bsl.coders import example_coder

    from mlops_components.records._parse import ExampleParser

    records = [record(row) for row in values]
    theirs = example_coder.ExamplesToRecordBatchDecoder().DecodeBatch(records)
    return ExampleParser().parse(records), theirs


def test_records_that_are_alike_give_the_columns_of_tfx() -> None:
    ours, theirs = checked([alike(number) for number in range(22)])
    assert sorted(ours.schema.names) == sorted(theirs.schema.names)
    for name in theirs.schema.names:
        column = ours.column(ours.schema.get_field_index(name))
        column.validate(full=True)
        assert column.equals(theirs.column(theirs.schema.get_field_index(name))), name


@pytest.mark.parametrize(
    "change",
    [
        lambda row: dict(reversed(row.items())),
        lambda row: {**row, "late": [1, 2]},
        lambda row: {**row, "late": [b"a", b"b"]},
        lambda row: {**row, "new": [1]},
    ],
    ids=["order", "two numbers", "two texts", "another feature"],
)
def test_records_that_are_not_alike_are_left_to_tfx(change: Callable[[Values], Values]) -> None:
    first = {"whole": [1], "late": None, "last": [1.0]}
    rows = [first] * 70 + [change(first)]
    ours, theirs = checked(rows)
    assert ours is None
    assert theirs.num_rows == 71


@pytest.mark.parametrize("cut", [b"", b"no example at all", b"\n\x05ab", b"\x12\x00"])
def test_bytes_that_are_no_examples_are_left_to_tfx(cut: bytes) -> None:
    from mlops_components.records._parse import ExampleParser

    parser = ExampleParser()
    rows = [record(alike(number)) for number in range(9)]
    assert parser.parse(rows) is not None
    assert parser.parse([*rows, cut]) is None or cut == b""
    assert parser.parse([row[:-3] for row in rows]) is None
    assert parser.parse(rows) is not None


def test_kinds_that_change_are_an_error(tmp_path: Any) -> None:
    from mlops_components.records import SplitWriter, decoded, files_of_split
    from mlops_pipeline.artifacts import Examples

    made = Examples(str(tmp_path))
    with SplitWriter(made, ["train"]) as writer:
        writer.write_all("train", [record({"a": [1]}), record({"a": [b"x"]})])
    with pytest.raises(ExecutorError, match=r"feature 'a' has texts in .*, and whole numbers"):
        list(decoded(files_of_split(made, "train")))


def test_batches_of_large_rows_have_fewer(tmp_path: Any, monkeypatch: pytest.MonkeyPatch) -> None:
    from mlops_components.records import (
        SplitWriter,
        decoded,
        files_of_split,
        read_split_batches,
        tfrecords,
    )
    from mlops_pipeline.artifacts import Examples

    made = Examples(str(tmp_path))
    with SplitWriter(made, ["train"]) as writer:
        writer.write_all("train", [record({"a": [b"x" * size]}) for size in (400, 9, 9, 900, 9)])
    files = files_of_split(made, "train")
    monkeypatch.setattr(tfrecords, "LIST_BYTES", 500)
    assert [batch.num_rows for batch in decoded(files)] == [4, 1]
    assert [batch.num_rows for batch in read_split_batches(files)] == [4, 1]
