"""Reading CSV files: one type a column over all files, in blocks of bounded size."""

from __future__ import annotations

import csv as text_csv
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

from mlops_pipeline.errors import ExecutorError, NotFoundError

if TYPE_CHECKING:
    import pyarrow as pa

BLOCK_BYTES = 16 << 20


@dataclass(frozen=True)
class CsvFiles:
    """CSV files that share a header.

    Args:
        files: in reading order.
        columns: names from the header.
        missing_values: texts that stand for a missing value, beside the empty one.
    """

    files: tuple[Path, ...]
    columns: tuple[str, ...]
    missing_values: tuple[str, ...] = ()

    def blocks(self, files: Sequence[Path] = ()) -> Iterator[pa.RecordBatch]:
        """The rows as texts, nulls where a value is missing."""
        for path in files or self.files:
            yield from _read(path, self)

    def column_types(self) -> dict[str, str]:
        """The narrowest of `int`, `float` and `string` that takes all values of each column.

        A column without any value is `string`, and missing in every row.
        """
        types = dict.fromkeys(self.columns, "int")
        for block in self.blocks():
            for name in self.columns:
                types[name] = _widen(types[name], block.column(block.schema.get_field_index(name)))
        empty = _empty_columns(self)
        return {n: "string" if n in empty else t for n, t in types.items()}


def _empty_columns(source: CsvFiles) -> set[str]:
    empty = set(source.columns)
    for block in source.blocks():
        for name in list(empty):
            column = block.column(block.schema.get_field_index(name))
            if column.null_count < len(column):
                empty.discard(name)
        if not empty:
            break
    return empty


def open_files(files: Sequence[Path], where: Path, missing_values: Sequence[str] = ()) -> CsvFiles:
    """Look at the headers of CSV files.

    Raises:
        NotFoundError: there are no files.
        ExecutorError: a file is empty, or the headers differ.
    """
    if not files:
        raise NotFoundError(
            f"there are no CSV files in {where}", hint="check input_base and the split patterns"
        )
    columns: tuple[str, ...] = ()
    for path in files:
        header = _header(path)
        if columns and header != columns:
            raise ExecutorError(
                f"{path.name} has other columns than {files[0].name}: "
                f"{', '.join(sorted(set(header) ^ set(columns))) or 'in another order'}",
                hint="give all files the same header",
                retryable=False,
            )
        columns = header
    return CsvFiles(tuple(files), columns, tuple(missing_values))


def _header(path: Path) -> tuple[str, ...]:
    try:
        with path.open(newline="", encoding="utf-8-sig") as file:
            header = next(text_csv.reader(file), [])
    except UnicodeDecodeError as error:
        raise _not_utf8(path, str(error)) from None
    if not header:
        raise ExecutorError(
            f"{path} is empty", hint="the first line must name the columns", retryable=False
        )
    twice = sorted({n for n in header if header.count(n) > 1})
    if twice or "" in header:
        raise ExecutorError(
            f"{path}:1: column name {twice[0] if twice else ''!r} is empty or occurs twice",
            hint="give every column a name of its own",
            retryable=False,
        )
    return tuple(header)


def _read(path: Path, source: CsvFiles) -> Iterator[pa.RecordBatch]:
    import pyarrow as pa
    from pyarrow import csv

    try:
        reader = csv.open_csv(
            path,
            read_options=csv.ReadOptions(block_size=BLOCK_BYTES),
            parse_options=csv.ParseOptions(newlines_in_values=True),
            convert_options=csv.ConvertOptions(
                column_types=dict.fromkeys(source.columns, pa.string()),
                null_values=["", *source.missing_values],
                strings_can_be_null=True,
            ),
        )
        yield from reader
    except pa.ArrowInvalid as error:
        raise _bad_row(path, len(source.columns), str(error)) from None


def _bad_row(path: Path, width: int, reason: str) -> ExecutorError:
    """Name the first row that is not as wide as the header."""
    if "UTF8" in reason:
        return _not_utf8(path, reason)
    with path.open(newline="", encoding="utf-8-sig") as file:
        reader = text_csv.reader(file)
        for row in reader:
            if row and len(row) != width:
                return ExecutorError(
                    f"{path}:{reader.line_num}: {len(row)} values where the header names {width}",
                    hint="put values that hold a comma into quotes, or mend the row",
                    retryable=False,
                )
    return ExecutorError(f"{path}: {reason}", hint="mend the file", retryable=False)


def _not_utf8(path: Path, reason: str) -> ExecutorError:
    return ExecutorError(
        f"{path} is not UTF-8: {reason}",
        hint="convert it, as in `iconv -f latin1 -t utf-8`",
        retryable=False,
    )


def _widen(kind: str, column: Any) -> str:
    """The narrowest type, not narrower than `kind`, that takes all values of a column."""
    import pyarrow as pa
    import pyarrow.compute as pc

    for name, target in (("int", pa.int64()), ("float", pa.float64())):
        if kind == "float" and name == "int":
            continue
        if kind == "string":
            break
        try:
            pc.cast(pc.utf8_trim_whitespace(column), target)
        except pa.ArrowInvalid:
            continue
        return name
    return "string"


def to_lists(block: pa.RecordBatch, types: dict[str, str]) -> pa.RecordBatch:
    """A block of texts as the list columns that tf.Example knows."""
    import pyarrow as pa
    import pyarrow.compute as pc

    arrays = []
    for name, kind in types.items():
        column = block.column(block.schema.get_field_index(name))
        if kind == "string":
            values = column.cast(pa.binary())
        else:
            trimmed = pc.utf8_trim_whitespace(column)
            values = pc.cast(trimmed, pa.int64() if kind == "int" else pa.float64())
            values = values if kind == "int" else values.cast(pa.float32())
        arrays.append(_one_each(values))
    return pa.RecordBatch.from_arrays(arrays, list(types))


def _one_each(values: Any) -> Any:
    """A list array with one value a row, and null where the value is null."""
    import numpy as np
    import pyarrow as pa

    present = np.append(np.asarray(values.is_valid()), True)
    starts = np.concatenate([[0], np.cumsum(present[:-1])]).astype(np.int32)
    offsets = pa.array(starts, mask=~present)
    return pa.ListArray.from_arrays(offsets, values.drop_null())
