"""Makes the data of the taxi pipeline: a folder for each span of months.

    python make_data.py deal trips.csv data --months 1     # trips of the city's open data set
    python make_data.py generate data                      # the made-up trips in this folder

A span is a number of months, counted from January 2013; a trip is in the span that its
`trip_start_timestamp` falls into. Needs Python only.
"""

from __future__ import annotations

import argparse
import csv
import math
import random
from collections.abc import Iterable, Iterator, Sequence
from datetime import datetime, timezone
from pathlib import Path

COLUMNS = (
    "pickup_community_area", "fare", "trip_start_month", "trip_start_hour", "trip_start_day",
    "trip_start_timestamp", "pickup_latitude", "pickup_longitude", "dropoff_latitude",
    "dropoff_longitude", "trip_miles", "pickup_census_tract", "dropoff_census_tract",
    "payment_type", "company", "trip_seconds", "dropoff_community_area", "tips",
)  # fmt: skip
FIRST_YEAR = 2013
QUARTER = 900
"""The times of the data set are rounded to quarters of an hour."""

Row = dict[str, str]


def span_of(row: Row, months: int) -> int:
    """The number of the span that a trip is in; the first one is 1."""
    start = datetime.fromtimestamp(int(row["trip_start_timestamp"]), tz=timezone.utc)
    return ((start.year - FIRST_YEAR) * 12 + start.month - 1) // months + 1


def deal(rows: Iterable[Row], folder: Path, months: int) -> dict[int, int]:
    """Write each trip into the folder of its span; gives the number of trips by span."""
    spans: dict[int, list[Row]] = {}
    for row in rows:
        spans.setdefault(span_of(row, months), []).append(row)
    for span, found in sorted(spans.items()):
        place = folder / f"span-{span:02}" / "trips.csv"
        place.parent.mkdir(parents=True, exist_ok=True)
        with place.open("w", newline="") as file:
            writer = csv.DictWriter(file, COLUMNS, lineterminator="\n")
            writer.writeheader()
            writer.writerows(found)
    return {span: len(found) for span, found in sorted(spans.items())}


def read(file: Path) -> Iterator[Row]:
    """The trips in a CSV file of the city, or of TFX's example."""
    with file.open(newline="") as lines:
        for row in csv.DictReader(lines):
            yield {name: row[name] for name in COLUMNS}


AREAS = {8: (41.90, -87.63), 28: (41.87, -87.66), 32: (41.88, -87.63), 76: (41.98, -87.91)}
"""Where four of the 77 community areas of Chicago lie."""

COMPANIES = ("Lake Cabs", "Prairie Taxi", "Loop Drivers", "")


def generate(count: int, spans: int, seed: int) -> Iterator[Row]:
    """Made-up trips that are like real ones: cards tip, cash does not; few rides go far."""
    chance = random.Random(seed)
    for number in range(count * spans):
        span = number // count
        begin = datetime(FIRST_YEAR, 1 + span, 1, tzinfo=timezone.utc).timestamp()
        start = int(begin) + chance.randrange(28 * 24 * 4) * QUARTER
        when = datetime.fromtimestamp(start, tz=timezone.utc)
        pickup, dropoff = chance.choices(list(AREAS), (5, 3, 6, 1), k=2)
        miles = math.dist(AREAS[pickup], AREAS[dropoff]) * 69 + chance.expovariate(0.8)
        fare = 3.25 + 1.8 * miles + chance.random()
        card = chance.random() < (0.55 if when.hour in range(7, 20) else 0.35)
        payment = "Credit Card" if card else chance.choices(("Cash", "No Charge"), (30, 1))[0]
        generous = 0.85 - 0.05 * miles + 0.1 * (when.isoweekday() > 5)
        tip = fare * chance.uniform(0.21, 0.3) if card and chance.random() < generous else 0.0
        known = chance.random() < 0.97
        yield {
            "pickup_community_area": str(pickup),
            "fare": f"{fare:.2f}",
            "trip_start_month": str(when.month),
            "trip_start_hour": str(when.hour),
            "trip_start_day": str(when.isoweekday() % 7 + 1),
            "trip_start_timestamp": str(start),
            "pickup_latitude": f"{AREAS[pickup][0] + chance.gauss(0, 0.01):.6f}",
            "pickup_longitude": f"{AREAS[pickup][1] + chance.gauss(0, 0.01):.6f}",
            "dropoff_latitude": f"{AREAS[dropoff][0]:.6f}" if known else "",
            "dropoff_longitude": f"{AREAS[dropoff][1]:.6f}" if known else "",
            "trip_miles": f"{miles:.1f}",
            "pickup_census_tract": "",
            "dropoff_census_tract": f"1703108{dropoff:02}00" if known else "",
            "payment_type": payment,
            "company": chance.choice(COMPANIES),
            "trip_seconds": str(60 * round(3 + 4 * miles)),
            "dropoff_community_area": str(dropoff) if known else "",
            "tips": f"{tip:.2f}",
        }


def main(arguments: Sequence[str] | None = None) -> None:
    """Run the command line."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    acts = parser.add_subparsers(dest="act", required=True)
    dealing = acts.add_parser("deal", help="deal trips of a CSV file into spans")
    dealing.add_argument("trips", type=Path)
    making = acts.add_parser("generate", help="make trips up")
    making.add_argument("--count", type=int, default=600, help="trips a span (default: 600)")
    making.add_argument("--spans", type=int, default=2, help="(default: 2)")
    making.add_argument("--seed", type=int, default=1)
    for each in (dealing, making):
        each.add_argument("folder", type=Path)
        each.add_argument("--months", type=int, default=1, help="months a span (default: 1)")
    given = parser.parse_args(arguments)
    if given.act == "deal":
        rows = read(given.trips)
    else:
        rows = generate(given.count, given.spans, given.seed)
    for span, count in deal(rows, given.folder, given.months).items():
        print(f"span {span}: {count} trips")  # noqa: T201 - a script


if __name__ == "__main__":
    main()
