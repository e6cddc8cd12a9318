"""Definitions of business metrics."""

from __future__ import annotations

from typing import Any

import pytest
from rollouts import with_served

from mlops_pipeline.business import BusinessMetric, define_metric, find_metric, list_metrics
from mlops_pipeline.errors import PipelineError
from mlops_pipeline.store import BUSINESS_METRIC, Execution, MemoryStore, State


@pytest.fixture
def store() -> MemoryStore:
    made = MemoryStore()
    with_served(made)
    return made


def test_the_newest_definition_counts_and_the_same_one_is_no_new_one(store: MemoryStore) -> None:
    first = define_metric(store, BusinessMetric("fraud", "bought"), by="ann")
    assert (first.revision, first.kind) == (1, "conversion")
    assert define_metric(store, BusinessMetric("fraud", "bought")) == first
    second = define_metric(store, BusinessMetric("fraud", "bought", "sum", 60, False, "EUR"))
    assert second.revision == 2
    define_metric(store, BusinessMetric("fraud", "asked"))
    assert [each.name for each in list_metrics(store, "fraud")] == ["asked", "bought"]
    assert find_metric(store, "fraud", "bought") == second
    with pytest.raises(PipelineError, match="no business metric 'bougt'"):
        find_metric(store, "fraud", "bougt")


@pytest.mark.parametrize(
    ("changes", "told"),
    [
        ({"name": "../x"}, "no name of a metric"),
        ({"kind": "sums"}, "did you mean 'sum'"),
        ({"window": 0}, "the window"),
        ({"window": float("nan")}, "the window"),
        ({"model": "nobody"}, "nobody"),
    ],
)
def test_what_makes_no_sense_is_refused(
    store: MemoryStore, changes: dict[str, Any], told: str
) -> None:
    metric = BusinessMetric(**{"model": "fraud", "name": "bought", **changes})
    with pytest.raises(PipelineError) as caught:
        define_metric(store, metric)
    assert told in f"{caught.value.message} {caught.value.hint}"
    assert list_metrics(store, "fraud") == []


def test_records_that_were_written_over_hide_no_others(store: MemoryStore) -> None:
    define_metric(store, BusinessMetric("fraud", "bought"))
    record = Execution(
        BUSINESS_METRIC, "fraud", "", "bought", State.COMPLETE, parameters={"kind": "x"}
    )
    store.put_execution(record)
    assert [each.name for each in list_metrics(store, "fraud")] == ["bought"]
