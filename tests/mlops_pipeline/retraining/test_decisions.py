"""Decisions as records: made once, ended once."""

from __future__ import annotations

from mlops_pipeline.retraining import RetrainDecision, RetrainPolicy, read_decisions
from mlops_pipeline.retraining.decisions import claim_decision, end_decision
from mlops_pipeline.store import RETRAIN_DECISION, Execution, MemoryStore, State

POLICY = RetrainPolicy("daily", "p", "shop")
MADE = RetrainDecision("daily", 1, "inputs", "new data", "daily-1", 0.0)


def test_a_decision_is_claimed_once_and_ended_once() -> None:
    store = MemoryStore()
    assert claim_decision(store, POLICY, MADE)
    assert not claim_decision(store, POLICY, MADE)
    (found,) = read_decisions(store, POLICY)
    assert (found.run, found.why, found.outcome) == ("daily-1", "new data", "")
    end_decision(store, POLICY, 1, "rolled out", "v3")
    end_decision(store, POLICY, 1, "failed", "too late")
    (found,) = read_decisions(store, POLICY)
    assert (found.outcome, found.outcome_why) == ("rolled out", "v3")


def test_policies_and_foreign_records_are_not_mixed_up() -> None:
    store = MemoryStore()
    claim_decision(store, POLICY, MADE)
    claim_decision(store, RetrainPolicy("weekly", "p", "shop"), MADE)
    store.put_execution(Execution(RETRAIN_DECISION, "shop", "", "daily", State.COMPLETE))
    assert len(read_decisions(store, POLICY)) == 1
    assert read_decisions(store, RetrainPolicy("daily", "p", "other")) == []
    assert store.list_runs() == []
