"""How often is a candidate stopped that is as good as the champion, if one looks thirty times?

A/A rollouts: both arms fail at the same rate, and the checks of a step are asked at every look, as
the controller asks them, with nothing allowed (`max_errors` 0). Beside them a z-test of two shares
at 5 %, one-sided as the check is, at the same looks, which is made for one look. A check that never
fails would raise no false alarm either: so candidates that fail twice as often are tried, too.

    python benchmarks/rollout_alarms.py --runs 2000
"""

from __future__ import annotations

import math
import random
import time

from measure import check, machine, save, say

_Z = 1.6448536269514722


def main() -> int:
    """Simulate, and print the shares of false alarms."""
    from measure import arguments

    parser = arguments(__doc__)
    parser.add_argument("--runs", type=int, default=2000)
    parser.add_argument("--looks", type=int, default=30)
    parser.add_argument("--keys", type=int, default=200, help="keys of each arm between two looks")
    parser.add_argument("--rate", type=float, default=0.05, help="share that fails, in both arms")
    parser.add_argument("--seed", type=int, default=15)
    given = parser.parse_args()
    draw, begin = random.Random(given.seed), time.perf_counter()
    equal, bad = (given.rate, given.rate), (2 * given.rate, given.rate)
    alarms, naive = _stopped(draw, given.runs, (given.looks, given.keys), equal)
    caught, _ = _stopped(draw, given.runs, (given.looks, given.keys), bad)
    seconds = time.perf_counter() - begin
    say(f"{given.runs} A/A rollouts of one step, {given.looks} looks, {given.keys} keys an arm")
    say(f"between looks, {given.rate:.0%} fail; {seconds:.0f} s; {machine()}")
    shares = {name: n / given.runs for name, n in (("ours", alarms), ("z", naive))}
    missed = 1 - caught / given.runs
    say(f"stopped by the checks of a rollout: {alarms} ({shares['ours']:.2%})")
    say(f"stopped by a z-test at every look: {naive} ({shares['z']:.2%})")
    say(f"of candidates that fail twice as often, {caught} ({1 - missed:.2%}) were stopped")
    save(given.json, {**shares, "missed": missed, "runs": given.runs, "seconds": seconds})
    kept = [
        check("share of false alarms", shares["ours"], 0.05),
        check("share of bad candidates that go on", missed, 0.05),
    ]
    return 0 if all(kept) else 1


def _stopped(
    draw: random.Random, runs: int, size: tuple[int, int], rates: tuple[float, float]
) -> tuple[int, int]:
    """Return how many candidates the checks have stopped, and how many the z-test."""
    found = [_rollout(draw, size, rates) for _ in range(runs)]
    return sum(ours for ours, _ in found), sum(theirs for _, theirs in found)


def _rollout(
    draw: random.Random, size: tuple[int, int], rates: tuple[float, float]
) -> tuple[bool, bool]:
    """Return whether the checks, and whether the z-test, have stopped a candidate."""
    from mlops_pipeline.deployment import (
        ArmEvidence,
        CheckVerdict,
        ErrorSums,
        Evidence,
        Rollout,
        RolloutPlan,
        RolloutState,
        RolloutStep,
        checks_of,
    )

    plan = RolloutPlan("aa", 2, 1, (2, 1), "ab", (0.5,), max_errors=0.0, latency_quantile=0)
    begun = Rollout("aa-1", plan, (RolloutStep(1, RolloutState.CANARY, 0, 0.0),))
    (looks, keys), n, errors, ours, theirs = size, 0, [0, 0], False, False
    for _ in range(looks):
        n += keys
        for arm, rate in enumerate(rates):
            errors[arm] += sum(draw.random() < rate for _ in range(keys))
        arms = [ArmEvidence(ErrorSums(n, n, e, n, e, e)) for e in errors]
        found = checks_of(begun, Evidence(2.0, 1.0, *arms))
        ours = ours or any(each.verdict == CheckVerdict.FAIL for each in found)
        theirs = theirs or _z(errors[0], errors[1], n) > _Z
    return ours, theirs


def _z(candidate: int, baseline: int, n: int) -> float:
    """Return by how many standard errors the candidate fails more."""
    both = (candidate + baseline) / (2 * n)
    spread = math.sqrt(2 * both * (1 - both) / n)
    return (candidate - baseline) / n / spread if spread else 0.0


if __name__ == "__main__":
    raise SystemExit(main())
