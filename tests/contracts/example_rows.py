"""The same few hundred rows as CSV, TFRecord, Parquet and Avro files.

They are made without chance, and hold what TFX treats in ways of its own: missing values, zeros,
empty texts and lists, signs, numbers too long for 64 bits, texts beyond ASCII, quotes and lines.
"""

from __future__ import annotations

import csv
from pathlib import Path
from typing import Any

COUNT = 300
TEXTS = ["", "a", "zwölf", "x" * 130, 'quo"ted', "two\nlines", "comma,", " blank "]


def rows() -> list[dict[str, Any]]:
    """The rows, as Parquet and Avro have them."""
    return [
        {
            "id": number,
            "count": (number * 7919) % 400 - 100 if number % 9 else None,
            "big": (-1) ** number * number**7,
            "share": number / 7 if number % 5 else 0.0,
            "name": TEXTS[number % 8] if number % 7 else None,
            "flag": number % 3 == 0,
            "numbers": None if number % 4 == 0 else [number * k for k in range(number % 4)],
            "words": [TEXTS[(number + k) % 8] for k in range(number % 3)],
        }
        for number in range(COUNT)
    ]


def write_csv(path: Path) -> None:
    """Columns that are inferred in every way; one has no value, one is too long for a number."""
    path.parent.mkdir(parents=True, exist_ok=True)
    with path.open("w", newline="", encoding="utf-8") as file:
        writer = csv.writer(file, lineterminator="\n")
        writer.writerow(["id", "count", "signed", "share", "name", "none", "long", "hex"])
        for row in rows():
            number = row["id"]
            count = "" if row["count"] is None else row["count"]
            signed = f"+{number}" if number % 2 else f" {number} "
            share = ["1e3", "nan", "-inf", ".5", "7.", "", "+1.5", number][number % 8]
            long = "9" * 19 if number == 40 else number
            hexadecimal = f"0x{number:x}" if number == 99 else number
            name = row["name"] or ""
            writer.writerow([number, count, signed, share, name, "", long, hexadecimal])


def write_parquet(path: Path) -> None:
    """All columns, in several row groups."""
    import pyarrow as pa
    from pyarrow import parquet

    path.parent.mkdir(parents=True, exist_ok=True)
    parquet.write_table(pa.Table.from_pylist(rows()), path, row_group_size=70)


AVRO_TYPES: dict[str, Any] = {
    "id": "long",
    "count": ["null", "int"],
    "big": "long",
    "share": "double",
    "name": ["null", "string"],
    "flag": "boolean",
    "numbers": ["null", {"type": "array", "items": "long"}],
    "words": {"type": "array", "items": "string"},
}


def write_avro(path: Path) -> None:
    """All columns."""
    import fastavro

    path.parent.mkdir(parents=True, exist_ok=True)
    fields = [{"name": name, "type": kind} for name, kind in AVRO_TYPES.items()]
    schema = {"type": "record", "name": "row", "fields": fields}
    with path.open("wb") as file:
        fastavro.writer(file, schema, rows(), codec="deflate", sync_interval=2000)


def write_records(path: Path, message: Any, *, sequence: bool = False) -> None:
    """Examples, or sequences of them, of the given protobuf class."""
    from tfrecord_file import write_file

    records = []
    for row in rows():
        example = message()
        features = (example.context if sequence else example.features).feature
        # Another order than that of the names, as a writer may have it.
        features["name"].bytes_list.value.append((row["name"] or "-").encode())
        features["id"].int64_list.value.append(row["id"])
        features["share"].float_list.value.append(row["share"])
        if sequence:
            steps = example.feature_lists.feature_list["words"].feature
            for word in row["words"]:
                steps.add().bytes_list.value.append(word.encode())
        records.append(example.SerializeToString())
    path.parent.mkdir(parents=True, exist_ok=True)
    write_file(path, records)
