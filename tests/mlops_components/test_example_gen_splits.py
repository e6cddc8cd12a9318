"""ExampleGen for every format: rows go where TFX 1.16 puts them, with the bytes of TFX for CSV.

The digests are of what TFX 1.16 wrote for the rows of `example_rows`, and for the penguins: its
executors ran once, on the same files, and each record was serialised in protobuf's deterministic
form. Where TFX drops zeros (Parquet, Avro), what is compared is which row is in which split.
"""

import hashlib
from collections.abc import Callable
from pathlib import Path
from typing import Any

import example_rows
import pytest
from tfrecord_file import records_of

from mlops_components import (
    AvroExampleGen,
    CsvExampleGen,
    HashSplit,
    ImportExampleGen,
    InputConfig,
    InputSplit,
    OutputConfig,
    ParquetExampleGen,
    SplitConfig,
    StatisticsGen,
    TimeSplit,
    TimeSplitConfig,
)
from mlops_components.loaders import load_examples
from mlops_components.records import message_types
from mlops_pipeline.artifacts import Examples
from mlops_pipeline.errors import ExecutorError, ParameterError
from mlops_pipeline.roots import digest_path
from mlops_pipeline.testing import run_component

pytestmark = [pytest.mark.ml, pytest.mark.filterwarnings("ignore")]

PENGUINS = Path(__file__).resolve().parent.parent.parent / "pipelines" / "penguin" / "data"


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


def run(component: Any, **parameters: Any) -> Examples:
    found = run_component(component, **parameters).outputs["examples"]
    assert isinstance(found, Examples)
    return found


def records(examples: Examples, split: str) -> list[bytes]:
    (file,) = examples.split(split).iterdir()
    assert file.name == "data_tfrecord-00000-of-00001.gz"
    return records_of(file.read_bytes())


def content(examples: Examples, split: str) -> tuple[int, str]:
    """How many records a split has, and a digest of them."""
    found = sorted(records(examples, split))
    return len(found), hashlib.sha256(b"".join(found)).hexdigest()[:16]


def ids(examples: Examples, split: str, message: str = "Example") -> list[int]:
    parse = message_types()[message].FromString
    found = []
    for record in records(examples, split):
        parsed = parse(record)
        features = parsed.features if message == "Example" else parsed.context
        found += list(features.feature["id"].int64_list.value)
    return found


def by_hash(feature: str = "") -> OutputConfig:
    return OutputConfig(SplitConfig([HashSplit("train", 2), HashSplit("eval", 1)], feature))


SEQUENCE = {"payload_format": "FORMAT_TF_SEQUENCE_EXAMPLE"}


@pytest.mark.parametrize(
    ("component", "folder", "more", "train", "rest"),
    [
        (CsvExampleGen, "", {}, (223, "baa0a83c617b8155"), (121, "7efe670275edb47b")),
        (CsvExampleGen, "csv", {}, (202, "3eb49c8db622e5e1"), (98, "4232333dc341339a")),
        (
            CsvExampleGen,
            "csv",
            {"output_config": by_hash("id")},
            (201, "26069eb7eef9c8bd"),
            (99, "5c3ffa995c9929bb"),
        ),
        (ImportExampleGen, "example", {}, (206, "4bd48d23a9fe2f6f"), (94, "f27648f4fe5dc3ca")),
        (ImportExampleGen, "plain", {}, (206, "4bd48d23a9fe2f6f"), (94, "f27648f4fe5dc3ca")),
        (
            ImportExampleGen,
            "sequence",
            SEQUENCE,
            (206, "2fca109fcb9dbe30"),
            (94, "1b92b32d2d9a6202"),
        ),
        (
            ImportExampleGen,
            "sequence",
            {"payload_format": 7, "output_config": by_hash("name")},
            (161, "cdeaa49a9d061b66"),
            (139, "3644bd1bd9193783"),
        ),
    ],
    ids=["penguins", "csv", "csv by id", "example", "plain", "sequence", "sequence by name"],
)
def test_splits_have_the_records_that_tfx_puts_there(
    data: Path, component: Any, folder: str, more: dict[str, Any], train: Any, rest: Any
) -> None:
    examples = run(component, input_base=data / folder if folder else PENGUINS, **more)
    assert content(examples, "train") == train
    assert content(examples, "eval") == rest


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


def test_written_records_are_in_deterministic_form_and_read_by_tensorflow(data: Path) -> None:
    import tensorflow as tf

    examples = run(ParquetExampleGen, input_base=data / "parquet")
    found = records(examples, "train")
    parse = tf.train.Example.FromString
    assert [parse(record).SerializeToString(deterministic=True) for record in found] == found
    (file,) = examples.split("train").iterdir()
    read = tf.data.TFRecordDataset(str(file), compression_type="GZIP").as_numpy_iterator()
    assert list(read) == found


def test_running_again_writes_the_same_bytes(data: Path) -> None:
    for component, folder in ((ParquetExampleGen, "parquet"), (ImportExampleGen, "example")):
        first = run(component, input_base=data / folder)
        again = run(component, input_base=data / folder)
        assert digest_path(first.path) == digest_path(again.path)
        assert first.properties == again.properties


def test_sequence_examples_say_what_they_are(data: Path) -> None:
    examples = run(ImportExampleGen, input_base=data / "sequence", **SEQUENCE)
    assert examples.properties["payload_format"] == "FORMAT_TF_SEQUENCE_EXAMPLE"
    frame = load_examples(examples)
    assert len(frame) == example_rows.COUNT
    row = frame[frame["id"] == 5].iloc[0]
    assert row["words"] == [[text] for text in example_rows.rows()[5]["words"]]


def test_other_records_are_kept_as_they_are_and_not_read_as_examples(data: Path) -> None:
    examples = run(ImportExampleGen, input_base=data / "plain", payload_format="FORMAT_PROTO")
    assert len(records(examples, "train")) + len(records(examples, "eval")) == example_rows.COUNT
    with pytest.raises(ExecutorError, match=r"are FORMAT_PROTO; what is read here is FORMAT_TF_EX"):
        load_examples(examples)
    with pytest.raises(ExecutorError, match=r"are FORMAT_PROTO; what is read here is FORMAT_TF_EX"):
        run_component(StatisticsGen, examples=examples)


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


def test_input_splits_are_kept_for_every_format(data: Path, tmp_path: Path) -> None:
    writers: dict[Any, tuple[str, Callable[[Path], None]]] = {
        ParquetExampleGen: ("parquet", example_rows.write_parquet),
        AvroExampleGen: ("avro", example_rows.write_avro),
        CsvExampleGen: ("csv", example_rows.write_csv),
    }
    config = InputConfig([InputSplit("old", "1/*"), InputSplit("new", "2/*")])
    for component, (ending, write) in writers.items():
        write(tmp_path / ending / "1" / f"a.{ending}")
        write(tmp_path / ending / "2" / f"b.{ending}")
        examples = run(component, input_base=tmp_path / ending, input_config=config)
        assert ids(examples, "old") == ids(examples, "new") == list(range(example_rows.COUNT))


@pytest.mark.parametrize("component", [ParquetExampleGen, AvroExampleGen])
def test_large_rows_are_read_in_small_batches(tmp_path: Path, component: Any) -> None:
    import tracemalloc

    import fastavro
    import pyarrow as pa
    from pyarrow import parquet

    rows = [{"id": number, "text": "x" * (1 << 20)} for number in range(64)]
    if component is ParquetExampleGen:
        parquet.write_table(pa.Table.from_pylist(rows), tmp_path / "a.parquet", row_group_size=16)
    else:
        fields = [{"name": "id", "type": "long"}, {"name": "text", "type": "string"}]
        schema = {"type": "record", "name": "row", "fields": fields}
        with (tmp_path / "a.avro").open("wb") as file:
            fastavro.writer(file, schema, rows, codec="deflate")
    del rows
    tracemalloc.start()
    try:
        examples = run(component, input_base=tmp_path)
        peak = tracemalloc.get_traced_memory()[1]
    finally:
        tracemalloc.stop()
    assert len(records(examples, "train")) + len(records(examples, "eval")) == 64
    # Of 64 MB in all.
    assert peak < 48 << 20


def test_csv_rows_larger_than_a_block_are_read(tmp_path: Path) -> None:
    sizes = [1, 2 << 20, 5 << 20, 3 << 20, 6 << 20, 1]
    lines = [f"{number},{'x' * size}\n" for number, size in enumerate(sizes)]
    (tmp_path / "a.csv").write_text("id,text\n" + "".join(lines))
    config = OutputConfig(SplitConfig([HashSplit("all", 1)]))
    examples = run(CsvExampleGen, input_base=tmp_path, output_config=config)
    assert ids(examples, "all") == list(range(6))
