"""ExampleGen for every format: rows go where TFX 1.16 puts them, with the bytes of TFX for CSV.

The digests are of what TFX 1.16 wrote for the rows of `example_rows`, and for the penguins: its
executors ran once, on the same files, and each record was serialised in protobuf's deterministic
form. Where TFX drops zeros (Parquet, Avro), what is compared is which row is in which split.
"""

import hashlib
from pathlib import Path
from typing import Any

import example_rows
import pytest
from split_examples import SEQUENCE, by_hash, ids, records, run

from mlops_components import (
    AvroExampleGen,
    CsvExampleGen,
    HashSplit,
    ImportExampleGen,
    OutputConfig,
    ParquetExampleGen,
    SplitConfig,
    TimeSplit,
    TimeSplitConfig,
)
from mlops_components.loaders import load_examples
from mlops_components.records import message_types
from mlops_pipeline.errors import ExecutorError, ParameterError
from mlops_pipeline.roots import digest_path

pytestmark = [pytest.mark.ml, pytest.mark.filterwarnings("ignore")]


@pytest.fixture(scope="module")
def data(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("data")
    types = message_types()
    example_rows.write_csv(folder / "csv" / "a.csv")
    example_rows.write_parquet(folder / "parquet" / "a.parquet")
    example_rows.write_avro(folder / "avro" / "a.avro")
    example_rows.write_records(folder / "example" / "a.gz", types["Example"])
    example_rows.write_records(folder / "plain" / "a.tfrecord", types["Example"])
    example_rows.write_records(folder / "sequence" / "a", types["SequenceExample"], sequence=True)
    return folder


@pytest.mark.parametrize(
    ("component", "folder"), [(ParquetExampleGen, "parquet"), (AvroExampleGen, "avro")]
)
def test_splits_have_the_rows_that_tfx_puts_there(data: Path, component: Any, folder: str) -> None:
    examples = run(component, input_base=data / folder)
    found = [ids(examples, split) for split in ("train", "eval")]
    digests = [hashlib.sha256(repr(sorted(each)).encode()).hexdigest()[:16] for each in found]
    assert [len(each) for each in found] == [212, 88]
    assert digests == ["6cc54d2b88d41ce7", "e5f393466d046748"]


def test_parquet_and_avro_give_the_same_examples_and_keep_zeros(data: Path) -> None:
    parquet = run(ParquetExampleGen, input_base=data / "parquet")
    avro = run(AvroExampleGen, input_base=data / "avro")
    assert digest_path(parquet.path) == digest_path(avro.path)
    by_id = {
        example.features.feature["id"].int64_list.value[0]: example.features.feature
        for split in parquet.splits
        for example in map(message_types()["Example"].FromString, records(parquet, split))
    }
    for row in example_rows.rows():
        found = by_id[row["id"]]
        for name, value in row.items():
            kind = found[name].WhichOneof("kind")
            values = list(getattr(found[name], kind).value) if kind else []
            values = [v.decode() if isinstance(v, bytes) else v for v in values]
            wanted = value if isinstance(value, list) else [] if value is None else [value]
            assert values == pytest.approx(wanted) if name == "share" else values == wanted


def test_sequence_examples_say_what_they_are(data: Path) -> None:
    examples = run(ImportExampleGen, input_base=data / "sequence", **SEQUENCE)
    assert examples.properties["payload_format"] == "FORMAT_TF_SEQUENCE_EXAMPLE"
    frame = load_examples(examples)
    assert len(frame) == example_rows.COUNT
    row = frame[frame["id"] == 5].iloc[0]
    assert row["words"] == [[text] for text in example_rows.rows()[5]["words"]]


@pytest.mark.parametrize(
    ("component", "folder", "more"),
    [
        (CsvExampleGen, "csv", {}),
        (ParquetExampleGen, "parquet", {}),
        (AvroExampleGen, "avro", {}),
        (ImportExampleGen, "sequence", SEQUENCE),
    ],
)
def test_rows_are_dealt_by_a_feature_or_by_time(
    data: Path, component: Any, folder: str, more: dict[str, Any]
) -> None:
    message = "SequenceExample" if more else "Example"
    splits = [
        TimeSplit("past", "1970-01-01T00:01:40Z"),
        TimeSplit("recent", "1970-01-01T00:04"),
        TimeSplit("now"),
    ]
    times = OutputConfig(time_split_config=TimeSplitConfig("id", splits))
    examples = run(component, input_base=data / folder, output_config=times, **more)
    found = [ids(examples, split, message) for split in ("past", "recent", "now")]
    assert found == [list(range(100)), list(range(100, 240)), list(range(240, 300))]
    examples = run(component, input_base=data / folder, output_config=by_hash("id"), **more)
    for split, bucket in (("train", (0, 1)), ("eval", (2,))):
        for number in ids(examples, split, message):
            feature = message_types()["Example"]().features.feature["id"]
            feature.int64_list.value.append(number)
            digest = hashlib.sha256(feature.SerializeToString()).hexdigest()
            assert int(digest, 16) % 3 in bucket


def test_texts_and_columns_of_times_split_rows_too(tmp_path: Path) -> None:
    import datetime

    import pyarrow as pa
    from pyarrow import parquet

    days = [datetime.datetime(2024, month, 1) for month in range(1, 13)]
    table = pa.table({"id": range(12), "day": days, "text": [f"{d:%Y-%m-%d}" for d in days]})
    parquet.write_table(table, tmp_path / "a.parquet")
    splits = [TimeSplit("train", "2024-06-01"), TimeSplit("eval", "2025-01-01")]
    for column in ("day", "text"):
        config = OutputConfig(time_split_config=TimeSplitConfig(column, splits))
        examples = run(ParquetExampleGen, input_base=tmp_path, output_config=config)
        assert ids(examples, "train") == [0, 1, 2, 3, 4]
    late = OutputConfig(time_split_config=TimeSplitConfig("day", splits[:1]))
    with pytest.raises(ExecutorError, match=r"row 6: day b'2024-06-01T.* is not before 2024-06-01"):
        run(ParquetExampleGen, input_base=tmp_path, output_config=late)


@pytest.mark.parametrize(
    ("config", "message"),
    [
        (TimeSplitConfig("id", [TimeSplit("a"), TimeSplit("b", "2024-01-01")]), "only the last"),
        (
            TimeSplitConfig("id", [TimeSplit("a", "2024-02-01"), TimeSplit("b", "2024-01-01")]),
            "times do not rise",
        ),
        (TimeSplitConfig("id", [TimeSplit("a", "yesterday")]), "'yesterday' is not a time"),
        (TimeSplitConfig("idd", [TimeSplit("a")]), "no column 'idd' to split by"),
        (TimeSplitConfig("name", [TimeSplit("a")]), "row 1.* in the column 'name'|is not a time"),
        (TimeSplitConfig("share", [TimeSplit("a")]), "row 1 has no value, or a float"),
        (TimeSplitConfig("id", []), "splits need names"),
        (TimeSplitConfig("id", [TimeSplit("a/b")]), "without slashes"),
    ],
    ids=["open", "falling", "no time", "no column", "text", "float", "none", "slash"],
)
def test_bad_time_splits_are_named(data: Path, config: TimeSplitConfig, message: str) -> None:
    given = OutputConfig(time_split_config=config)
    with pytest.raises((ParameterError, ExecutorError), match=message):
        run(ParquetExampleGen, input_base=data / "parquet", output_config=given)


def test_csv_rows_larger_than_a_block_are_read(tmp_path: Path) -> None:
    sizes = [1, 2 << 20, 5 << 20, 3 << 20, 6 << 20, 1]
    lines = [f"{number},{'x' * size}\n" for number, size in enumerate(sizes)]
    (tmp_path / "a.csv").write_text("id,text\n" + "".join(lines))
    config = OutputConfig(SplitConfig([HashSplit("all", 1)]))
    examples = run(CsvExampleGen, input_base=tmp_path, output_config=config)
    assert ids(examples, "all") == list(range(6))
