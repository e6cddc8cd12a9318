"""The checks of a step: what each says of the evidence, at any look.

Every interval holds at all looks at once, so that looking often stops no good candidate. A check
fails where the candidate is worse than is allowed, and passes where it is shown not to be.
"""

from __future__ import annotations

import enum
from collections.abc import Iterator

import msgspec

from mlops_pipeline.deployment.evidence import ErrorSums, Evidence
from mlops_pipeline.deployment.rollout_plan import RolloutPlan
from mlops_pipeline.value import always_valid, check_srm, rate_interval

_SRM_ALPHA = 0.001


class CheckVerdict(str, enum.Enum):
    """Verdict of one check, or of all."""

    PASS = "pass"
    FAIL = "fail"
    INCONCLUSIVE = "inconclusive"
    WAITING = "waiting"

    def __str__(self) -> str:
        return self.value


class CheckResult(msgspec.Struct, frozen=True):
    """Result of one check, with its figures."""

    name: str
    verdict: CheckVerdict
    text: str


def check_step(plan: RolloutPlan, evidence: Evidence) -> list[CheckResult]:
    """Return the checks of a step with two arms."""
    candidate, baseline = evidence.candidate.errors, evidence.baseline.errors
    if not candidate.keys and not baseline.keys:
        return [_no_traffic(evidence, "no request with a key has come yet")]
    return [
        _sizes(candidate.keys, baseline.keys),
        _minimum(plan, candidate.keys, baseline.keys),
        _errors(plan, "errors", candidate, baseline, plan.step_alpha / 2),
        *_latency(plan, evidence),
        *_slices(plan, evidence),
    ]


def check_shadow(plan: RolloutPlan, evidence: Evidence) -> list[CheckResult]:
    """Return the checks of a step in which the candidate answers nobody."""
    asked, failed = evidence.shadow_requests, evidence.shadow_errors
    if not asked:
        return [_no_traffic(evidence, "the shadow was not asked yet")]
    low, high = rate_interval(failed, asked, alpha=plan.step_alpha)
    verdict = CheckVerdict.INCONCLUSIVE
    if low > plan.max_errors:
        verdict = CheckVerdict.FAIL
    elif asked >= plan.minimum and (high <= plan.max_errors or not failed):
        verdict = CheckVerdict.PASS
    text = f"{failed} of {asked} requests failed ({low:.2%} to {high:.2%})"
    return [CheckResult("errors of the shadow", verdict, text)]


def _no_traffic(evidence: Evidence, text: str) -> CheckResult:
    if evidence.absent:
        text = f"no server has loaded it yet: others have answered {evidence.absent} requests"
    return CheckResult("traffic", CheckVerdict.WAITING, text)


def together(results: list[CheckResult]) -> CheckVerdict:
    """Return what all checks say: one that fails, fails all."""
    for verdict in (CheckVerdict.FAIL, CheckVerdict.WAITING, CheckVerdict.INCONCLUSIVE):
        if any(each.verdict == verdict for each in results):
            return verdict
    return CheckVerdict.PASS if results else CheckVerdict.WAITING


def _sizes(candidate: int, baseline: int) -> CheckResult:
    found = check_srm((candidate, baseline), (1, 1), alpha=_SRM_ALPHA)
    text = f"{candidate} keys beside {baseline}"
    if found.mismatch:
        text += ": the arms are not as large as they should be, so that nothing follows from them"
    return CheckResult(
        "sizes of the arms",
        CheckVerdict.INCONCLUSIVE if found.mismatch else CheckVerdict.PASS,
        text,
    )


def _minimum(plan: RolloutPlan, candidate: int, baseline: int) -> CheckResult:
    has = min(candidate, baseline)
    verdict = CheckVerdict.PASS if has >= plan.minimum else CheckVerdict.INCONCLUSIVE
    return CheckResult("sample", verdict, f"{has} of {plan.minimum} keys in the smaller arm")


def _errors(
    plan: RolloutPlan, name: str, candidate: ErrorSums, baseline: ErrorSums, alpha: float
) -> CheckResult:
    if not candidate.keys or not baseline.keys:
        return CheckResult(name, CheckVerdict.INCONCLUSIVE, "one of the arms was not asked yet")
    rates = [each.errors / each.requests for each in (candidate, baseline)]
    text = f"{rates[0]:.2%} beside {rates[1]:.2%}"
    if not candidate.errors and not baseline.errors:
        # Nothing varies. The minimum of the plan says when no error at all is enough.
        _, high = rate_interval(0, candidate.keys, alpha=alpha)
        enough = candidate.keys >= plan.minimum
        verdict = CheckVerdict.PASS if enough else CheckVerdict.INCONCLUSIVE
        return CheckResult(name, verdict, f"none (at most {high:.2%} of the keys)")
    found = always_valid(
        baseline.sample(),
        candidate.sample(),
        alpha=alpha,
        relative=False,
        tightest_at=2 * plan.minimum,
    )
    if found.problem:
        return CheckResult(name, _by_rates(plan, candidate, baseline, alpha), text)
    text += f": {found.estimate:+.2%} ({found.low:+.2%} to {found.high:+.2%})"
    if found.low > plan.max_errors:
        return CheckResult(name, CheckVerdict.FAIL, text)
    passes = found.high <= plan.max_errors
    return CheckResult(name, CheckVerdict.PASS if passes else CheckVerdict.INCONCLUSIVE, text)


def _by_rates(
    plan: RolloutPlan, candidate: ErrorSums, baseline: ErrorSums, alpha: float
) -> CheckVerdict:
    """Compare the rates one by one, where there is no difference to be had, such as all failing."""
    low = rate_interval(_per_key(candidate), candidate.keys, alpha=alpha / 2)[0]
    high = rate_interval(_per_key(baseline), baseline.keys, alpha=alpha / 2)[1]
    return CheckVerdict.FAIL if low > high + plan.max_errors else CheckVerdict.INCONCLUSIVE


def _per_key(sums: ErrorSums) -> float:
    return sums.keys * sums.errors / sums.requests


def _latency(plan: RolloutPlan, evidence: Evidence) -> Iterator[CheckResult]:
    """Yield what the seconds say: they only stop, as a high quantile is known late."""
    if not plan.latency_quantile:
        return
    (low, high), (base_low, base_high) = evidence.candidate.latency, evidence.baseline.latency
    is_slow = low is not None and base_high is not None and low > plan.max_latency * base_high
    yield CheckResult(
        f"seconds at {plan.latency_quantile:.0%}",
        CheckVerdict.FAIL if is_slow else CheckVerdict.PASS,
        f"{_range(low, high)} beside {_range(base_low, base_high)}",
    )


def _range(low: float | None, high: float | None) -> str:
    shown = [f"{bound:.4g}" if bound is not None else "?" for bound in (low, high)]
    return f"{shown[0]} to {shown[1]}"


def _slices(plan: RolloutPlan, evidence: Evidence) -> Iterator[CheckResult]:
    """Yield slices that fail: one that loses stops a candidate, and few rows stop nobody."""
    both = evidence.candidate.slices.keys() & evidence.baseline.slices.keys()
    for name in sorted(both):
        found = _errors(
            plan,
            f"errors of {name}",
            evidence.candidate.slices[name],
            evidence.baseline.slices[name],
            plan.step_alpha / 4 / len(both),
        )
        if found.verdict == CheckVerdict.FAIL:
            yield found
