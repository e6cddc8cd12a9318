"""Estimates of lifts in the store: the newest one counts, the old ones stay."""

from __future__ import annotations

import pytest
from rollouts import with_served

from mlops_pipeline.business import BusinessMetric, Lift, read_estimates, record_estimate
from mlops_pipeline.store import LIFT_ESTIMATE, Execution, MemoryStore, State
from mlops_pipeline.value import Sample, always_valid, shares


@pytest.fixture
def store() -> MemoryStore:
    made = MemoryStore()
    with_served(made)
    return made


def lift(bought: int, version: int = 2) -> Lift:
    samples: tuple[Sample, Sample] = (shares(100, 1000), shares(bought, 1000))
    metric = BusinessMetric("fraud", "bought")
    return Lift(metric, version, 1, "experiment", *samples, always_valid(*samples))


def test_the_newest_estimate_of_each_version_counts_and_all_stay(store: MemoryStore) -> None:
    for bought in (120, 200):
        record_estimate(store, lift(bought))
    record_estimate(store, lift(90, version=1))
    found = {each.version: each for each in read_estimates(store, "fraud")}
    assert found[2].text == lift(200).text
    assert found[2].text.startswith("bought +100.0 % (")
    assert (found[1].keys, found[1].grade) == (2000, "experiment")
    assert len(read_estimates(store, "fraud", all_=True)) == 3
    assert read_estimates(store, "nobody") == []


def test_records_that_were_written_over_hide_no_others(store: MemoryStore) -> None:
    record_estimate(store, lift(120))
    store.put_execution(Execution(LIFT_ESTIMATE, "fraud", "", "bought", State.COMPLETE))
    assert len(read_estimates(store, "fraud", all_=True)) == 1
