"""Segments of the log: Parquet files that appear whole or not at all.

    <folder>/<model>/date=2026-05-03/<microseconds of the first row>-<writer>-<n>.parquet

A segment is `.part` until it is complete and on the disk. Columns of features begin with `in.`,
those of outputs with `out.`; a column that a segment lacks was not known to its version.
"""

from __future__ import annotations

import contextlib
import datetime
import os
import time
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any, BinaryIO

PART = ".part"
INPUT, OUTPUT = "in.", "out."

_DAY = 86_400
_STALE_SECONDS = 3600.0


@dataclass(frozen=True)
class Segment:
    """A segment that is complete.

    Args:
        begin: seconds since 1970 of its first row.
    """

    path: Path
    day: datetime.date
    begin: float


def fixed_schema() -> Any:
    """Return the schema (`pyarrow.Schema`) of the columns that each segment has."""
    import pyarrow as pa

    return pa.schema(
        [
            ("request_id", pa.string()),
            ("row", pa.int32()),
            ("time", pa.timestamp("us", tz="UTC")),
            ("key", pa.string()),
            ("rollout", pa.string()),
            ("arm", pa.string()),
            ("generation", pa.int64()),
            ("assigned", pa.int64()),
            ("version", pa.int64()),
            ("fallback", pa.string()),
            ("status", pa.string()),
            ("seconds", pa.float64()),
            ("shadow", pa.bool_()),
            ("probability", pa.float64()),
        ]
    )


def columns_of(table: Any, prefix: str) -> list[str]:
    """Return the features (prefix `in.`) or outputs (`out.`) that a table has, by name."""
    return [name.removeprefix(prefix) for name in table.column_names if name.startswith(prefix)]


def table_of(rows: Sequence[Mapping[str, Any]]) -> Any:
    """Return rows as a table (`pyarrow.Table`): fixed columns first, then what the rows have."""
    import pyarrow as pa

    schema = fixed_schema()
    arrays = [pa.array([row[f.name] for row in rows], f.type) for f in schema]
    others = dict.fromkeys(name for row in rows for name in row if name not in schema.names)
    found = [_array([row.get(name) for row in rows]) for name in others]
    return pa.table(arrays + found, names=[*schema.names, *others])


def write_segment(folder: Path, rows: Sequence[Mapping[str, Any]], name: str) -> Path:
    """Write rows of one model and day as a segment, and wait until the disk has it.

    Args:
        folder: of the model.
        name: of the writer and of the segment among its own; nobody else may use it.

    Raises:
        OSError: the disk does not take it; nothing of it stays.
    """
    import pyarrow.parquet as pq

    first: datetime.datetime = rows[0]["time"]
    day = folder / f"date={first:%Y-%m-%d}"
    path = day / f"{int(first.timestamp() * 1e6)}-{name}.parquet"
    table = table_of(rows)
    write_whole(path, lambda file: pq.write_table(table, file))
    return path


def write_whole(path: Path, write: Callable[[BinaryIO], object]) -> None:
    """Write a new file, which appears as a whole when the disk has it, or not at all.

    Raises:
        OSError: the disk does not take it; nothing of it stays.
    """
    part = path.with_name(path.name + PART)
    try:
        path.parent.mkdir(parents=True, exist_ok=True)
        with part.open("wb") as file:
            write(file)
            file.flush()
            os.fsync(file.fileno())
        part.rename(path)
    except BaseException:
        with contextlib.suppress(OSError):
            part.unlink()
        raise
    number = os.open(path.parent, os.O_RDONLY)
    try:
        os.fsync(number)
    finally:
        os.close(number)


def segments_of(folder: Path, model: str) -> Iterator[Segment]:
    """Yield the segments of a model, day by day, oldest first."""
    days: list[tuple[datetime.date, Path]] = []
    for each in (Path(folder) / model).glob("date=*"):
        with contextlib.suppress(ValueError):
            days.append((datetime.date.fromisoformat(each.name.removeprefix("date=")), each))
    for day, path in sorted(days):
        found = []
        for file in path.glob("*.parquet"):
            begin = file.name.partition("-")[0]
            if begin.isascii() and begin.isdecimal():
                found.append((int(begin), file))
        yield from (Segment(file, day, begin / 1e6) for begin, file in sorted(found))


def segments_between(folder: Path, model: str, begin: float, end: float) -> Iterator[Segment]:
    """Yield the segments that may have rows of a time: those of its days, and of the one before."""
    for segment in segments_of(folder, model):
        midnight = datetime.datetime.combine(
            segment.day, datetime.time(), datetime.timezone.utc
        ).timestamp()
        # A segment is filed by its first row, and may go on after midnight.
        if midnight < end and begin < midnight + 2 * _DAY and segment.begin < end:
            yield segment


def remove_stale_parts(folder: Path) -> int:
    """Remove what processes that were killed have left half-written; returns how many files."""
    removed = 0
    for part in Path(folder).glob(f"*/date=*/*.parquet{PART}"):
        with contextlib.suppress(OSError):
            if part.stat().st_mtime < time.time() - _STALE_SECONDS:
                part.unlink()
                removed += 1
    return removed


def _array(values: Sequence[Any]) -> Any:
    """Return values as a column of the narrowest type that holds them all."""
    import pyarrow as pa

    plain = [_plain(value) for value in values]
    for attempt in (plain, [_as_bytes(value) for value in values]):
        with contextlib.suppress(pa.ArrowInvalid, pa.ArrowTypeError, OverflowError):
            found = pa.array(attempt)
            return found if found.type != pa.null() else found.cast(pa.float64())
    return pa.array([None if value is None else str(value) for value in values], pa.string())


def _plain(value: Any) -> Any:
    """Return a value with texts in place of bytes, where they are texts."""
    if isinstance(value, bytes):
        with contextlib.suppress(UnicodeDecodeError):
            return value.decode()
        return value
    if isinstance(value, list | tuple):
        return [_plain(each) for each in value]
    return value


def _as_bytes(value: Any) -> Any:
    if isinstance(value, str):
        return value.encode("utf-8", "surrogatepass")
    if isinstance(value, list | tuple):
        return [_as_bytes(each) for each in value]
    return value
