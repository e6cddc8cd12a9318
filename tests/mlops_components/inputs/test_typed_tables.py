"""Damaged and contradictory files: each has its named error, with file and row or record."""

from pathlib import Path

import pytest
from refused_inputs import avro_of, parquet_of

from mlops_components import (
    AvroExampleGen,
    HashSplit,
    OutputConfig,
    ParquetExampleGen,
    SplitConfig,
)
from mlops_pipeline.testing import run_component

pytestmark = [pytest.mark.ml, pytest.mark.filterwarnings("ignore")]


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
