"""The script that deals taxi trips into spans, and the trips that it makes up."""

from __future__ import annotations

import csv
import subprocess
import sys
from datetime import datetime, timezone
from pathlib import Path

import pytest

TAXI = Path(__file__).resolve().parents[2] / "pipelines" / "taxi"


def make(*words: object) -> str:
    command = [sys.executable, str(TAXI / "make_data.py"), *map(str, words)]
    return subprocess.run(command, capture_output=True, text=True, check=True).stdout


def rows(file: Path) -> list[dict[str, str]]:
    with file.open(newline="") as lines:
        return list(csv.DictReader(lines))


def test_the_trips_beside_the_pipeline_are_the_made_up_ones(tmp_path: Path) -> None:
    assert make("generate", tmp_path) == "span 1: 600 trips\nspan 2: 600 trips\n"
    for span in ("span-01", "span-02"):
        made, kept = (folder / span / "trips.csv" for folder in (tmp_path, TAXI / "data"))
        assert made.read_bytes() == kept.read_bytes()


@pytest.mark.parametrize(
    ("months", "spans"), [(1, {"03": 1, "04": 1, "15": 1}), (12, {"01": 2, "02": 1})]
)
def test_a_trip_is_dealt_by_the_month_that_it_begins_in(
    tmp_path: Path, months: int, spans: dict[str, int]
) -> None:
    starts = [(2013, 3, 31, 23), (2013, 4, 1, 0), (2014, 3, 5, 12)]
    columns = list(rows(TAXI / "data" / "span-01" / "trips.csv")[0])
    with (tmp_path / "trips.csv").open("w", newline="") as file:
        writer = csv.DictWriter(file, [*columns, "trip_id"], restval="0")
        writer.writeheader()
        for start in starts:
            at = int(datetime(*start, tzinfo=timezone.utc).timestamp())
            writer.writerow({"trip_start_timestamp": at, "trip_id": "secret"})
    make("deal", tmp_path / "trips.csv", tmp_path / "data", "--months", months)
    dealt = {place.name: rows(place / "trips.csv") for place in (tmp_path / "data").iterdir()}
    assert {name: len(found) for name, found in dealt.items()} == {
        f"span-{span}": count for span, count in spans.items()
    }
    assert all(list(row) == columns for found in dealt.values() for row in found)
