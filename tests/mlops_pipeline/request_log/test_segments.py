"""Segments: which files count, and which days a time needs."""

from __future__ import annotations

import datetime
from pathlib import Path

import pytest
from logged_requests import DAY, NOON, record, written

from mlops_pipeline.request_log import segments_of
from mlops_pipeline.request_log.segments import segments_between, table_of


def test_only_whole_files_in_folders_of_days_count(tmp_path: Path) -> None:
    for name in ("date=2026-05-21/2-1-1.parquet", "date=2026-05-20/1-1-1.parquet"):
        path = tmp_path / "taxi" / name
        path.mkdir(parents=True)
    day = tmp_path / "taxi" / "date=2026-05-20"
    for name in ("3-1-1.parquet.part", "notes.txt", "x-1-1.parquet"):
        (day / name).touch()
    (tmp_path / "taxi" / "date=yesterday").mkdir()
    found = list(segments_of(tmp_path, "taxi"))
    assert [(each.day.day, each.begin) for each in found] == [(20, 1e-6), (21, 2e-6)]
    assert list(segments_of(tmp_path, "nobody")) == []


@pytest.mark.ml  # Parquet.
def test_a_time_needs_the_days_that_may_have_rows_of_it(tmp_path: Path) -> None:
    written(tmp_path, *(record(NOON + day * DAY) for day in range(4)))
    found = segments_between(tmp_path, "taxi", NOON + 2 * DAY - 60, NOON + 2 * DAY + 60)
    days = [segment.day for segment in found]
    assert days == [datetime.date(2026, 5, 21), datetime.date(2026, 5, 22)]


@pytest.mark.ml  # Parquet.
def test_columns_have_the_narrowest_type_that_holds_all_values() -> None:
    at = datetime.datetime(2026, 5, 20, tzinfo=datetime.timezone.utc)
    values = [
        {"in.whole": 1, "in.mixed": b"\xff", "in.none": None, "in.list": [1.0, 2.0]},
        {"in.whole": None, "in.mixed": "text", "in.none": None, "in.list": []},
    ]
    fixed = dict.fromkeys(table_of([]).column_names)
    table = table_of([{**fixed, "time": at, **row} for row in values])
    types = {f.name: str(f.type) for f in table.schema if f.name.startswith("in.")}
    assert types == {
        "in.whole": "int64",
        "in.mixed": "binary",
        "in.none": "double",
        "in.list": "list<item: double>",
    }
