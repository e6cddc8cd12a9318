"""ExampleGen for every format: rows go where TFX 1.16 puts them, with the bytes of TFX for CSV.

The digests are of what TFX 1.16 wrote for the rows of `example_rows`, and for the penguins: its
executors ran once, on the same files, and each record was serialised in protobuf's deterministic
form. Where TFX drops zeros (Parquet, Avro), what is compared is which row is in which split.
"""

import contextlib
from collections.abc import Callable
from pathlib import Path
from typing import Any

import example_rows
import pytest
from split_examples import ids, run

from mlops_components import (
    AvroExampleGen,
    CsvExampleGen,
    ExampleValidator,
    HashSplit,
    InputConfig,
    InputSplit,
    OutputConfig,
    ParquetExampleGen,
    SchemaGen,
    SplitConfig,
    SqlExampleGen,
    StatisticsGen,
    write_frames,
)
from mlops_components.loaders import load_schema, load_statistics
from mlops_components.records import message_types
from mlops_pipeline.artifacts import Examples, ExampleStatistics, Schema
from mlops_pipeline.testing import artifact, run_component

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


ONE = OutputConfig(SplitConfig([HashSplit("train", 1)]))
GAPS: list[dict[str, Any]] = [
    {"age": None if row % 4 else row, "share": None if row % 4 else 0.5, "city": None}
    | ({"city": "Ulm"} if row % 4 == 0 else {})
    for row in range(40)
]
"""Rows of which a quarter has values, and the others none."""


def write_gaps(ending: str, folder: Path) -> dict[str, Any]:
    """Write the rows as a file of a kind; return the parameters that read it."""
    import pandas as pd

    frame = pd.DataFrame(GAPS).astype({"age": "Int64"})
    if ending == "csv":
        frame.to_csv(folder / "a.csv", index=False)
    elif ending == "parquet":
        frame.to_parquet(folder / "a.parquet")
    elif ending == "avro":
        import fastavro

        kinds = {"age": "long", "share": "double", "city": "string"}
        fields = [{"name": name, "type": ["null", kind]} for name, kind in kinds.items()]
        with (folder / "a.avro").open("wb") as file:
            fastavro.writer(file, {"type": "record", "name": "row", "fields": fields}, GAPS)
    else:
        import sqlite3

        with contextlib.closing(sqlite3.connect(folder / "a.db")) as connection, connection:
            connection.execute("CREATE TABLE t (age INTEGER, share REAL, city TEXT)")
            connection.executemany("INSERT INTO t VALUES (:age, :share, :city)", GAPS)
        return {"url": f"sqlite:///{folder / 'a.db'}", "query": "SELECT * FROM t"}
    return {"input_base": folder}


FORMATS = {
    "csv": CsvExampleGen,
    "parquet": ParquetExampleGen,
    "avro": AvroExampleGen,
    "sql": SqlExampleGen,
}


def statistics_of(examples: Examples) -> ExampleStatistics:
    found = run_component(StatisticsGen, examples=examples).outputs["statistics"]
    assert isinstance(found, ExampleStatistics)
    return found


def counted(statistics: ExampleStatistics) -> dict[str, tuple[int, int]]:
    """By feature, the rows without and with values."""
    (dataset,) = load_statistics(statistics)["train"].datasets
    found = {}
    for feature in dataset.features:
        of_kind = feature.string_stats if feature.HasField("string_stats") else feature.num_stats
        common = of_kind.common_stats
        found[feature.path.step[0]] = (common.num_missing, common.num_non_missing)
    return found


MISSING = {"age": (30, 10), "share": (30, 10), "city": (30, 10)}


@pytest.mark.parametrize("ending", FORMATS)
def test_missing_values_are_counted_in_every_format(ending: str, tmp_path: Path) -> None:
    given = write_gaps(ending, tmp_path)
    statistics = statistics_of(run(FORMATS[ending], output_config=ONE, **given))
    assert counted(statistics) == MISSING


def test_missing_values_of_tables_are_counted() -> None:
    import pandas as pd

    for frame in (pd.DataFrame(GAPS), pd.DataFrame(GAPS).convert_dtypes()):
        examples = artifact(Examples, {})
        write_frames(examples, {"train": frame})
        assert counted(statistics_of(examples)) == MISSING


def test_schemas_and_validation_see_missing_values_of_csv(tmp_path: Path) -> None:
    statistics = statistics_of(run(CsvExampleGen, output_config=ONE, **write_gaps("csv", tmp_path)))
    inferred = run_component(SchemaGen, statistics=statistics).outputs["schema"]
    assert isinstance(inferred, Schema)
    assert {
        f.name: f.presence.min_fraction for f in load_schema(inferred).feature
    } == dict.fromkeys(MISSING, 0)
    text = 'feature { name: "%s" type: %s presence { min_fraction: 0.9 min_count: 1 } }'
    kinds = {"age": "INT", "share": "FLOAT", "city": "BYTES"}
    wanted = artifact(Schema, {"schema.pbtxt": "\n".join(text % pair for pair in kinds.items())})
    found = run_component(ExampleValidator, statistics=statistics, schema=wanted)
    assert found.outputs["anomalies"].properties["blessed"] == {"train": 0}
