"""Ids and times keep all their digits, or are refused: in every reader, and in tables."""

import contextlib
from collections.abc import Callable
from decimal import Decimal
from pathlib import Path
from typing import Any

import pytest

from mlops_components import (
    AvroExampleGen,
    CsvExampleGen,
    HashSplit,
    OutputConfig,
    ParquetExampleGen,
    SplitConfig,
    SqlExampleGen,
    read_frame,
    write_frames,
)
from mlops_components.loaders import load_examples
from mlops_components.records import LostDigitsError, check_decimals, joined_frames
from mlops_pipeline.artifacts import Examples
from mlops_pipeline.errors import ExecutorError
from mlops_pipeline.testing import artifact, run_component

pytestmark = [pytest.mark.ml, pytest.mark.filterwarnings("ignore")]

ONE = OutputConfig(SplitConfig([HashSplit("train", 1)]))
LARGE = [9007199254740993, None, 1152921504606846977]
SECONDS = 1700000001.0


def written(component: Any, **given: Any) -> Examples:
    examples = run_component(component, output_config=ONE, **given).outputs["examples"]
    assert isinstance(examples, Examples)
    return examples


def csv(folder: Path, values: list[Any], **given: Any) -> Examples:
    lines = ["id,v", *(f"{'' if value is None else value},1" for value in values)]
    (folder / "a.csv").write_text("\n".join(lines) + "\n")
    return written(CsvExampleGen, input_base=folder, **given)


def parquet(folder: Path, values: list[Any]) -> Examples:
    import pyarrow as pa
    from pyarrow import parquet as library

    library.write_table(pa.table({"id": values, "v": [1] * len(values)}), folder / "a.parquet")
    return written(ParquetExampleGen, input_base=folder)


def avro(folder: Path, values: list[Any]) -> Examples:
    import fastavro

    whole = all(value is None or isinstance(value, int) for value in values)
    fields = [{"name": "id", "type": ["null", "long" if whole else "double"]}]
    with (folder / "a.avro").open("wb") as file:
        rows = [{"id": value} for value in values]
        fastavro.writer(file, {"type": "record", "name": "row", "fields": fields}, rows)
    return written(AvroExampleGen, input_base=folder)


def sql(folder: Path, values: list[Any]) -> Examples:
    import sqlite3

    with contextlib.closing(sqlite3.connect(folder / "a.db")) as connection, connection:
        connection.execute("CREATE TABLE t (id)")
        connection.executemany("INSERT INTO t VALUES (?)", [[value] for value in values])
    return written(SqlExampleGen, url=f"sqlite:///{folder / 'a.db'}", query="SELECT * FROM t")


def table(folder: Path, values: list[Any]) -> Examples:
    import pandas as pd

    examples = artifact(Examples, {})
    write_frames(examples, {"train": pd.DataFrame({"id": pd.Series(values, dtype=object)})})
    return examples


Write = Callable[..., Examples]
WRITERS = [csv, parquet, avro, sql, table]


@pytest.mark.parametrize("write", WRITERS)
def test_large_ids_with_gaps_are_read_as_they_were(write: Write, tmp_path: Path) -> None:
    examples = write(tmp_path, LARGE)
    assert load_examples(examples)["id"].tolist() == LARGE
    assert read_frame([str(examples.split("train") / "*")])["id"].tolist() == LARGE


@pytest.mark.parametrize("write", WRITERS)
def test_seconds_that_a_float_cannot_hold_are_refused(write: Write, tmp_path: Path) -> None:
    with pytest.raises(ExecutorError) as caught:
        write(tmp_path, [0.5, None, SECONDS])
    assert ("row 3: " if write is not table else "row 2: ") in str(caught.value)
    lost = "'id' is 1700000001, of which a float of 32 bits keeps 1700000000"
    assert lost in str(caught.value)
    assert caught.value.hint


@pytest.mark.parametrize("write", WRITERS)
def test_measurements_may_be_rounded(write: Write, tmp_path: Path) -> None:
    values = [0.1, None, 123456.789, 16777216.0, 3e30]
    found = load_examples(write(tmp_path, values))["id"].tolist()
    assert found[0] == pytest.approx(0.1)
    assert found[3:] == pytest.approx(values[3:])


def test_whoever_names_a_column_of_floats_has_it_rounded(tmp_path: Path) -> None:
    with pytest.raises(ExecutorError, match="row 2: column 'id' is 9007199254740993"):
        csv(tmp_path, [0.5, 9007199254740993])
    rounded = csv(tmp_path, [0.5, SECONDS], column_types={"id": "float"})
    assert load_examples(rounded)["id"][1] == pytest.approx(SECONDS, rel=1e-6)
    texts = csv(tmp_path, [0.5, 9007199254740993], column_types={"id": "string"})
    assert load_examples(texts)["id"].tolist() == ["0.5", "9007199254740993"]


def test_numbers_beyond_a_float_are_refused(tmp_path: Path) -> None:
    with pytest.raises(ExecutorError, match=r"row 1: column 'id' is 1e\+200, .* keeps inf"):
        csv(tmp_path, [1e200])


def test_whole_numbers_among_floats_are_checked() -> None:
    with pytest.raises(ExecutorError, match="row 1: column 'id' is 9007199254740993"):
        table(Path(), [0.5, 9007199254740993])


def test_decimals_keep_their_digits_or_are_refused() -> None:
    check_decimals("id", [None, Decimal("1.5"), Decimal(2**60), Decimal("NaN")])
    with pytest.raises(LostDigitsError, match="'id' is 9007199254740993, of which"):
        check_decimals("id", [Decimal(9007199254740993)])


def test_splits_are_put_together_without_floats() -> None:
    import pandas as pd

    train, rest = pd.DataFrame({"id": [LARGE[0]]}), pd.DataFrame({"id": [7.0, None]})
    none = pd.DataFrame({"v": [1]})
    for frames in ({"a": train, "b": rest}, {"a": train, "b": none}):
        found = joined_frames({k: f.copy() for k, f in frames.items()}, ["split", "row"])
        assert found["id"].iloc[0] == LARGE[0]
    small = joined_frames({"a": pd.DataFrame({"id": [1]}), "b": rest}, ["split", "row"])
    assert small["id"].dtype == float


def test_table_of_examples_for_a_model_keeps_ids() -> None:
    import numpy as np
    from tensorflow_model_analysis.api import types

    from mlops_components.evaluation._models import features_frame

    indices = np.array([[0, 0], [2, 0]])
    values = np.array([LARGE[0], LARGE[2]], np.int64)
    sparse = types.VarLenTensorValue(values, indices, np.array([3, 1]))
    assert features_frame({"id": sparse}, 3)["id"].tolist() == LARGE
