"""Rows of typed tables (Parquet, Avro) as serialised examples, with TFX's types.

TFX takes 0, 0.0, false and empty texts for missing values. Here they are values; only what decides
the split of a row is what TFX makes of it, so that rows go where they go there.
"""

from __future__ import annotations

import operator
import re
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING, Any

from mlops_components.inputs.ingestion import Rows, encoded, slices
from mlops_components.inputs.partitions import Partitions
from mlops_components.inputs.splits import Key
from mlops_components.records import check_decimals, naming_lost_digits
from mlops_pipeline.errors import ExecutorError

if TYPE_CHECKING:
    import pyarrow as pa

    from mlops_components.records._encode import Column


@dataclass(frozen=True)
class Tables:
    """Files of typed columns.

    Args:
        batches: reads a file.
        partitions: columns in the names of folders.
        union: columns of any file, which have no value in the others.
    """

    batches: Callable[[Path], Iterator[pa.RecordBatch]]
    partitions: Partitions = field(default_factory=Partitions)
    union: tuple[str, ...] = ()

    def rows(self, files: Sequence[Path], key: Key) -> Iterator[Rows]:
        """Yield the rows of files as serialised examples."""
        for path in files:
            first = 1
            for batch in self.batches(path):
                for piece in slices(batch):
                    more = self.partitions.columns(path, piece.num_rows, piece.schema.names)
                    more += _absent(
                        self.union, [*piece.schema.names, *(c.name for c in more)], piece.num_rows
                    )
                    yield _rows(piece, key, (str(path), first), more)
                    first += piece.num_rows


def _absent(names: Sequence[str], known: Sequence[str], rows: int) -> list[Column]:
    """Return the columns of other files, which have no value here."""
    import pyarrow as pa

    from mlops_components.records._encode import column_of

    return [
        column_of(name, "bytes", pa.nulls(rows, pa.binary())) for name in names if name not in known
    ]


_INDEX = re.compile(r"__index_level_[0-9]+__")


def is_index(name: str) -> bool:
    """Return True for the column that pandas writes for an index without a name."""
    return bool(_INDEX.fullmatch(name))


def _rows(piece: pa.RecordBatch, key: Key, where: tuple[str, int], more: list[Column]) -> Rows:
    source, first = where
    columns, seen = [], []
    for name, array in zip(piece.schema.names, piece.columns, strict=True):
        with naming_lost_digits(source, first):
            column = to_column(name, array, source, first)
        if not is_index(name):
            columns.append(column)
        hidden = _hidden_from_tfx(column, array)
        seen.append(column if hidden is None else column.blanked(hidden))
    # Neither the folders nor the index count otherwise than for TFX.
    same = not more and len(columns) == len(seen) and all(map(operator.is_, columns, seen))
    return encoded([*columns, *more], key, source, first, None if same else seen)


def _hidden_from_tfx(column: Column, array: pa.Array) -> Any:
    """Return a mask of the rows whose value is one that TFX takes for missing, if there are any."""
    import numpy as np
    import pyarrow.compute as pc

    if is_list(array.type):
        return None
    if column.kind == "bytes":
        empty = pc.equal(pc.binary_length(column.values), 0)
    else:
        empty = pc.equal(column.values, 0)
    if not pc.any(empty).as_py():
        return None
    hidden = np.zeros(len(column.counts), bool)
    hidden[np.flatnonzero(column.counts)] = np.asarray(empty)
    return hidden


def check_same_columns(kinds: Mapping[Path, Mapping[str, str]], *, union: bool = False) -> None:
    """Refuse files that differ in their columns, or in what these hold.

    Args:
        kinds: what each column of each file holds, in words; nothing where that is open.
        union: whether a column may be missing from some of the files.

    Raises:
        ExecutorError: names the files and the column.
    """
    first: Path | None = None
    known: dict[str, tuple[str, Path]] = {}
    for path, columns in kinds.items():
        if first is not None and set(columns) != set(known) and not union:
            differing = sorted(set(columns) ^ set(known))
            raise ExecutorError(
                f"{path} has other columns than {first.name}: {', '.join(differing)}",
                hint="give all files the same columns, or say InputConfig(union=True)",
                retryable=False,
            )
        first = first or path
        for name, kind in columns.items():
            before, where = known.get(name, ("", path))
            if kind and before and kind != before:
                raise ExecutorError(
                    f"column {name!r} has {kind} in {path} and {before} in {where}",
                    hint="write the files with one type for the column",
                    retryable=False,
                )
            known[name] = (before, where) if before else (kind, path)


_WORDS = {"int": "whole numbers", "float": "floats", "bytes": "texts"}


def holds(name: str, kind: pa.DataType, source: str) -> str:
    """Describe the values of a column of this type in words; empty for an always null one.

    Raises:
        ExecutorError: there is no feature for it.
    """
    import pyarrow as pa

    if pa.types.is_null(kind):
        return ""
    if is_list(kind):
        inner = holds(name, kind.value_type, source)
        if inner.startswith("lists"):
            raise _no_feature(name, str(kind), source)
        return f"lists of {inner}".removesuffix(" of ")
    return _WORDS[_feature_kind(name, kind, source)]


def _feature_kind(name: str, kind: pa.DataType, source: str) -> str:
    from pyarrow import types

    if types.is_dictionary(kind):
        kind = kind.value_type
    if types.is_boolean(kind) or types.is_integer(kind):
        return "int"
    if types.is_floating(kind) or types.is_decimal(kind):
        return "float"
    texts = (
        types.is_string,
        types.is_large_string,
        types.is_binary,
        types.is_large_binary,
        types.is_fixed_size_binary,
        types.is_temporal,
        types.is_null,
    )
    if any(fits(kind) for fits in texts) and not types.is_duration(kind):
        return "bytes"
    raise _no_feature(name, str(kind), source)


def _no_feature(name: str, kind: str, source: str) -> ExecutorError:
    return ExecutorError(
        f"{source}: column {name!r} is of type {kind}, which is no feature of an example",
        hint="write numbers, texts, bytes, times or lists of them, or leave the column out",
        retryable=False,
    )


def is_list(kind: pa.DataType) -> bool:
    """Return True if a column has several values a row."""
    from pyarrow import types

    return bool(types.is_list(kind) or types.is_large_list(kind) or types.is_fixed_size_list(kind))


def to_column(name: str, array: pa.Array, source: str, first: int) -> Column:
    """Return an Arrow column as a feature.

    Raises:
        ExecutorError: it has values for which there is no feature.
    """
    import numpy as np
    import pyarrow as pa
    import pyarrow.compute as pc

    from mlops_components.records._encode import column_of, list_column_of

    if not is_list(array.type):
        kind = _feature_kind(name, array.type, source)
        return column_of(name, kind, _plain(array, name, source))
    kind = _feature_kind(name, array.type.value_type, source)
    present = array.drop_null()
    values = present.flatten()
    if pa.types.is_fixed_size_list(array.type):
        sizes = np.full(len(present), array.type.list_size)
    else:
        sizes = np.asarray(pc.list_value_length(present))
    counts = np.zeros(len(array), np.int64)
    counts[np.asarray(array.is_valid())] = sizes
    if values.null_count:
        missing = int(np.flatnonzero(np.asarray(values.is_null()))[0])
        row = int(np.searchsorted(np.cumsum(counts), missing, side="right"))
        raise ExecutorError(
            f"{source}: row {first + row}: a list in column {name!r} has a null in it",
            hint="leave it out of the list, or write another value for it",
            retryable=False,
        )
    return list_column_of(name, kind, counts, _plain(values, name, source))


def _plain(array: pa.Array, name: str, source: str) -> pa.Array:
    """Return texts for times, plain values for encoded ones, and whole numbers of 64 bits."""
    import pyarrow as pa
    from pyarrow import types

    if types.is_dictionary(array.type):
        array = array.dictionary_decode()
    if types.is_timestamp(array.type):
        return _iso(array)
    if types.is_temporal(array.type):
        return array.cast(pa.string())
    if types.is_float16(array.type):
        import numpy as np

        values = np.asarray(array.drop_null()).astype(np.float32)
        return _with_nulls(array, pa.array(values))
    if types.is_decimal(array.type):
        check_decimals(name, array.to_pylist())
    try:
        if types.is_integer(array.type):
            return array.cast(pa.int64())
        return array.cast(pa.float64()) if types.is_decimal(array.type) else array
    except pa.ArrowInvalid as error:
        raise ExecutorError(
            f"{source}: column {name!r}: {error}",
            hint="features hold whole numbers of 64 bits and floats",
            retryable=False,
        ) from None


def _iso(array: pa.Array) -> pa.Array:
    """Return times as ISO 8601 with microseconds; in UTC, marked so, if they have a zone."""
    import numpy as np
    import pyarrow as pa

    ticks = array.drop_null().cast(pa.timestamp("us", array.type.tz), safe=False).cast(pa.int64())
    texts = np.datetime_as_string(np.asarray(ticks).view("datetime64[us]"))
    return _with_nulls(array, pa.array([f"{t}Z" if array.type.tz else f"{t}" for t in texts]))


def _with_nulls(array: pa.Array, values: pa.Array) -> pa.Array:
    """Return `values` at the positions where `array` has some."""
    import numpy as np
    import pyarrow as pa

    present = np.asarray(array.is_valid())
    return values.take(pa.array(np.cumsum(present) - 1, mask=~present))
