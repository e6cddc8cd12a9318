"""Whether a policy trains: triggers, cool-down, budget."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

from mlops_pipeline.retraining import PolicyFacts, RetrainDecision, RetrainPolicy, decide_need

NOW = 1_780_000_000.0
POLICY = RetrainPolicy("daily", "p", "shop")
CHANGED = PolicyFacts(("Train: data.txt has changed",))


def decided(ago: float, number: int = 1) -> RetrainDecision:
    return RetrainDecision("daily", number, "inputs", "", f"daily-{number}", NOW - ago, False, "x")


def need(facts: PolicyFacts, **changes: Any) -> tuple[bool, str, bool]:
    found = decide_need(replace(POLICY, **changes), facts, NOW)
    assert found.why
    return found.needed, found.trigger, found.force


def test_what_has_changed_is_trained_on_and_nothing_else() -> None:
    assert need(CHANGED) == (True, "inputs", False)
    assert need(PolicyFacts()) == (False, "", False)
    told = decide_need(POLICY, PolicyFacts(tuple(f"n{i}: new" for i in range(5))), NOW)
    assert told.why == "n0: new; n1: new; n2: new and 2 more"


def test_a_champion_that_loses_is_replaced_though_nothing_has_changed() -> None:
    policy = {"business_metric": "bought", "business_below": -0.02}
    assert need(PolicyFacts(champion_high=-0.05), **policy) == (True, "business", True)
    assert need(PolicyFacts(champion_high=-0.01), **policy) == (False, "", False)
    assert need(PolicyFacts(champion_high=None), **policy) == (False, "", False)
    assert need(CHANGED, on_inputs=False, **policy) == (False, "", False)


def test_drift_trains_on_what_is_new_and_on_nothing_else() -> None:
    drifted = PolicyFacts(drifted=("in.city",))
    policy = {"on_inputs": False, "drift_window": 60.0}
    assert need(drifted, **policy) == (False, "", False)
    assert need(replace(drifted, changed=CHANGED.changed), **policy) == (True, "drift", False)
    assert need(CHANGED, **policy) == (False, "", False)


def test_it_waits_after_the_last_training() -> None:
    facts = replace(CHANGED, history=[decided(3000)])
    assert need(facts, cool_down=3600)[0] is False
    assert "waits 600 s" in decide_need(replace(POLICY, cool_down=3600), facts, NOW).why
    assert need(facts, cool_down=2000)[0] is True


def test_a_budget_holds_for_a_day() -> None:
    facts = replace(CHANGED, history=[decided(90_000, 1), decided(5000, 2), decided(100, 3)])
    assert need(facts, budget=3)[0] is True
    assert need(facts, budget=2)[0] is False
    assert "its budget of 2 is used until" in decide_need(replace(POLICY, budget=2), facts, NOW).why
