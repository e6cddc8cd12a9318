"""What the checks say of the figures of two arms."""

from __future__ import annotations

import random

import pytest
from rollouts import plan_of

from mlops_pipeline.deployment import ArmEvidence, CheckVerdict, ErrorSums, Evidence, together
from mlops_pipeline.deployment.checks import check_shadow, check_step


def sums(keys: int, errors: float, each: int = 1) -> ErrorSums:
    """Keys with some requests each, of which some have failed with all of them."""
    requests, failed = float(keys * each), float(errors * each)
    return ErrorSums(keys, requests, failed, requests * each, failed * each, products=failed * each)


def seen(candidate: ErrorSums, baseline: ErrorSums, **more: object) -> Evidence:
    return Evidence(100.0, 1.0, ArmEvidence(candidate), ArmEvidence(baseline), **more)  # type: ignore[arg-type]


def verdict(candidate: ErrorSums, baseline: ErrorSums) -> CheckVerdict:
    return together(check_step(plan_of(), seen(candidate, baseline)))


def test_no_traffic_is_no_failure_and_no_pass() -> None:
    assert verdict(sums(0, 0), sums(0, 0)) == CheckVerdict.WAITING
    assert together(check_shadow(plan_of(), Evidence(1.0))) == CheckVerdict.WAITING
    assert together([]) == CheckVerdict.WAITING


@pytest.mark.parametrize(
    ("candidate", "baseline", "wanted"),
    [
        ((1000, 0), (1000, 0), CheckVerdict.PASS),
        ((49, 0), (49, 0), CheckVerdict.INCONCLUSIVE),  # Below the minimum.
        ((1000, 200), (1000, 5), CheckVerdict.FAIL),
        ((300, 300), (300, 0), CheckVerdict.FAIL),  # All fail: nothing varies within an arm.
        ((300, 300), (300, 300), CheckVerdict.INCONCLUSIVE),
        ((1000, 5), (1000, 200), CheckVerdict.PASS),  # The champion is what is broken.
        ((20000, 100), (20000, 100), CheckVerdict.PASS),
        ((200, 6), (200, 4), CheckVerdict.INCONCLUSIVE),
        ((1000, 0), (0, 0), CheckVerdict.INCONCLUSIVE),  # Nobody to compare with.
        ((3000, 0), (1000, 0), CheckVerdict.INCONCLUSIVE),  # Arms of the wrong sizes.
    ],
)
def test_two_arms_are_compared(
    candidate: tuple[int, int], baseline: tuple[int, int], wanted: CheckVerdict
) -> None:
    assert verdict(sums(*candidate), sums(*baseline)) == wanted


def test_many_requests_of_few_keys_are_no_large_sample() -> None:
    assert verdict(sums(30, 0, each=100), sums(30, 0, each=100)) == CheckVerdict.INCONCLUSIVE


def test_a_slice_that_loses_stops_a_candidate_whose_mean_does_not() -> None:
    good = sums(20000, 100)
    bad_slice = {"country=at": sums(500, 200), "country=de": sums(19500, 0)}
    fine_slice = {"country=at": sums(500, 3), "country=de": sums(19500, 97)}
    evidence = Evidence(
        100.0, 1.0, ArmEvidence(good, slices=bad_slice), ArmEvidence(good, slices=fine_slice)
    )
    found = check_step(plan_of(slices=("country",)), evidence)
    assert together(found) == CheckVerdict.FAIL
    assert [each.name for each in found if each.verdict == CheckVerdict.FAIL] == [
        "errors of country=at"
    ]


def test_seconds_only_stop() -> None:
    both = sums(1000, 0)

    def slow(candidate: tuple[float | None, float | None]) -> CheckVerdict:
        arms = ArmEvidence(both, candidate), ArmEvidence(both, (0.01, 0.02))
        return together(check_step(plan_of(), Evidence(100.0, 1.0, *arms)))

    assert slow((0.05, None)) == CheckVerdict.FAIL
    assert slow((0.01, 0.09)) == slow((None, None)) == CheckVerdict.PASS


@pytest.mark.parametrize(
    ("asked", "failed", "wanted"),
    [
        (1000, 0, CheckVerdict.PASS),
        (1000, 300, CheckVerdict.FAIL),
        (20, 0, CheckVerdict.INCONCLUSIVE),
        (200, 2, CheckVerdict.INCONCLUSIVE),
    ],
)
def test_a_shadow_is_judged_by_its_failures(asked: int, failed: int, wanted: CheckVerdict) -> None:
    evidence = Evidence(9.0, 1.0, shadow_requests=asked, shadow_errors=failed)
    assert together(check_shadow(plan_of(), evidence)) == wanted


def test_looking_often_stops_few_candidates_that_are_as_good() -> None:
    draw, stopped, trials = random.Random(7), 0, 100
    plan = plan_of(max_errors=0.0, alpha=0.05, latency_quantile=0)
    for _ in range(trials):
        errors, keys = [0, 0], 0
        for _ in range(30):
            keys += 100
            for arm in (0, 1):
                errors[arm] += sum(draw.random() < 0.05 for _ in range(100))
            checks = check_step(plan, seen(sums(keys, errors[0]), sums(keys, errors[1])))
            if together(checks) == CheckVerdict.FAIL:
                stopped += 1
                break
    assert stopped <= 0.05 * trials
