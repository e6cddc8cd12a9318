"""What comes next in a rollout: a function of its plan, its state, the evidence and the time."""

from __future__ import annotations

from dataclasses import replace

from mlops_pipeline.deployment.checks import (
    CheckResult,
    CheckVerdict,
    check_shadow,
    check_step,
    together,
)
from mlops_pipeline.deployment.evidence import Evidence
from mlops_pipeline.deployment.rollouts import Rollout, RolloutState, RolloutStep

_AT_WORK = (RolloutState.SHADOW, RolloutState.CANARY, RolloutState.HELD)


def checks_of(rollout: Rollout, evidence: Evidence) -> list[CheckResult]:
    """Return what the evidence says of the state that a rollout is in."""
    if rollout.state == RolloutState.SHADOW:
        return check_shadow(rollout.plan, evidence)
    if rollout.state in _AT_WORK:
        return check_step(rollout.plan, evidence)
    return []


def decide(rollout: Rollout, evidence: Evidence) -> RolloutStep | None:
    """Return the next state of a rollout; None while it stays in the one that it is in.

    Pure: `mlops rollout verify` calls it again, with the evidence that was kept.
    """
    found = _next(rollout, evidence)
    if found is None:
        return None
    last = rollout.last
    return replace(
        found,
        number=last.number + 1,
        at=max(evidence.at, last.at),
        by="controller",
        evidence=evidence,
        decided_from=str(last.state),
    )


def _next(rollout: Rollout, evidence: Evidence) -> RolloutStep | None:
    plan, last = rollout.plan, rollout.last
    if rollout.state == RolloutState.LOADING:
        if evidence.at - last.at < plan.load_seconds:
            return None
        if plan.strategy == "shadow":
            return RolloutStep(0, RolloutState.SHADOW, why="the servers had time to load it")
        return _stage(rollout, 0, "the servers had time to load it", ())
    if rollout.state not in _AT_WORK:
        return None
    checks = tuple(checks_of(rollout, evidence))
    verdict = together(list(checks))
    if verdict == CheckVerdict.FAIL:
        failed = next(each for each in checks if each.verdict == CheckVerdict.FAIL)
        why = f"{failed.name}: {failed.text}"
        return RolloutStep(0, RolloutState.ROLLED_BACK, last.stage, why=why, checks=checks)
    waited = evidence.at - evidence.first if evidence.first else 0.0
    if verdict == CheckVerdict.PASS and waited >= plan.step_seconds:
        return _stage(rollout, last.stage + 1, "all checks have passed", checks)
    if evidence.first and waited > plan.max_seconds:
        return _inconclusive(rollout, checks)
    if evidence.absent and not evidence.first and evidence.at - last.at > plan.max_seconds:
        # That says nothing about the version, which may be rolled out again.
        return RolloutStep(
            0, RolloutState.ABORTED, last.stage, why="no server has loaded it", checks=checks
        )
    return None


def _stage(rollout: Rollout, stage: int, why: str, checks: tuple[CheckResult, ...]) -> RolloutStep:
    """Return the state with a share of the keys, or the end after the last one."""
    if stage < len(rollout.plan.steps):
        return RolloutStep(0, RolloutState.CANARY, stage, why=why, checks=checks)
    return RolloutStep(0, RolloutState.PROMOTED, rollout.last.stage, why=why, checks=checks)


def _inconclusive(rollout: Rollout, checks: tuple[CheckResult, ...]) -> RolloutStep:
    last = rollout.last
    why = f"{rollout.plan.max_seconds:g} s have said neither yes nor no"
    if rollout.plan.on_inconclusive == "promote":
        return _stage(rollout, last.stage + 1, why, checks)
    # A step that was held has had its second time.
    if rollout.plan.on_inconclusive == "hold" and rollout.state != RolloutState.HELD:
        state = RolloutState.HELD if last.stage >= 0 else RolloutState.ROLLED_BACK
        return RolloutStep(0, state, last.stage, why=why, checks=checks)
    return RolloutStep(0, RolloutState.ROLLED_BACK, last.stage, why=why, checks=checks)
