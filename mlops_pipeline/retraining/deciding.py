"""Whether a model is to be trained again: a function of the policy, the facts and the time."""

from __future__ import annotations

import time
from collections.abc import Sequence
from dataclasses import dataclass

from mlops_pipeline.retraining.decisions import RetrainDecision
from mlops_pipeline.retraining.policies import RetrainPolicy

_DAY = 86_400.0


@dataclass(frozen=True)
class PolicyFacts:
    """Facts that a decision is made by.

    Args:
        changed: nodes that would run, each with the reason.
        champion_high: upper bound of the champion's lift on the policy's metric; None if unknown.
        drifted: inputs and outputs that have drifted since the champion was promoted.
        history: earlier decisions of the policy, oldest first.
    """

    changed: tuple[str, ...] = ()
    champion_high: float | None = None
    drifted: tuple[str, ...] = ()
    history: Sequence[RetrainDecision] = ()


@dataclass(frozen=True)
class Need:
    """Answer of a policy, with its reason.

    Args:
        trigger: `inputs`, `drift` or `business`; empty where there is none.
        force: run nodes though nothing of theirs has changed.
    """

    needed: bool
    why: str
    trigger: str = ""
    force: bool = False


def decide_need(policy: RetrainPolicy, facts: PolicyFacts, now: float) -> Need:
    """Return whether a policy trains now."""
    found = _trigger(policy, facts)
    if not found.needed:
        return found
    last = facts.history[-1].at if facts.history else None
    if last is not None and now - last < policy.cool_down:
        left = last + policy.cool_down - now
        return Need(
            False, f"{found.why}; but it was trained {now - last:.0f} s ago, and waits {left:.0f} s"
        )
    recent = sum(now - each.at < _DAY for each in facts.history)
    if recent >= policy.budget:
        when = time.strftime("%Y-%m-%d %H:%M", time.gmtime(facts.history[-policy.budget].at + _DAY))
        return Need(
            False, f"{found.why}; but its budget of {policy.budget} is used until {when} UTC"
        )
    return found


def _trigger(policy: RetrainPolicy, facts: PolicyFacts) -> Need:
    high = facts.champion_high
    if policy.business_metric and high is not None and high < policy.business_below:
        why = f"{policy.business_metric} of the champion is at most {high:+.1%}"
        return Need(True, f"{why}, below {policy.business_below:+.1%}", "business", force=True)
    if facts.drifted and not facts.changed:
        return Need(False, f"{_first(facts.drifted)} drifted, but there is nothing new to train on")
    if facts.drifted:
        return Need(True, f"{_first(facts.drifted)} drifted; {_first(facts.changed)}", "drift")
    if policy.on_inputs and facts.changed:
        return Need(True, _first(facts.changed), "inputs")
    if policy.on_inputs:
        return Need(False, "data, code and parameters are as they were")
    if policy.drift_window:
        return Need(False, "no input and no output is known to have drifted")
    return Need(False, f"{policy.business_metric} of the champion is not shown to be too low")


def _first(texts: tuple[str, ...]) -> str:
    more = f" and {len(texts) - 3} more" if len(texts) > 3 else ""
    return "; ".join(texts[:3]) + more
