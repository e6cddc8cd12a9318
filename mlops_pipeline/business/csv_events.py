"""Events in a CSV file."""

from __future__ import annotations

import csv
from collections.abc import Iterator
from datetime import datetime, timezone
from pathlib import Path

from mlops_pipeline.business.events import NewEvent
from mlops_pipeline.errors import NotFoundError, ParameterError

COLUMNS = ("key", "at", "metric", "value", "id", "corrects")
"""Columns of the file; `metric`, `value`, `id` and `corrects` may be missing."""


def read_csv_events(path: Path, metric: str = "") -> Iterator[NewEvent]:
    """Yield the events of a file that begins with the names of its columns.

    Args:
        metric: of all events, where the file has no column for it.

    Raises:
        NotFoundError: there is no such file.
        ParameterError: it is none; the message says the line.
    """
    try:
        with Path(path).open(encoding="utf-8-sig", newline="") as file:
            rows = csv.DictReader(file, strict=True)
            names = rows.fieldnames or []
            _check_columns(path, names, metric)
            for row in rows:
                yield _event(f"{path}, line {rows.line_num}", row, metric)
    except FileNotFoundError:
        raise NotFoundError(f"there is no file {path}", hint="name a CSV file") from None
    except OSError as error:
        raise ParameterError(f"{path} cannot be read: {error.strerror}", hint="check it") from None
    except (csv.Error, UnicodeDecodeError) as error:
        raise ParameterError(f"{path} is no CSV in UTF-8: {error}", hint="export it anew") from None


def _check_columns(path: Path, names: object, metric: str) -> None:
    given = list(names) if isinstance(names, list | tuple) else []
    missing = [each for each in ("key", "at") if each not in given]
    if "metric" not in given and not metric:
        missing.append("metric")
    if missing or len(set(given)) < len(given):
        raise ParameterError(
            f"{path} has the columns {', '.join(map(str, given)) or 'none'}",
            hint=f"it needs each of {', '.join(COLUMNS[:3])} once; then value, id, corrects",
        )


def _event(where: str, row: dict[str, str | None], metric: str) -> NewEvent:
    if None in row or None in row.values():
        raise ParameterError(f"{where} has another number of cells", hint="quote cells with commas")
    cells = {name: (text or "").strip() for name, text in row.items()}
    value = cells.get("value", "")
    try:
        number = float(value) if value else 1.0
    except ValueError:
        raise ParameterError(f"{where}: the value is {value[:50]!r}", hint="a number") from None
    return NewEvent(
        cells.get("metric") or metric,
        cells["key"],
        _time(where, cells["at"]),
        number,
        cells.get("id", ""),
        cells.get("corrects", ""),
    )


def _time(where: str, text: str) -> float:
    try:
        return float(text)
    except ValueError:
        pass
    try:
        found = datetime.fromisoformat(text.replace("Z", "+00:00"))
    except ValueError:
        raise ParameterError(
            f"{where}: the time is {text[:50]!r}", hint="write 2026-05-03T14:30:00Z, or seconds"
        ) from None
    return (found if found.tzinfo else found.replace(tzinfo=timezone.utc)).timestamp()
