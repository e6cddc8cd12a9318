"""ExampleGen for every format: rows go where TFX 1.16 puts them, with the bytes of TFX for CSV.

The digests are of what TFX 1.16 wrote for the rows of `example_rows`, and for the penguins: its
executors ran once, on the same files, and each record was serialised in protobuf's deterministic
form. Where TFX drops zeros (Parquet, Avro), what is compared is which row is in which split.
"""

from pathlib import Path

import example_rows
import pytest
from split_examples import records, run

from mlops_components import (
    ParquetExampleGen,
)
from mlops_components.records import message_types

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


def test_written_records_are_in_deterministic_form_and_read_by_tensorflow(data: Path) -> None:
    import tensorflow as tf

    examples = run(ParquetExampleGen, input_base=data / "parquet")
    found = records(examples, "train")
    parse = tf.train.Example.FromString
    assert [parse(record).SerializeToString(deterministic=True) for record in found] == found
    (file,) = examples.split("train").iterdir()
    read = tf.data.TFRecordDataset(str(file), compression_type="GZIP").as_numpy_iterator()
    assert list(read) == found
