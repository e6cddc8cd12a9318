"""Reads the log back, as one table for a time."""

from __future__ import annotations

import datetime
import importlib.util
from collections.abc import Iterable, Sequence
from pathlib import Path
from typing import Any

from mlops_pipeline.errors import NotFoundError, ParameterError, PipelineError, SettingsError
from mlops_pipeline.request_log.segments import fixed_schema, segments_between


def read_requests(
    folder: Path, model: str, begin: float, end: float, columns: Sequence[str] | None = None
) -> Any:
    """Return the rows of a time, as a `pyarrow.Table` in order of time; it may have none.

    Args:
        begin, end: seconds since 1970; rows from `begin` up to, and without, `end`.
        columns: names of columns to read, such as `in.age`; all if None. One that no segment has
            is left out.

    Raises:
        NotFoundError: there is no log of the model.
        ParameterError: the time is none.
        PipelineError: a segment cannot be read, or pyarrow is missing.
    """
    if importlib.util.find_spec("pyarrow") is None:
        raise SettingsError(
            "a request log is read with pyarrow, which is not installed", hint="pip install pyarrow"
        )
    import pyarrow as pa
    import pyarrow.compute as pc

    if not begin < end:
        raise ParameterError(f"a time from {begin} to {end}", hint="the end comes after the begin")
    if Path(model).name != model or not (Path(folder) / model).is_dir():
        known = sorted(p.name for p in Path(folder).glob("*") if any(p.glob("date=*")))
        raise NotFoundError(
            f"{folder} has no log of a model {model[:100]!r}",
            hint=f"it has {', '.join(known)}" if known else "was it served with --log?",
        )
    wanted = None if columns is None else list(dict.fromkeys(["time", *columns]))
    tables = []
    low, high = (datetime.datetime.fromtimestamp(t, datetime.timezone.utc) for t in (begin, end))
    for segment in segments_between(Path(folder), model, begin, end):
        table = _read(segment.path, wanted)
        if table is not None:
            at = table["time"]
            kept = pc.and_(
                pc.greater_equal(at, pa.scalar(low, at.type)), pc.less(at, pa.scalar(high, at.type))
            )
            tables.append(table.filter(kept))
    if not tables:
        schema = fixed_schema()
        names = [n for n in schema.names if wanted is None or n in wanted]
        return schema.empty_table().select(names)
    table = _together(tables)
    order = pc.sort_indices(table, sort_keys=[("time", "ascending")])
    return table.take(order)


def _read(path: Path, wanted: Sequence[str] | None) -> Any:
    """Return the wanted columns of a segment; None if it was removed meanwhile."""
    import pyarrow as pa
    import pyarrow.parquet as pq

    try:
        with path.open("rb") as file:
            found = pq.ParquetFile(file)
            known = found.schema_arrow.names
            return found.read(None if wanted is None else [n for n in wanted if n in known])
    except FileNotFoundError:
        return None
    except (OSError, pa.ArrowInvalid) as error:
        raise PipelineError(
            f"the segment {path} of the request log cannot be read: {error}",
            hint="it was damaged after it was written; move it away to go on without its rows",
        ) from None


def _together(tables: Sequence[Any]) -> Any:
    """Return tables as one; of a column with several types, in one that holds them all."""
    import pyarrow as pa

    names = list(dict.fromkeys(name for table in tables for name in table.column_names))
    types = {
        n: _common({t.schema.field(n).type for t in tables if n in t.column_names}) for n in names
    }
    columns = []
    for name in names:
        parts = [
            _cast(table[name], types[name])
            if name in table.column_names
            else pa.chunked_array([pa.nulls(table.num_rows, types[name])])
            for table in tables
        ]
        columns.append(pa.chunked_array([c for part in parts for c in part.chunks], types[name]))
    return pa.table(columns, names=names)


def _common(types: Iterable[Any]) -> Any:
    import pyarrow as pa

    found = set(types)
    if len(found) == 1:
        return found.pop()
    if all(
        pa.types.is_integer(t) or pa.types.is_floating(t) or pa.types.is_boolean(t) for t in found
    ):
        return pa.float64()
    if all(pa.types.is_list(t) for t in found):
        return pa.list_(_common(t.value_type for t in found))
    if all(pa.types.is_binary(t) or pa.types.is_string(t) for t in found):
        return pa.binary()
    return pa.string()


def _cast(column: Any, wanted: Any) -> Any:
    import pyarrow as pa

    if column.type == wanted:
        return column
    try:
        return column.cast(wanted)
    except (pa.ArrowInvalid, pa.ArrowNotImplementedError):
        texts = [None if value is None else _text(value) for value in column.to_pylist()]
        return pa.chunked_array([pa.array(texts, wanted)])


def _text(value: Any) -> str:
    return value.decode("utf-8", "backslashreplace") if isinstance(value, bytes) else str(value)
