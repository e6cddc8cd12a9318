"""Reading CSV files: one type a column over all files, in blocks of bounded size."""

from __future__ import annotations

import logging
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import TYPE_CHECKING, Any

from mlops_components.inputs.csv_layout import Form, Layout, bad_row, check_quotes, header_of
from mlops_components.inputs.ingestion import Rows, encoded, slices
from mlops_components.inputs.partitions import Partitions
from mlops_components.inputs.splits import Key
from mlops_components.inputs.text_files import is_compressed
from mlops_components.records import LostDigitsError, naming_lost_digits
from mlops_pipeline.errors import ExecutorError, ParameterError, did_you_mean

if TYPE_CHECKING:
    import pyarrow as pa

    from mlops_components.records._encode import Column

BLOCK_BYTES = (4 << 20, 64 << 20, 1 << 30)
"""Bytes that are parsed at once, of which Arrow has some in memory; more where a row is larger."""

_NUMBER = {
    "int": "^[+-]?[0-9]+$",
    "float": r"^[+-]?(([0-9]+(\.[0-9]*)?|\.[0-9]+)([eE][+-]?[0-9]+)?|(?i:nan|inf|infinity))$",
}
"""Numbers as Python's `int` and `float` take them, without blanks around them."""

_ORDER = ["", "int", "float", "string"]
_INFINITY = float("inf")
_LOOKED_AT = 10_000
"""Rows of a block in which zeros before a number are looked for."""

log = logging.getLogger(__name__)


@dataclass(frozen=True)
class CsvFiles:
    """CSV files that share a header.

    Args:
        files: in reading order.
        layout: of each of them.
        missing_values: texts that stand for a missing value, beside the empty one.
        types: of all columns: `int`, `float`, `string`, or nothing if it has no value at all.
        given: the types that the user has named.
        partitions: columns in the names of folders.
        headers: the columns of the files that have not all of them.
    """

    files: tuple[Path, ...]
    layout: Layout
    missing_values: tuple[str, ...] = ()
    types: Mapping[str, str] | None = None
    given: frozenset[str] = frozenset()
    partitions: Partitions = field(default_factory=Partitions)
    headers: Mapping[Path, tuple[str, ...]] = field(default_factory=dict)

    @property
    def columns(self) -> tuple[str, ...]:
        """The names of the columns."""
        return self.layout.columns

    def blocks(self, path: Path) -> Iterator[pa.RecordBatch]:
        """Yield the rows of a file as texts, nulls where a value is missing."""
        header = self.headers.get(path)
        if header is None:
            yield from _read(path, self)
            return
        own = replace(self, layout=replace(self.layout, columns=header))
        for block in _read(path, own):
            yield _widened(block, self.columns)

    def rows(self, files: Sequence[Path], key: Key) -> Iterator[Rows]:
        """Yield the rows of some of the files as serialised examples."""
        assert self.types is not None
        for path in files:
            first = 1
            for block in self.blocks(path):
                for piece in slices(block):
                    columns = [
                        self._column(path, name, piece.column(at), first)
                        for at, name in enumerate(self.columns)
                    ]
                    more = self.partitions.columns(path, piece.num_rows, self.columns)
                    dealt_as = self._as_tfx(columns) or (columns if more else None)
                    yield encoded([*columns, *more], key, str(path), first, dealt_as)
                    first += piece.num_rows

    def _as_tfx(self, columns: Sequence[Column]) -> list[Column] | None:
        """Return the columns of which TFX makes examples; None if they are the same.

        TFX writes an empty list of the column's type for a missing value, and its statistics count
        that as a value.
        """
        if not any((column.counts == 0).any() for column in columns):
            return None
        types = self.types or {}
        return [replace(column, typed=bool(types[column.name])) for column in columns]

    def _column(self, path: Path, name: str, texts: Any, first: int) -> Column:
        from mlops_components.records._encode import column_of

        kind = (self.types or {})[name]
        if kind not in ("int", "float"):
            return column_of(name, "bytes", texts)
        rounded = name in self.given
        hint = f"column_types={{{name!r}: 'string'}} keeps its digits, and 'float' rounds it"
        try:
            with naming_lost_digits(str(path), first, hint):
                found = numbers(texts, kind)
                if kind == "float" and not rounded:
                    _check_whole(name, texts, found)
                return column_of(name, kind, found, rounded=rounded)
        except ValueError:
            row, value = _first_misfit(texts, kind)
            raise ExecutorError(
                f"{path}: row {first + row}: {name} is {value!r}, which is no {kind}",
                hint=f"fix the row, or change column_types[{name!r}]",
                retryable=False,
            ) from None


def open_files(
    files: Sequence[Path],
    missing_values: Sequence[str],
    column_types: Mapping[str, str],
    form: Form,
) -> CsvFiles:
    """Look at the headers and all values of CSV files, compressed or not.

    Raises:
        ParameterError: a type is given for a column that there is not, or the delimiter is none.
        ExecutorError: a file is empty or damaged, headers differ, values are parted by something
            else, or a column has numbers in one file and texts in another.
    """
    layout = form.checked()
    headers: dict[Path, tuple[str, ...]] = {}
    for path in files:
        headers[path] = header = header_of(path, layout, is_sure=form.delimiter is not None)
        if layout.columns and header != layout.columns and not form.union:
            raise _other_header(path, header, files[0], layout.columns)
        check_quotes(path, replace(layout, columns=header))
        layout = replace(layout, columns=tuple(dict.fromkeys([*layout.columns, *header])))
    for name in column_types:
        if name not in layout.columns:
            raise ParameterError(
                f"column_types: there is no column {name!r}",
                hint=did_you_mean(name, layout.columns),
            )
    source = CsvFiles(
        tuple(files),
        layout,
        tuple(missing_values),
        given=frozenset(column_types),
        headers={path: header for path, header in headers.items() if header != layout.columns},
    )
    types = {**_inferred(source), **column_types}
    _warn_of_zeros(replace(source, types=types))
    return replace(source, types=types)


def _other_header(
    path: Path, header: Sequence[str], first: Path, columns: Sequence[str]
) -> ExecutorError:
    differing = sorted(set(header) ^ set(columns))
    return ExecutorError(
        f"{path} has other columns than {first.name}: {', '.join(differing) or 'in another order'}",
        hint="give all files the same header, or say InputConfig(union=True)",
        retryable=False,
    )


def _widened(block: pa.RecordBatch, columns: Sequence[str]) -> pa.RecordBatch:
    """Return a block with all of these columns, null where it has not got them."""
    import pyarrow as pa

    known = {name: block.column(at) for at, name in enumerate(block.schema.names)}
    nulls = pa.nulls(block.num_rows, pa.string())
    return pa.RecordBatch.from_arrays([known.get(name, nulls) for name in columns], list(columns))


def _warn_of_zeros(source: CsvFiles) -> None:
    """Name columns of whole numbers with zeros before them, as in a postal code: they are lost."""
    import pyarrow.compute as pc

    first = next((block for path in source.files[:1] for block in source.blocks(path)), None)
    if first is None:
        return
    for at, name in enumerate(source.columns):
        if (source.types or {})[name] != "int" or name in source.given:
            continue
        texts = first.column(at).slice(0, _LOOKED_AT)
        coded = texts.filter(pc.match_substring_regex(texts, r"^\s*[+-]?0[0-9]"))
        if len(coded):
            log.warning(
                "column %r is read as whole numbers, %s as %d; column_types={%r: 'string'} keeps "
                "the zeros",
                *(name, coded[0].as_py(), int(coded[0].as_py()), name),
            )


def _inferred(source: CsvFiles) -> dict[str, str]:
    """Return the narrowest type that takes all values of each column."""
    found: dict[str, str] = dict.fromkeys(source.columns, "")
    seen_in: dict[str, Path] = {}
    for path in source.files:
        here = dict.fromkeys(source.columns, "")
        for block in source.blocks(path):
            for at, name in enumerate(source.columns):
                if name not in source.given:
                    here[name] = _wider(here[name], block.column(at))
        for name, kind in here.items():
            if kind and found[name] and (kind == "string") != (found[name] == "string"):
                raise _other_type(name, (seen_in[name], found[name]), (path, kind))
            if kind:
                seen_in.setdefault(name, path)
                found[name] = max(kind, found[name], key=_ORDER.index)
    return found


def _other_type(name: str, one: tuple[Path, str], other: tuple[Path, str]) -> ExecutorError:
    words = {"string": "texts"}
    (first, kind), (second, found) = one, other
    return ExecutorError(
        f"column {name!r} has {words.get(kind, 'numbers')} in {first} "
        f"and {words.get(found, 'numbers')} in {second}",
        hint=f"fix the file, or say what it is: column_types={{{name!r}: 'string'}}",
        retryable=False,
    )


def _wider(kind: str, texts: Any) -> str:
    """Return the narrowest type, not narrower than `kind`, that takes all values of a column."""
    if kind == "string" or texts.null_count == len(texts):
        return kind
    for wanted in _ORDER[max(1, _ORDER.index(kind)) : -1]:
        try:
            numbers(texts, wanted)
        except ValueError:
            continue
        return wanted
    return "string"


def numbers(texts: Any, kind: str) -> Any:
    """Return texts as numbers, by the rules of Python and TFX.

    Raises:
        ValueError: one is no such number; a whole number beyond 64 bits is none of any kind.
    """
    import pyarrow as pa
    import pyarrow.compute as pc

    trimmed = pc.utf8_trim_whitespace(texts)
    target = pa.int64() if kind == "int" else pa.float64()
    try:
        found = pc.cast(trimmed, target)
        # Arrow takes 0x10 for a number.
        if kind == "int" and any(pc.any(pc.match_substring(trimmed, x)).as_py() for x in "xX"):
            raise ValueError("hexadecimal")
    except pa.ArrowInvalid:
        # Numbers that Arrow does not know, such as +1; most texts are none, which the first show.
        for some in (trimmed.slice(0, 100), trimmed):
            if not pc.all(pc.match_substring_regex(some, _NUMBER[kind])).as_py():
                raise
        if kind == "int":
            found = pc.cast(pc.replace_substring_regex(trimmed, r"^\+", ""), target)
        else:
            found = pa.array([None if t is None else float(t) for t in trimmed.to_pylist()])
    if kind == "float" and (pc.max(pc.binary_length(trimmed)).as_py() or 0) > 18:
        whole = pc.match_substring_regex(trimmed, _NUMBER["int"])
        pc.cast(pc.replace_substring_regex(trimmed.filter(whole), r"^\+", ""), pa.int64())
    return found


def _check_whole(name: str, texts: Any, found: Any) -> None:
    """Refuse a number that a float of 64 bits does not hold: a whole one, or a too large one."""
    import pyarrow.compute as pc

    if pc.any(pc.is_inf(found)).as_py():
        for row, value in enumerate(found.to_pylist()):
            # Not the text "inf".
            if value in (_INFINITY, -_INFINITY) and any(map(str.isdecimal, texts[row].as_py())):
                raise LostDigitsError(name, row, texts[row].as_py().strip(), value)
    if (pc.max(pc.binary_length(texts)).as_py() or 0) <= 15:
        return
    pairs = zip(texts.to_pylist(), found.to_pylist(), strict=True)
    for row, (text, value) in enumerate(pairs):
        digits = (text or "").strip().lstrip("+-")
        if digits.isdecimal() and int(digits) != abs(value):
            raise LostDigitsError(name, row, (text or "").strip(), int(value))


def _first_misfit(texts: Any, kind: str) -> tuple[int, str]:
    for row in range(len(texts)):
        try:
            numbers(texts.slice(row, 1), kind)
        except ValueError:
            return row, texts[row].as_py()
    raise AssertionError("all of them fit")


def _read(path: Path, source: CsvFiles) -> Iterator[pa.RecordBatch]:
    import pyarrow as pa

    done = 0
    for size in BLOCK_BYTES:
        seen = 0
        try:
            for block in _blocks(path, source, size):
                # Without the rows that smaller blocks have given already.
                fresh = block.slice(min(done - seen, block.num_rows))
                seen += block.num_rows
                if fresh.num_rows:
                    yield fresh
                    done = seen
            return
        except pa.ArrowInvalid as error:
            # A row that is larger than a block.
            if "straddling" not in str(error) or size == BLOCK_BYTES[-1]:
                raise bad_row(path, source.layout, str(error)) from None


def _blocks(path: Path, source: CsvFiles, size: int) -> Iterator[pa.RecordBatch]:
    import pyarrow as pa
    from pyarrow import csv

    names = None if source.layout.has_header else list(source.columns)
    compression = "gzip" if is_compressed(path) else None
    yield from csv.open_csv(
        pa.input_stream(str(path), compression=compression),
        read_options=csv.ReadOptions(block_size=size, column_names=names),
        parse_options=csv.ParseOptions(delimiter=source.layout.delimiter, newlines_in_values=True),
        convert_options=csv.ConvertOptions(
            column_types=dict.fromkeys(source.columns, pa.string()),
            null_values=["", *source.missing_values],
            strings_can_be_null=True,
        ),
    )
