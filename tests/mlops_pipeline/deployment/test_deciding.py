"""What comes next: whatever the evidence, a rollout ends, and never by accident."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

from hypothesis import given, settings
from hypothesis import strategies as st
from rollouts import plan_of

from mlops_pipeline.deployment import (
    ArmEvidence,
    CheckVerdict,
    ErrorSums,
    Evidence,
    Rollout,
    RolloutState,
    RolloutStep,
    checks_of,
    decide,
    together,
    verify_rollout,
)


def rollout(state: str = "loading", stage: int = -1, **plan: Any) -> Rollout:
    step = RolloutStep(1, RolloutState(state), stage, at=100.0)
    return Rollout("fraud-1", plan_of(**plan), (step,))


def sums(keys: int, errors: int) -> ErrorSums:
    return ErrorSums(keys, keys, errors, keys, errors, errors)


def evidence(candidate: tuple[int, int], baseline: tuple[int, int], at: float = 110) -> Evidence:
    first = 101.0 if candidate[0] else 0.0
    return Evidence(at, first, ArmEvidence(sums(*candidate)), ArmEvidence(sums(*baseline)))


GOOD, BAD = evidence((500, 0), (500, 0)), evidence((500, 250), (500, 0))
UNCLEAR, NONE = evidence((60, 2), (60, 1)), Evidence(1e9)


def state_after(begun: Rollout, found: Evidence) -> str:
    step = decide(begun, found)
    return "" if step is None else f"{step.state} {step.stage}"


def test_a_good_candidate_goes_through_all_steps() -> None:
    assert state_after(rollout(), GOOD) == "canary 0"
    assert state_after(rollout("canary", 0), GOOD) == "canary 1"
    assert state_after(rollout("canary", 1), GOOD) == "promoted 1"
    assert state_after(rollout("held", 0), GOOD) == "canary 1"


def test_a_bad_one_is_rolled_back_at_once_wherever_it_is() -> None:
    for state in ("canary", "held"):
        assert state_after(rollout(state, 0, step_seconds=1e6), BAD) == "rolled_back 0"
    shadow = Evidence(110.0, 101.0, shadow_requests=500, shadow_errors=100)
    assert state_after(rollout("shadow", strategy="shadow", steps=()), shadow) == "rolled_back -1"


def test_strategies_without_steps_end_after_loading_or_the_shadow() -> None:
    assert state_after(rollout(strategy="all-at-once", steps=()), NONE) == "promoted -1"
    assert state_after(rollout(strategy="shadow", steps=()), NONE) == "shadow -1"
    shadow = Evidence(110.0, 101.0, shadow_requests=500)
    assert state_after(rollout("shadow", strategy="shadow", steps=()), shadow) == "promoted -1"


def test_it_waits_for_servers_and_for_the_time_of_a_step() -> None:
    assert state_after(rollout(load_seconds=20), Evidence(119.0)) == ""
    assert state_after(rollout(load_seconds=20), Evidence(121.0)) == "canary 0"
    assert state_after(rollout("canary", 0, step_seconds=20), GOOD) == ""


def test_without_traffic_it_stays_however_long_that_takes() -> None:
    for state in ("canary", "held", "shadow"):
        assert state_after(rollout(state, 0, on_inconclusive="promote"), NONE) == ""


def test_a_version_that_no_server_loads_is_given_up_and_may_come_again() -> None:
    early, late = Evidence(200.0, absent=5), Evidence(1e6, absent=5)
    assert state_after(rollout("canary", 0), early) == ""
    assert state_after(rollout("canary", 0), late) == "aborted 0"
    assert "no server has loaded it" in checks_of(rollout("canary", 0), early)[0].text


def test_what_is_inconclusive_does_what_the_plan_says() -> None:
    late = evidence((60, 2), (60, 1), at=100 + 2e5)

    def after(state: str, what: str) -> str:
        return state_after(rollout(state, 0, on_inconclusive=what), late)

    assert state_after(rollout("canary", 0), UNCLEAR) == ""
    assert after("canary", "hold") == "held 0"
    assert after("held", "hold") == "rolled_back 0"
    assert after("canary", "rollback") == "rolled_back 0"
    assert after("canary", "promote") == "canary 1"


def test_nothing_comes_after_the_end_or_during_a_pause() -> None:
    for state in ("promoted", "rolled_back", "aborted", "superseded", "paused"):
        for found in (GOOD, BAD, NONE):
            assert decide(rollout(state, 0), found) is None


counts = st.tuples(st.integers(0, 2000), st.floats(0, 1)).map(lambda t: (t[0], int(t[0] * t[1])))


@settings(max_examples=150, deadline=None)
@given(
    st.sampled_from(["loading", "shadow", "canary", "held"]), counts, counts, st.floats(100, 1e6)
)
def test_no_evidence_promotes_by_accident(
    state: str, candidate: tuple[int, int], baseline: tuple[int, int], at: float
) -> None:
    begun = rollout(state, -1 if state in ("loading", "shadow") else 1)
    found = evidence(candidate, baseline, at)
    step = decide(begun, found)
    if step is None:
        return
    assert step.number == 2
    assert step.at >= begun.last.at
    verdict = together(checks_of(begun, found))
    if step.state == RolloutState.PROMOTED:
        assert verdict == CheckVerdict.PASS
    if verdict == CheckVerdict.FAIL:
        assert step.state == RolloutState.ROLLED_BACK
    # Whoever decides again by the same evidence decides the same.
    assert verify_rollout(replace(begun, steps=(*begun.steps, step))) == []
