"""Reading files of JSON lines: an object a line, one type a column over all files."""

from __future__ import annotations

import json
import math
import re
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING, Any

from mlops_components.inputs.ingestion import BATCH_BYTES, BATCH_ROWS, Rows, encoded
from mlops_components.inputs.partitions import Partitions
from mlops_components.inputs.splits import Key
from mlops_components.inputs.text_files import open_text
from mlops_components.records import LostDigitsError, naming_lost_digits
from mlops_pipeline.errors import ExecutorError, ParameterError, did_you_mean

if TYPE_CHECKING:
    from mlops_components.records._encode import Column

_KINDS: Mapping[type, str] = {bool: "int", int: "int", float: "float", str: "string"}
_WORDS = {"int": "whole numbers", "float": "numbers", "string": "texts"}


@dataclass(frozen=True)
class JsonFiles:
    """Files of objects.

    Args:
        types: of all columns: `int`, `float`, `string`, or nothing if it has no value at all.
        given: the types that the user has named.
        partitions: columns in the names of folders.
    """

    types: Mapping[str, str]
    given: frozenset[str] = frozenset()
    partitions: Partitions = field(default_factory=Partitions)

    def rows(self, files: Sequence[Path], key: Key) -> Iterator[Rows]:
        """Yield the rows of some of the files as serialised examples."""
        for path in files:
            for first, rows in _batches(path):
                columns = [self._column(path, name, rows, first) for name in self.types]
                more = self.partitions.columns(path, len(rows), self.types)
                yield encoded([*columns, *more], key, str(path), first)

    def _column(self, path: Path, name: str, rows: Sequence[Any], first: int) -> Column:
        import pyarrow as pa

        from mlops_components.records._encode import column_of, list_column_of

        kind = {"string": "bytes"}.get(self.types[name], self.types[name]) or "bytes"
        lists = [_values(row.get(name)) for row in rows]
        values = [
            self._plain(path, name, value, first + at)
            for at, each in enumerate(lists)
            for value in each
        ]
        counts = [len(each) for each in lists]
        arrow = {"bytes": pa.large_binary(), "int": pa.int64(), "float": pa.float64()}
        hint = f"column_types={{{name!r}: 'string'}} keeps its digits, and 'float' rounds it"
        with naming_lost_digits(str(path), first, hint):
            array = pa.array(values, arrow[kind])
            if kind == "float" and name in self.given and max(counts, default=0) <= 1:
                cells = iter(values)
                single = pa.array([next(cells) if n else None for n in counts], pa.float64())
                return column_of(name, kind, single, rounded=True)
            return list_column_of(name, kind, counts, array)

    def _plain(self, path: Path, name: str, value: Any, row: int) -> Any:
        """Return a value as the type of its column."""
        kind = self.types[name]
        if kind == "string":
            text = value if isinstance(value, str) else json.dumps(value, ensure_ascii=False)
            try:
                return text.encode()
            except UnicodeEncodeError as error:
                raise ExecutorError(
                    f"{path}: row {row}: {name} is no text of Unicode: {error}",
                    hint="fix the row: half of a pair of surrogates stands alone",
                    retryable=False,
                ) from None
        fits = isinstance(value, int) if kind == "int" else isinstance(value, int | float)
        if not fits or (kind == "int" and not -(2**63) <= value < 2**63):
            raise ExecutorError(
                f"{path}: row {row}: {name} is {value!r}, which is no {kind}",
                hint=f"fix the row, or give column_types={{{name!r}: 'string'}}",
                retryable=False,
            )
        if kind == "int":
            return int(value)
        if isinstance(value, int) and name not in self.given and value != _as_float(value):
            with naming_lost_digits(str(path), row):
                raise LostDigitsError(name, 0, value, _as_float(value))
        return _as_float(value)


def _as_float(value: Any) -> float:
    try:
        return float(value)
    except OverflowError:
        return float("inf")


def open_json(files: Sequence[Path], column_types: Mapping[str, str]) -> JsonFiles:
    """Look at all objects of files of JSON lines.

    Raises:
        ParameterError: a type is given for a column that there is not.
        ExecutorError: a file is empty or damaged, a line is no object, an object holds another
            one, or a column has numbers in one row and texts in another.
    """
    found: dict[str, str] = {}
    seen_in: dict[str, str] = {}
    for path in files:
        rows = 0
        for first, batch in _batches(path):
            rows += len(batch)
            for row, each in enumerate(batch, first):
                for name, cell in each.items():
                    found.setdefault(name, "")
                    for value in _values(cell):
                        kind = _kind(f"{path}: row {row}", name, value)
                        if name not in column_types:
                            _widen(found, seen_in, name, (kind, f"row {row} of {path}"))
        if not rows:
            raise ExecutorError(f"{path} is empty", hint="write an object a line", retryable=False)
        if "" in found:
            raise ExecutorError(
                f"{path}: an object has a value without a name",
                hint="give every value a name of its own",
                retryable=False,
            )
    for name in column_types:
        if name not in found:
            raise ParameterError(
                f"column_types: there is no column {name!r}", hint=did_you_mean(name, found)
            )
    types = {name: column_types.get(name, kind) for name, kind in sorted(found.items())}
    return JsonFiles(types, frozenset(column_types))


def _widen(found: dict[str, str], seen_in: dict[str, str], name: str, new: tuple[str, str]) -> None:
    kind, where = new
    before = found[name]
    if before and (before == "string") != (kind == "string"):
        raise ExecutorError(
            f"column {name!r} has {_WORDS[before]} in {seen_in[name]} "
            f"and {_WORDS[kind]} in {where}",
            hint=f"fix the file, or say what it is: column_types={{{name!r}: 'string'}}",
            retryable=False,
        )
    if before in ("", "int"):
        found[name] = kind if before == "" or kind == "float" else before
    seen_in.setdefault(name, where)


def _kind(source: str, name: str, value: Any) -> str:
    kind = _KINDS.get(type(value))
    if kind is None:
        what = "a null in a list" if value is None else f"a {type(value).__name__} in it"
        raise ExecutorError(
            f"{source}: column {name!r} has {what.replace('a dict', 'an object')}, "
            "which is no feature of an example",
            hint="write numbers, texts or lists of one of them, one name for each",
            retryable=False,
        )
    return kind


def _values(cell: Any) -> list[Any]:
    return cell if isinstance(cell, list) else [] if cell is None else [cell]


def _batches(path: Path) -> Iterator[tuple[int, list[dict[str, Any]]]]:
    """Yield lists of objects that can be in memory at once, with the number of the first."""
    rows: list[dict[str, Any]] = []
    size, number = 0, 0
    with open_text(path) as file:
        for line_number, line in enumerate(file, 1):
            if not line.strip():
                continue
            number += 1
            rows.append(_object(path, line_number, line))
            size += len(line)
            if len(rows) == BATCH_ROWS or size > BATCH_BYTES:
                yield number - len(rows) + 1, rows
                rows, size = [], 0
    if rows:
        yield number - len(rows) + 1, rows


def _object(path: Path, number: int, line: str) -> dict[str, Any]:
    try:
        found = json.loads(line, object_pairs_hook=_once)
        if _HUGE.search(line):
            json.loads(line, parse_float=_finite)
    except (ValueError, RecursionError) as error:
        raise ExecutorError(
            f"{path}:{number}: not an object of JSON: {error}",
            hint="write an object a line, each name in it once",
            retryable=False,
        ) from None
    if not isinstance(found, dict):
        raise ExecutorError(
            f"{path}:{number}: a {type(found).__name__}, not an object of JSON",
            hint="write an object a line",
            retryable=False,
        )
    return found


_HUGE = re.compile(r"[0-9][eE]\+?[0-9]{3}")


def _finite(text: str) -> float:
    number = float(text)
    if math.isinf(number):
        raise ValueError(f"{text} is larger than a float can be")
    return number


def _once(pairs: list[tuple[str, Any]]) -> dict[str, Any]:
    found = dict(pairs)
    if len(found) < len(pairs):
        names = [name for name, _ in pairs]
        twice = next(name for name in names if names.count(name) > 1)
        raise ValueError(f"the name {twice!r} occurs twice")
    return found
