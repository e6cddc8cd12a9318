"""Delimiters, headers and compression of CSV files, given or noticed."""

import gzip
from pathlib import Path
from typing import Any

import pytest
from refused_inputs import refused

from mlops_components import CsvExampleGen, HashSplit, OutputConfig, SplitConfig
from mlops_components.loaders import load_examples
from mlops_pipeline.testing import run_component

pytestmark = [pytest.mark.ml, pytest.mark.filterwarnings("ignore")]

ONE = OutputConfig(SplitConfig([HashSplit("train", 1)]))


def table(folder: Path, **given: Any) -> dict[str, list[Any]]:
    outputs = run_component(CsvExampleGen, input_base=folder, output_config=ONE, **given).outputs
    found: dict[str, list[Any]] = load_examples(outputs["examples"]).to_dict("list")
    return found


@pytest.mark.parametrize("delimiter", [";", "\t", "|"])
def test_other_delimiters_are_named_and_read(tmp_path: Path, delimiter: str) -> None:
    text = '1;2,5;"x;y"\n3;4,0;z\n'.replace(";", delimiter)
    (tmp_path / "a.csv").write_text("a;b;c\n".replace(";", delimiter) + text)
    message = refused(CsvExampleGen, tmp_path)
    assert f"values seem to be parted by {delimiter!r}: 3 columns" in message
    found = table(tmp_path, delimiter=delimiter)
    assert found == {"a": [1, 3], "b": ["2,5", "4,0"], "c": [f"x{delimiter}y", "z"]}


def test_texts_may_hold_other_delimiters(tmp_path: Path) -> None:
    (tmp_path / "a.csv").write_text("id,text\n1,a;b\n2,c|d;e\n")
    assert table(tmp_path)["text"] == ["a;b", "c|d;e"]
    (tmp_path / "a.csv").write_text("a;b\n1;2\n")
    assert table(tmp_path, delimiter=",") == {"a;b": ["1;2"]}


def test_files_without_a_header_get_names(tmp_path: Path) -> None:
    (tmp_path / "a.csv").write_text("1,x\n2,\n")
    (tmp_path / "b.csv").write_text("3,z\n")
    assert table(tmp_path, column_names=["id", "name"]) == {
        "id": [1, 2, 3],
        "name": ["x", None, "z"],
    }
    message = refused(CsvExampleGen, tmp_path, column_names=["id", "name", "more"])
    assert "a.csv:1: 2 values where column_names has 3" in message
    (tmp_path / "b.csv").write_text("id,name\n3,z\n")
    message = refused(CsvExampleGen, tmp_path, column_names=["id", "name"])
    assert "b.csv:1: the first line is a header" in message


@pytest.mark.parametrize("delimiter", ["", ";;", '"', "\n", "ü"])
def test_delimiter_is_one_character(tmp_path: Path, delimiter: str) -> None:
    (tmp_path / "a.csv").write_text("a,b\n1,2\n")
    assert "is not one character between values" in refused(
        CsvExampleGen, tmp_path, delimiter=delimiter
    )


def test_names_of_columns_occur_once(tmp_path: Path) -> None:
    (tmp_path / "a.csv").write_text("1,2\n")
    assert "column_names: column name 'a'" in refused(
        CsvExampleGen, tmp_path, column_names=["a", "a"]
    )


def test_compressed_files_are_unpacked(tmp_path: Path) -> None:
    rows = "".join(f"{n},x{n}\n" for n in range(20000))
    (tmp_path / "a.csv.gz").write_bytes(gzip.compress(b"a,b\n") + gzip.compress(rows.encode()))
    (tmp_path / "b.csv").write_text("a,b\n-1,y\n")
    assert table(tmp_path)["a"] == [*range(20000), -1]
    whole = (tmp_path / "a.csv.gz").read_bytes()
    (tmp_path / "a.csv.gz").write_bytes(whole[:-500])
    assert "a.csv.gz is not a whole gzip file" in refused(CsvExampleGen, tmp_path)


def test_files_of_other_kinds_are_named(tmp_path: Path) -> None:
    for data, message in (
        (b'{"a": 1, "b": "x"}\n{"a": 2, "b": "y"}\n', "a.jsonl holds lines of JSON, not CSV"),
        (b"PAR1....", "a.jsonl is a Parquet file"),
        (b"Obj\x01....", "a.jsonl is an Avro file"),
    ):
        (tmp_path / "a.jsonl").write_bytes(data)
        assert message in refused(CsvExampleGen, tmp_path)
