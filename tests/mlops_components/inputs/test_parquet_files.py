"""Damaged and contradictory files: each has its named error, with file and row or record."""

from collections.abc import Callable
from pathlib import Path

import pytest
from refused_inputs import parquet_of, refused

from mlops_components import (
    ParquetExampleGen,
)

pytestmark = [pytest.mark.ml, pytest.mark.filterwarnings("ignore")]


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
