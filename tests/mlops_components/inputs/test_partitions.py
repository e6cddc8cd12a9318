"""Columns in the names of folders, and the index of pandas, in the examples of every format."""

from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from split_examples import by_hash, run

from mlops_components import (
    AvroExampleGen,
    CsvExampleGen,
    HashSplit,
    InputConfig,
    InputSplit,
    JsonExampleGen,
    OutputConfig,
    ParquetExampleGen,
    SplitConfig,
)
from mlops_components.inputs import partitions_of
from mlops_components.loaders import load_examples
from mlops_pipeline.errors import ExecutorError

pytestmark = [pytest.mark.ml, pytest.mark.filterwarnings("ignore")]

ONE = OutputConfig(SplitConfig([HashSplit("train", 1)]))


def parquet(path: Path, rows: list[dict[str, Any]]) -> None:
    import pandas as pd

    pd.DataFrame(rows).to_parquet(path)


def csv(path: Path, rows: list[dict[str, Any]]) -> None:
    import pandas as pd

    pd.DataFrame(rows).to_csv(path, index=False)


def jsonl(path: Path, rows: list[dict[str, Any]]) -> None:
    import pandas as pd

    pd.DataFrame(rows).to_json(path, orient="records", lines=True)


def avro(path: Path, rows: list[dict[str, Any]]) -> None:
    import fastavro

    fields = [{"name": "x", "type": "long"}]
    with path.open("wb") as file:
        fastavro.writer(file, {"type": "record", "name": "row", "fields": fields}, rows)


FORMATS: dict[str, tuple[Any, Callable[[Path, list[dict[str, Any]]], None]]] = {
    "parquet": (ParquetExampleGen, parquet),
    "csv": (CsvExampleGen, csv),
    "jsonl": (JsonExampleGen, jsonl),
    "avro": (AvroExampleGen, avro),
}

FOLDERS = [
    "country=DE/year=2015",
    "country=Cr%C3%B4ne/year=2024",
    "country=__HIVE_DEFAULT_PARTITION__/year=2024",
]


@pytest.mark.parametrize("ending", FORMATS)
def test_columns_of_folders_are_read(ending: str, tmp_path: Path) -> None:
    component, write = FORMATS[ending]
    for number, folder in enumerate(FOLDERS):
        (tmp_path / folder).mkdir(parents=True)
        write(tmp_path / folder / f"part.{ending}", [{"x": number}, {"x": number + 10}])
    config = InputConfig([InputSplit("all", f"**/*.{ending}")])
    examples = run(component, input_base=tmp_path, input_config=config, output_config=ONE)
    found = load_examples(examples).sort_values("x")
    assert found["x"].tolist() == [0, 1, 2, 10, 11, 12]
    assert found["country"].tolist() == ["DE", "Crône", None] * 2
    assert found["year"].tolist() == [2015, 2024, 2024] * 2
    grouped = run(
        component, input_base=tmp_path, input_config=config, output_config=by_hash("year")
    )
    years = load_examples(grouped)["year"]
    assert [set(years[split]) for split in ("train", "eval")] == [{2024}, {2015}]


def test_folders_of_spans_are_no_columns(tmp_path: Path) -> None:
    folder = tmp_path / "day=03" / "zip=01067"
    folder.mkdir(parents=True)
    parquet(folder / "a.parquet", [{"x": 1}])
    config = InputConfig([InputSplit("all", "day={SPAN:2}/*/*.parquet")])
    examples = run(ParquetExampleGen, input_base=tmp_path, input_config=config, output_config=ONE)
    # Zeros in front are part of a text.
    assert load_examples(examples).to_dict("list") == {"x": [1], "zip": ["01067"]}


def test_column_of_the_file_counts(tmp_path: Path) -> None:
    (tmp_path / "x=7").mkdir()
    file = tmp_path / "x=7" / "a.parquet"
    parquet(file, [{"x": 1}])
    found = partitions_of(tmp_path, [InputSplit("all", "*/*")], {"all": [file]})
    assert found.columns(file, 1, ["x"]) == []
    assert [each.name for each in found.columns(file, 1, ["y"])] == ["x"]


@pytest.mark.parametrize("ending", FORMATS)
def test_files_with_and_without_a_column_are_named(ending: str, tmp_path: Path) -> None:
    component, write = FORMATS[ending]
    (tmp_path / "country=DE").mkdir()
    for path in (tmp_path / f"a.{ending}", tmp_path / "country=DE" / f"b.{ending}"):
        write(path, [{"x": 1}])
    config = InputConfig([InputSplit("all", f"**/*.{ending}")])
    typed = r"has other columns than a.\w+: country"
    plain = r"a.\w+ has no folder country=... in its path, as .*b.\w+ has"
    with pytest.raises(ExecutorError, match=plain if ending in ("csv", "jsonl") else typed):
        run(component, input_base=tmp_path, input_config=config, output_config=ONE)


def test_index_of_pandas_is_no_feature(tmp_path: Path) -> None:
    import pandas as pd

    frame = pd.DataFrame({"a": [1, 2, 3, 4]})
    frame.query("a > 2").to_parquet(tmp_path / "a.parquet")
    examples = run(ParquetExampleGen, input_base=tmp_path, output_config=ONE)
    assert list(load_examples(examples).columns) == ["a"]
    # An index with a name is data.
    frame.set_index(frame["a"].rename("id")).to_parquet(tmp_path / "a.parquet")
    examples = run(ParquetExampleGen, input_base=tmp_path, output_config=ONE)
    assert list(load_examples(examples).columns) == ["a", "id"]
