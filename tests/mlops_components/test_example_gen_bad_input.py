"""Damaged and contradictory files: each has its named error, with file and row or record."""

import gzip
import io
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from tfrecord_file import framed, write_file

from mlops_components import (
    AvroExampleGen,
    CsvExampleGen,
    HashSplit,
    ImportExampleGen,
    OutputConfig,
    ParquetExampleGen,
    SplitConfig,
)
from mlops_components.records import message_types
from mlops_pipeline.errors import PipelineError
from mlops_pipeline.testing import run_component

pytestmark = [pytest.mark.ml, pytest.mark.filterwarnings("ignore")]

ROWS = "".join(f"{number},x{number}\n" for number in range(40))


def refused(component: Any, folder: Path, **parameters: Any) -> str:
    with pytest.raises(PipelineError) as caught:
        run_component(component, input_base=folder, **parameters)
    assert caught.value.hint
    return str(caught.value)


def example(number: int) -> bytes:
    """An Example with the feature `id`, in protobuf's letters."""
    return b"\x0a\x0d\x0a\x0b\x0a\x02id\x12\x05\x1a\x03\x0a\x01" + bytes([number])


SEQUENCE = b"\x12\x11\x0a\x0f\x0a\x04step\x12\x07\x0a\x05\x1a\x03\x0a\x01\x01"
RECORDS = [example(number) for number in range(20)]
WHOLE = framed(RECORDS)
PACKED = gzip.compress(WHOLE, mtime=0)


def flipped(data: bytes, at: int) -> bytes:
    return data[:at] + bytes([data[at] ^ 1]) + data[at + 1 :]


LENGTH = len(framed(RECORDS[:1]))


@pytest.mark.parametrize(
    ("name", "data", "message"),
    [
        ("a", b"", "split 'train' got no rows"),
        ("a.gz", b"", "split 'train' got no rows"),
        ("a", b"hello, this is no record file", "does not begin with a record"),
        ("a", b"short", "record 1: the file ends within it"),
        ("a.gz", WHOLE, "not a whole gzip file"),
        ("a.gz", PACKED[:-30], "not a whole gzip file: the file is cut off"),
        ("a.gz", PACKED[:-4], "not a whole gzip file: the file is cut off"),
        ("a.gz", flipped(PACKED, len(PACKED) // 2), "not a readable TFRecord file"),
        ("a", WHOLE[:-3], "record 20: the file ends within it"),
        ("a", WHOLE[: LENGTH * 3 + 5], "record 4: the file ends within it"),
        ("a", flipped(WHOLE, LENGTH * 3), "record 4: its length does not fit its checksum"),
        ("a", flipped(WHOLE, LENGTH * 3 + 14), "record 4: its data do not fit their checksum"),
        ("a", framed([example(1), b"\xff\xff"]), "record 2 is not of FORMAT_TF_EXAMPLE"),
        ("a", framed([example(1), SEQUENCE]), "record 2 .* it is a SequenceExample"),
    ],
    ids=lambda value: value if isinstance(value, str) else "",
)
def test_damaged_tfrecords_are_named(tmp_path: Path, name: str, data: bytes, message: str) -> None:
    import re

    (tmp_path / name).write_bytes(data)
    text = refused(ImportExampleGen, tmp_path)
    assert re.search(message, text), text
    assert "got no rows" in text or str(tmp_path / name) in text


def test_joined_and_unnamed_gzip_files_are_read(tmp_path: Path) -> None:
    half = gzip.compress(framed(RECORDS[:10])), gzip.compress(framed(RECORDS[10:]))
    (tmp_path / "data").write_bytes(b"".join(half))
    config = OutputConfig(SplitConfig([HashSplit("all", 1)]))
    examples = run_component(ImportExampleGen, input_base=tmp_path, output_config=config)
    (file,) = (examples.outputs["examples"].path / "Split-all").iterdir()
    assert gzip.decompress(file.read_bytes()) == WHOLE


def test_partition_features_that_are_not_there_are_named(tmp_path: Path) -> None:
    named = message_types()["Example"]()
    named.features.feature["user"].bytes_list.value.append(b"a")
    write_file(tmp_path / "a.gz", [named.SerializeToString(), example(2)])
    by_user = OutputConfig(SplitConfig([HashSplit("all", 1)], "user"))
    assert "no column 'user' to split by" in refused(
        ImportExampleGen, tmp_path, output_config=by_user
    )
    message = message_types()["Example"]()
    message.features.feature["user"].bytes_list.SetInParent()
    write_file(tmp_path / "a.gz", [named.SerializeToString(), message.SerializeToString()])
    text = refused(ImportExampleGen, tmp_path, output_config=by_user)
    assert "a.gz: row 2 has no value, or a float, in the column 'user'" in text
    proto = {"payload_format": "FORMAT_PROTO", "output_config": by_user}
    assert "cannot be split by 'user'" in refused(ImportExampleGen, tmp_path, **proto)


@pytest.mark.parametrize(
    ("given", "hint"),
    [(15, "use ParquetExampleGen"), ("FORMAT_TF_EXAMPEL", "did you mean 'FORMAT_TF_EXAMPLE'")],
)
def test_other_payload_formats_are_refused(tmp_path: Path, given: Any, hint: str) -> None:
    write_file(tmp_path / "a.gz", RECORDS)
    assert hint in refused(ImportExampleGen, tmp_path, payload_format=given)


@pytest.mark.parametrize(
    ("files", "message"),
    [
        ({"a.csv": ROWS, "b.csv": "c,d\n1,2\n"}, "b.csv has other columns than a.csv"),
        ({"a.csv": ROWS, "b.csv": "a,b\nno,2\n"}, "column 'a' has numbers in .*a.csv and texts in"),
        ({"a.csv": ROWS + '1,"open\n2,x\n'}, "a.csv:42: a quote is opened here and not closed"),
        ({"a.csv": "1,\0\n\0,2,3\n"}, "a.csv:3: 3 values where the header names 2"),
    ],
    ids=["vanished", "type", "quote", "null"],
)
def test_contradictory_csv_is_named(tmp_path: Path, files: dict[str, str], message: str) -> None:
    import re

    for name, text in files.items():
        header = "" if text.startswith(("c,d", "a,b")) else "a,b\n"
        (tmp_path / name).write_text(header + text)
    assert re.search(message, refused(CsvExampleGen, tmp_path))


def test_compressed_and_foreign_csv_is_named(tmp_path: Path) -> None:
    for data, message in (
        (gzip.compress(b"a,b\n1,2\n"), "a.csv is compressed"),
        ("a,b\n1,2\n".encode("utf-16"), "a.csv is not UTF-8"),
        (b"a,b\n1,2\n" * 9 + b"1,\xe4\n", "a.csv is not UTF-8"),
    ):
        (tmp_path / "a.csv").write_bytes(data)
        assert message in refused(CsvExampleGen, tmp_path)


def test_column_types_may_be_given(tmp_path: Path) -> None:
    (tmp_path / "a.csv").write_text("a,b\n" + ROWS)
    (tmp_path / "b.csv").write_text("a,b\nno,x\n")
    config = OutputConfig(SplitConfig([HashSplit("all", 1)]))
    texts = {"column_types": {"a": "string"}, "output_config": config}
    assert run_component(CsvExampleGen, input_base=tmp_path, **texts).outputs
    text = refused(CsvExampleGen, tmp_path, column_types={"a": "int"})
    assert "b.csv: row 1: a is 'no', which is no int" in text
    assert "did you mean 'a'?" in refused(CsvExampleGen, tmp_path, column_types={"aa": "int"})
    assert "did you mean 'int'" in refused(CsvExampleGen, tmp_path, column_types={"a": "in"})


def parquet_of(names: Any = (), values: Any = (), **columns: Any) -> bytes:
    import pyarrow as pa
    from pyarrow import parquet

    file = io.BytesIO()
    table = pa.table(columns) if columns else pa.table(list(map(pa.array, values)), names=names)
    parquet.write_table(table, file)
    return file.getvalue()


def avro_of(types: dict[str, Any], *rows: dict[str, Any]) -> bytes:
    import fastavro

    file = io.BytesIO()
    fields = [{"name": name, "type": kind} for name, kind in types.items()]
    fastavro.writer(file, {"type": "record", "name": "row", "fields": fields}, rows)
    return file.getvalue()


def number_row(kind: Any, value: Any) -> bytes:
    return avro_of({"id": kind}, *[{"id": value} for _ in range(40)])


def numbers() -> bytes:
    return parquet_of(id=list(range(40)))


PARQUET: dict[str, tuple[dict[str, Callable[[], bytes]], str]] = {
    "empty": ({"a": lambda: b""}, "a.parquet is not a readable Parquet file: the file is empty"),
    "other": ({"a": lambda: b"id,x\n1,2\n" * 9}, "a.parquet is not a readable Parquet file"),
    "cut off": ({"a": lambda: numbers()[:-20]}, "a.parquet is not a readable Parquet file"),
    "damaged": (
        {"a": lambda: numbers()[:8] + bytes(30) + numbers()[38:]},
        "a.parquet is not a readable Parquet file",
    ),
    "no rows": ({"a": lambda: parquet_of(id=[])}, "split 'train' got no rows"),
    "vanished": (
        {"a": numbers, "b": lambda: parquet_of(other=[1])},
        "b.parquet has other columns than a.parquet: id, other",
    ),
    "type": (
        {"a": numbers, "b": lambda: parquet_of(id=["x"])},
        "column 'id' has texts in .*b.parquet and whole numbers in .*a.parquet",
    ),
    "struct": (
        {"a": lambda: parquet_of(id=[{"x": 1}])},
        "column 'id' is of type struct<x: int64>, which is no feature",
    ),
    "nested": ({"a": lambda: parquet_of(id=[[[1]]])}, "column 'id' is of type list<"),
    "twice": (
        {"a": lambda: parquet_of(["id", "id"], [[1], [2]])},
        "a.parquet: column 'id' occurs twice",
    ),
    "null in list": (
        {"a": lambda: parquet_of(id=[[1], [1, None]])},
        "a.parquet: row 2: a list in column 'id' has a null",
    ),
    "too large": (
        {"a": lambda: parquet_of(id=__import__("numpy").array([2**63], "uint64"))},
        "a.parquet: column 'id': Integer value",
    ),
}


@pytest.mark.parametrize("name", PARQUET)
def test_bad_parquet_is_named(tmp_path: Path, name: str) -> None:
    import re

    files, message = PARQUET[name]
    for stem, make in files.items():
        (tmp_path / f"{stem}.parquet").write_bytes(make())
    assert re.search(message, refused(ParquetExampleGen, tmp_path))


AVRO: dict[str, tuple[dict[str, Callable[[], bytes]], str]] = {
    "empty": ({"a": lambda: b""}, "a.avro is not a readable Avro file: the file is empty"),
    "other": ({"a": lambda: b"id,x\n1,2\n" * 9}, "a.avro is not a readable Avro file"),
    "cut off": ({"a": lambda: number_row("long", 1)[:-20]}, "a.avro is not a readable Avro file"),
    "text": (
        {"a": lambda: number_row("bytes", b"\xff\xff").replace(b'"bytes"', b'"string"')},
        "a.avro is not a readable Avro file",
    ),
    "no rows": ({"a": lambda: avro_of({"id": "long"})}, "split 'train' got no rows"),
    "vanished": (
        {"a": lambda: number_row("long", 1), "b": lambda: avro_of({"x": "long"}, {"x": 1})},
        "b.avro has other columns than a.avro: id, x",
    ),
    "type": (
        {"a": lambda: number_row("long", 1), "b": lambda: number_row("double", 0.5)},
        "column 'id' has floats in .*b.avro and whole numbers in .*a.avro",
    ),
    "union": (
        {"a": lambda: number_row(["int", "string"], 1)},
        "a.avro: column 'id' is of type union, which is no feature",
    ),
    "record": (
        {
            "a": lambda: number_row(
                {"type": "record", "name": "in", "fields": [{"name": "x", "type": "int"}]},
                {"x": 1},
            )
        },
        "a.avro: column 'id' is of type record, which is no feature",
    ),
    "map": ({"a": lambda: number_row({"type": "map", "values": "int"}, {})}, "is of type map"),
}


@pytest.mark.parametrize("name", AVRO)
def test_bad_avro_is_named(tmp_path: Path, name: str) -> None:
    import re

    files, message = AVRO[name]
    for stem, make in files.items():
        (tmp_path / f"{stem}.avro").write_bytes(make())
    assert re.search(message, refused(AvroExampleGen, tmp_path))


def test_all_types_of_parquet_and_avro_become_features(tmp_path: Path) -> None:
    import datetime
    import decimal

    import pyarrow as pa

    from mlops_components.loaders import load_examples

    moment = datetime.datetime(2024, 5, 31, 12, 30, tzinfo=datetime.timezone.utc)
    columns = {
        "u": pa.array([7], pa.uint32()),
        "money": pa.array([decimal.Decimal("1.25")]),
        "word": pa.array(["a"]).dictionary_encode(),
        "raw": pa.array([b"\xff\x00"]),
        "when": pa.array([moment], pa.timestamp("ns", "Europe/Berlin")),
        "local": pa.array([moment.replace(tzinfo=None)], pa.timestamp("s")),
        "day": pa.array([moment.date()]),
        "nothing": pa.array([None]),
        "three": pa.array([[1.0, 2.0, 3.0]], pa.list_(pa.float32(), 3)),
        "big": pa.array(["b"], pa.large_string()),
    }
    (tmp_path / "a.parquet").write_bytes(parquet_of(**columns))
    config = OutputConfig(SplitConfig([HashSplit("all", 1)]))
    given = {"input_base": tmp_path / "a.parquet", "output_config": config}
    row = load_examples(run_component(ParquetExampleGen, **given).outputs["examples"]).iloc[0]  # type: ignore[arg-type]
    assert [row[name] for name in ("u", "money", "word", "raw")] == [
        7,
        1.25,
        "a",
        b"\xff\x00",
    ]
    assert (row["when"], row["local"]) == (
        "2024-05-31T12:30:00.000000Z",
        "2024-05-31T12:30:00.000000",
    )
    assert (row["day"], row["three"], row["big"]) == ("2024-05-31", [1.0, 2.0, 3.0], "b")
    assert row["nothing"] is None
    types = {
        "when": {"type": "long", "logicalType": "timestamp-millis"},
        "day": {"type": "int", "logicalType": "date"},
        "money": {"type": "bytes", "logicalType": "decimal", "precision": 9, "scale": 2},
        "kind": {"type": "enum", "name": "kind", "symbols": ["a", "b"]},
        "gone": "null",
    }
    values = {"when": moment, "day": moment.date(), "money": decimal.Decimal("1.25"), "kind": "b"}
    (tmp_path / "a.avro").write_bytes(avro_of(types, {**values, "gone": None}))
    given["input_base"] = tmp_path / "a.avro"
    row = load_examples(run_component(AvroExampleGen, **given).outputs["examples"]).iloc[0]  # type: ignore[arg-type]
    assert [row[name] for name in types] == [
        "2024-05-31T12:30:00.000000Z",
        "2024-05-31",
        1.25,
        "b",
        None,
    ]
