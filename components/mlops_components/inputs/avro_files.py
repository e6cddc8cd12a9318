"""Reading Avro files: each column has the type that the file's schema gives it."""

from __future__ import annotations

import itertools
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING, Any

from mlops_components.inputs.ingestion import fitting
from mlops_components.inputs.partitions import Partitions
from mlops_components.inputs.typed_tables import Tables, check_same_columns, holds
from mlops_components.records import check_decimals, naming_lost_digits
from mlops_pipeline.errors import ExecutorError, PipelineError, SettingsError

if TYPE_CHECKING:
    import pyarrow as pa


def open_avro(
    files: Sequence[Path], partitions: Partitions | None = None, *, union: bool = False
) -> Tables:
    """Look at the schemas of Avro files.

    Args:
        partitions: columns in the names of folders.
        union: whether a column may be missing from some of the files.

    Raises:
        SettingsError: the library that reads them is not installed.
        ExecutorError: a file is damaged, files differ in their columns, or a column has a type
            for which there is no feature.
    """
    folders = partitions or Partitions()
    kinds = {}
    for path in files:
        with _reading(path) as reader:
            columns = _columns(reader.writer_schema, path)
        own = {name: holds(name, kind, str(path)) for name, kind in columns.items()}
        kinds[path] = {**folders.kinds(path), **own}
    check_same_columns(kinds, union=union)
    return Tables(_batches, folders, tuple(sorted(set().union(*kinds.values()))) if union else ())


@contextmanager
def _reading(path: Path) -> Iterator[Any]:
    try:
        import fastavro
    except ImportError:
        raise SettingsError(
            "Avro files need the library fastavro",
            hint="install the extra: pip install 'mlops-pipeline[avro]'",
        ) from None
    with path.open("rb") as file:
        try:
            yield fastavro.reader(file)
        except PipelineError:
            raise
        # The library raises whatever a damaged file happens to lead it to.
        except Exception as error:  # noqa: BLE001
            reason = "the file is empty" if not path.stat().st_size else str(error)
            raise ExecutorError(
                f"{path} is not a readable Avro file: {reason or type(error).__name__}",
                hint="write or copy the file again",
                retryable=False,
            ) from None


def _batches(path: Path) -> Iterator[pa.RecordBatch]:
    import pyarrow as pa

    with _reading(path) as reader:
        columns = _columns(reader.writer_schema, path)
        first = 1
        for rows in _chunks(reader):
            arrays = [
                _array([row[name] for row in rows], name, kind, (path, first))
                for name, kind in columns.items()
            ]
            yield pa.RecordBatch.from_arrays(arrays, list(columns))
            first += len(rows)


_SAMPLE = 8
"""Rows after which it is looked how large they are."""


def _chunks(reader: Iterator[Any]) -> Iterator[list[Any]]:
    """Yield rows in lists that can be in memory at once."""
    found: list[Any] = []
    size = 0
    while some := list(itertools.islice(reader, _SAMPLE)):
        found += some
        size += len(some) * sum(len(v) for v in some[0].values() if isinstance(v, (str, bytes)))
        if len(found) >= fitting(len(found), size):
            yield found
            found, size = [], 0
    if found:
        yield found


def _array(values: list[Any], name: str, kind: pa.DataType, source: tuple[Path, int]) -> pa.Array:
    import pyarrow as pa

    if pa.types.is_floating(kind):
        with naming_lost_digits(str(source[0]), source[1]):
            check_decimals(name, values)
    try:
        if pa.types.is_floating(kind) or pa.types.is_string(kind):
            # Decimals and UUIDs come as objects of their own.
            make = float if pa.types.is_floating(kind) else str
            values = [None if value is None else make(value) for value in values]
        return pa.array(values, kind)
    except (pa.ArrowException, ValueError, TypeError, OverflowError) as error:
        path, first = source
        raise ExecutorError(
            f"{path}: rows {first} to {first + len(values) - 1}: column {name!r}: {error}",
            hint="write values of one type that a feature can hold",
            retryable=False,
        ) from None


def _columns(schema: Any, path: Path) -> dict[str, pa.DataType]:
    if not isinstance(schema, dict) or schema.get("type") != "record":
        raise ExecutorError(
            f"{path}: its schema is no record", hint="write records", retryable=False
        )
    return {field["name"]: _type(field["type"], field["name"], path) for field in schema["fields"]}


_LOGICAL = {
    "decimal": "double",
    "time-millis": "time",
    "time-micros": "time",
    "timestamp-millis": "timestamp",
    "timestamp-micros": "timestamp",
    "local-timestamp-millis": "local",
    "local-timestamp-micros": "local",
    "date": "date",
    "uuid": "string",
}


def _plain_types() -> dict[str, pa.DataType]:
    import pyarrow as pa

    return {
        "null": pa.null(),
        "boolean": pa.bool_(),
        "int": pa.int64(),
        "long": pa.int64(),
        "float": pa.float64(),
        "double": pa.float64(),
        "string": pa.string(),
        "enum": pa.string(),
        "bytes": pa.binary(),
        "fixed": pa.binary(),
        "date": pa.date32(),
        "time": pa.time64("us"),
        "timestamp": pa.timestamp("us", "UTC"),
        "local": pa.timestamp("us"),
    }


def _type(schema: Any, name: str, path: Path) -> pa.DataType:
    import pyarrow as pa

    if isinstance(schema, list):
        choices = [choice for choice in schema if choice != "null"]
        schema = choices[0] if len(choices) == 1 else ("null" if not choices else "union")
    kind = schema["type"] if isinstance(schema, dict) else schema
    if isinstance(kind, (dict, list)):
        return _type(kind, name, path)
    if kind == "array":
        return pa.list_(_type(schema["items"], name, path))
    logical = schema.get("logicalType", "") if isinstance(schema, dict) else ""
    found = _plain_types().get(str(_LOGICAL.get(logical, kind)))
    if found is None:
        shown = schema if isinstance(schema, str) else kind
        raise ExecutorError(
            f"{path}: column {name!r} is of type {shown}, which is no feature of an example",
            hint="write numbers, texts, bytes, times or lists of one of them",
            retryable=False,
        )
    return found
