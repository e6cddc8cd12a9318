"""Lift: what was put in is found, and what is not there is not made up."""

from __future__ import annotations

import time
from dataclasses import replace
from pathlib import Path

import pytest
from bought import BOUGHT, sold
from rollouts import MODEL, log_requests, with_served

from mlops_pipeline.business import (
    BusinessPlaces,
    EventLog,
    NewEvent,
    define_metric,
    lift_of,
    lifts_of,
)
from mlops_pipeline.models import set_alias
from mlops_pipeline.request_log import PeriodKeys
from mlops_pipeline.store import MemoryStore

pytestmark = pytest.mark.ml  # Parquet.


@pytest.fixture
def store() -> MemoryStore:
    return MemoryStore()


def test_the_lift_of_an_experiment_is_found(store: MemoryStore, tmp_path: Path) -> None:
    places = sold(store, tmp_path, rates=(0.10, 0.20), users=4000)
    found = lift_of(places, BOUGHT, 2, time.time() + 10)
    assert (found.grade, found.against) == ("experiment", 1)
    assert found.baseline.n + found.candidate.n == 4000
    assert found.difference
    assert found.difference.low < 1.0 < found.difference.high
    assert found.difference.low > 0
    assert found.text.startswith("bought +")
    assert "4000 keys may still have events" in " ".join(found.warnings)


def test_values_are_summed_by_key_within_the_window(store: MemoryStore, tmp_path: Path) -> None:
    places = sold(store, tmp_path, rates=(0.1, 0.1), users=400)
    revenue = define_metric(store, replace(BOUGHT, name="bought", kind="sum"))
    before = lift_of(places, revenue, 2, time.time() + 10)
    log = EventLog(places.log, MODEL)
    now = time.time()
    log.record(
        [
            NewEvent("bought", "user-1", now + 5, 1000.0, id="one more"),
            NewEvent("bought", "user-1", now - 9, 1000.0, id="before its answer"),
            NewEvent("bought", "user-1", now + 4000, 1000.0, id="after the window"),
        ]
    )
    after = lift_of(places, revenue, 2, now + 10)
    totals = [each.baseline.total + each.candidate.total for each in (before, after)]
    assert totals[1] - totals[0] == 1000.0


def test_refunds_are_booked_on_the_version_that_acted(store: MemoryStore, tmp_path: Path) -> None:
    places = sold(store, tmp_path, rates=(0.2, 0.2), users=400)
    before = lift_of(places, BOUGHT, 2)
    log = EventLog(places.log, MODEL)
    ids = [event.id for event in log.read().events]
    late = time.time() + 3000
    log.record(
        [NewEvent("bought", "somebody", late, 0.0, id=f"r-{i}", corrects=i) for i in ids[:20]]
    )
    after = lift_of(places, BOUGHT, 2)
    bought = [each.baseline.total + each.candidate.total for each in (before, after)]
    assert bought[0] - bought[1] == 20


def test_an_erased_month_takes_its_events_along(store: MemoryStore, tmp_path: Path) -> None:
    places = sold(store, tmp_path, rates=(0.2, 0.2), users=400)
    keys = PeriodKeys(places.log)
    for period in keys.periods():
        keys.erase(period)
    EventLog(places.log, MODEL).record([NewEvent("bought", "user-1", time.time(), id="late")])
    found = lift_of(places, BOUGHT, 2)
    assert "1 events have keys that the request log does not know" in found.warnings


def test_without_an_experiment_it_is_before_and_after_with_a_warning(
    store: MemoryStore, tmp_path: Path
) -> None:
    with_served(store)
    metric = define_metric(store, BOUGHT)
    places = BusinessPlaces(store, tmp_path)
    # Nobody was answered, nobody bought: that is no data, and not 0.
    (first, second) = lifts_of(places, MODEL)
    assert (first.difference, second.difference) == (None, None)
    assert second.text == "bought: no data"
    time.sleep(0.01)
    log_requests(tmp_path, "", 0.0, time.time(), users=200)
    time.sleep(0.01)
    set_alias(store, MODEL, 2)
    found = lift_of(places, metric, 2)
    assert (found.grade, found.against) == ("before and after", 1)
    assert found.baseline.n == 200
    assert "other things may have changed" in " ".join(found.warnings)
    # What v1 has answered is not what v2 is worth.
    assert (found.candidate.n, found.difference) == (0, None)
