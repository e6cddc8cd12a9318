"""ExampleGen for every format: rows go where TFX 1.16 puts them, with the bytes of TFX for CSV.

The digests are of what TFX 1.16 wrote for the rows of `example_rows`, and for the penguins: its
executors ran once, on the same files, and each record was serialised in protobuf's deterministic
form. Where TFX drops zeros (Parquet, Avro), what is compared is which row is in which split.
"""

from pathlib import Path
from typing import Any

import example_rows
import pytest
from split_examples import records, run

from mlops_components import (
    AvroExampleGen,
    ImportExampleGen,
    ParquetExampleGen,
)
from mlops_components.records import message_types
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


def test_running_again_writes_the_same_bytes(data: Path) -> None:
    for component, folder in ((ParquetExampleGen, "parquet"), (ImportExampleGen, "example")):
        first = run(component, input_base=data / folder)
        again = run(component, input_base=data / folder)
        assert digest_path(first.path) == digest_path(again.path)
        assert first.properties == again.properties


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
