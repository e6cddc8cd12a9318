"""Layout of CSV files: the character between values, the header, and what speaks against them."""

from __future__ import annotations

import csv as text_csv
import itertools
import json
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

from mlops_components.inputs.text_files import not_utf8, open_bytes, open_text
from mlops_pipeline.errors import ExecutorError, ParameterError


@dataclass(frozen=True)
class Layout:
    """Form of a CSV file.

    Args:
        columns: names from the header, or those that the user gives.
        delimiter: the character between values.
        has_header: whether the first line names the columns.
    """

    columns: tuple[str, ...] = ()
    delimiter: str = ","
    has_header: bool = True


@dataclass(frozen=True)
class Form:
    """Form of CSV files, as far as their user names it.

    Args:
        delimiter: the character between values; None is a comma, where nothing speaks against it.
        column_names: of files without a header.
        union: whether a column may be missing from some of the files.
    """

    delimiter: str | None = None
    column_names: Sequence[str] = ()
    union: bool = False

    def checked(self) -> Layout:
        """Return the layout to begin with.

        Raises:
            ParameterError: the delimiter is none.
            ExecutorError: columns have no names of their own.
        """
        check_delimiter(self.delimiter)
        check_header(list(self.column_names), "column_names")
        names = tuple(self.column_names)
        return Layout(names, self.delimiter or ",", has_header=not names)


def check_delimiter(delimiter: str | None) -> None:
    """Raise a ParameterError for what is no character between values."""
    if delimiter is not None and (
        len(delimiter) != 1 or not delimiter.isascii() or delimiter in '"\r\n'
    ):
        raise ParameterError(
            f"delimiter {delimiter!r} is not one character between values",
            hint="give one, such as ';' or '\\t'",
        )


def header_of(path: Path, layout: Layout, *, is_sure: bool) -> tuple[str, ...]:
    """Return the columns of a file, by its header or as they are given.

    Args:
        is_sure: whether the user has named the delimiter.

    Raises:
        ExecutorError: the file is empty, or of another form.
    """
    rows = _first_rows(path, layout.delimiter)
    if not rows:
        raise ExecutorError(
            f"{path} is empty", hint="the first line must name the columns", retryable=False
        )
    if not is_sure:
        _check_kind(path, rows, layout.delimiter)
    if not layout.has_header:
        if tuple(rows[0]) == layout.columns:
            raise ExecutorError(
                f"{path}:1: the first line is a header, and column_names are given",
                hint="leave out column_names",
                retryable=False,
            )
        return layout.columns
    if any("\0" in name for name in rows[0]):
        raise not_utf8(path, "there are zero bytes in the header")
    check_header(rows[0], f"{path}:1")
    return tuple(rows[0])


def _first_rows(path: Path, delimiter: str) -> list[list[str]]:
    """Return some rows; fewer where a value is longer than Python's reader takes."""
    found: list[list[str]] = []
    with open_text(path) as file:
        try:
            for row in itertools.islice(text_csv.reader(file, delimiter=delimiter), _LOOKED_AT):
                found += [row] if row else []
        except text_csv.Error as error:
            if not found:
                raise ExecutorError(
                    f"{path}:1: {error}", hint="check that it is a CSV file", retryable=False
                ) from None
    return found


_BLOCK = 4 << 20
_LOOKED_AT = 20
"""Rows that say how values are parted."""

_DELIMITERS = ",;\t|"


def _check_kind(path: Path, rows: list[list[str]], delimiter: str) -> None:
    """Refuse lines of JSON, and values that another character parts into more columns."""
    with open_text(path) as file:
        first = next(filter(str.strip, file), "")
    if is_json(first):
        raise ExecutorError(
            f"{path} holds lines of JSON, not CSV",
            hint="read it by JsonExampleGen",
            retryable=False,
        )
    for other in _DELIMITERS.replace(delimiter, ""):
        widths = {len(row) for row in _first_rows(path, other)}
        if len(widths) == 1 and max(widths) > max(len(row) for row in rows):
            raise ExecutorError(
                f"{path}: values seem to be parted by {other!r}: {max(widths)} columns in every "
                f"row, and {len(rows[0])} by {delimiter!r}",
                hint=f"give delimiter={other!r}, or delimiter={delimiter!r} if it is right",
                retryable=False,
            )


def is_json(line: str) -> bool:
    """Return True for a line that is an object of JSON."""
    try:
        return line.lstrip().startswith("{") and isinstance(json.loads(line), dict)
    except ValueError:
        return False


def check_header(names: Sequence[str], where: str) -> None:
    """Raise an ExecutorError for columns without names of their own."""
    twice = sorted({n for n in names if names.count(n) > 1})
    if twice or "" in names:
        raise ExecutorError(
            f"{where}: column name {twice[0] if twice else ''!r} is empty or occurs twice",
            hint="give every column a name of its own",
            retryable=False,
        )


def check_quotes(path: Path, layout: Layout) -> None:
    """Refuse a quote that is never closed: all that follows would be one value."""
    with open_bytes(path) as file:
        count = sum(block.count(b'"') for block in iter(lambda: file.read(_BLOCK), b""))
    if count % 2 == 0:
        return
    # A text may have a quote in the middle, as in 5" pipe.
    with open_text(path, errors="replace") as text:
        reader = text_csv.reader(text, delimiter=layout.delimiter, strict=True)
        start = 1
        try:
            for _ in reader:
                start = reader.line_num + 1
        except text_csv.Error as error:
            if "unexpected end" not in str(error):
                return
            raise ExecutorError(
                f"{path}:{start}: a quote is opened here and not closed",
                hint="close it, or write a quote inside a quoted value twice",
                retryable=False,
            ) from None


def bad_row(path: Path, layout: Layout, reason: str) -> ExecutorError:
    """Return the error that names the first row that is not as wide as the header."""
    if "UTF8" in reason:
        return not_utf8(path, reason)
    width = len(layout.columns)
    named = "the header names" if layout.has_header else "column_names has"
    with open_text(path, errors="replace") as file:
        reader = text_csv.reader(file, delimiter=layout.delimiter)
        for row in reader:
            if row and len(row) != width:
                return ExecutorError(
                    f"{path}:{reader.line_num}: {len(row)} values where {named} {width}",
                    hint="put values that hold a comma into quotes, or fix the row",
                    retryable=False,
                )
    return ExecutorError(f"{path}: {reason}", hint="fix the file", retryable=False)
