"""ExampleGen for every format: rows go where TFX 1.16 puts them, with the bytes of TFX for CSV.

The digests are of what TFX 1.16 wrote for the rows of `example_rows`, and for the penguins: its
executors ran once, on the same files, and each record was serialised in protobuf's deterministic
form. Where TFX drops zeros (Parquet, Avro), what is compared is which row is in which split.
"""

from collections.abc import Callable
from pathlib import Path
from typing import Any

import example_rows
import pytest
from split_examples import ids, run

from mlops_components import (
    AvroExampleGen,
    CsvExampleGen,
    InputConfig,
    InputSplit,
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
