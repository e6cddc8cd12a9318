"""Damaged and contradictory files: each has its named error, with file and row or record."""

from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from refused_inputs import avro_of, refused

from mlops_components import (
    AvroExampleGen,
)

pytestmark = [pytest.mark.ml, pytest.mark.filterwarnings("ignore")]


def number_row(kind: Any, value: Any) -> bytes:
    return avro_of({"id": kind}, *[{"id": value} for _ in range(40)])


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
