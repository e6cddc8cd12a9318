"""How often does a rollout stop a version that is as good as the champion?

Both arms fail as often; a controller looks 30 times, and each time at all requests so far. Beside
it a z-test that is asked at every look, as a dashboard is, with the same chance of error in both
directions, of which one stops. Then the same with a candidate that fails more often: how often it
is stopped, and after how many looks.

    python benchmarks/rollout_alarms.py --runs 2000
"""

from __future__ import annotations

import math
import random
import statistics
import sys
from typing import NamedTuple

from measure import REPOSITORY, arguments, check, machine, save, say

sys.path.insert(0, str(REPOSITORY))
from mlops_pipeline.deployment import (
    ArmEvidence,
    CheckVerdict,
    ErrorSums,
    Evidence,
    RolloutPlan,
    check_step,
    together,
)

LOOKS, KEYS, RATE, WORSE, ALPHA = 30, 100, 0.05, 0.15, 0.05
Z = 1.959963984540054


class Trial(NamedTuple):
    """Look at which each test has stopped; 0 for never."""

    ours: int
    z_test: int


def sums(keys: int, errors: int) -> ErrorSums:
    """Return the sums of keys with one request each."""
    return ErrorSums(keys, keys, errors, keys, errors, errors)


def z_rejects(a: int, b: int, n: int) -> bool:
    """Ask the test of two shares, once."""
    pooled = (a + b) / (2 * n)
    error = math.sqrt(2 * pooled * (1 - pooled) / n)
    return bool(error) and (b - a) / n / error > Z


def tried(draw: random.Random, rate: float, plan: RolloutPlan) -> Trial:
    """Look at one rollout again and again."""
    errors, ours, z_test = [0, 0], 0, 0
    for look in range(1, LOOKS + 1):
        for arm, chance in enumerate((RATE, rate)):
            errors[arm] += sum(draw.random() < chance for _ in range(KEYS))
        keys = look * KEYS
        evidence = Evidence(
            100.0, 1.0, ArmEvidence(sums(keys, errors[1])), ArmEvidence(sums(keys, errors[0]))
        )
        if not ours and together(check_step(plan, evidence)) == CheckVerdict.FAIL:
            ours = look
        if not z_test and z_rejects(*errors, keys):
            z_test = look
    return Trial(ours, z_test)


def main() -> int:
    """Simulate, and print how often each has stopped."""
    parser = arguments(__doc__)
    parser.add_argument("--runs", type=int, default=2000)
    given = parser.parse_args()
    plan = RolloutPlan(
        "m", 2, 1, (2, 1), steps=(0.5,), max_errors=0.0, alpha=ALPHA, latency_quantile=0
    )
    draw = random.Random(1)
    same = [tried(draw, RATE, plan) for _ in range(given.runs)]
    worse = [tried(draw, WORSE, plan) for _ in range(max(given.runs // 10, 1))]
    say(f"{given.runs} runs, {LOOKS} looks at {KEYS} more keys in each arm; {machine()}")
    figures: dict[str, float] = {}
    for name in Trial._fields:
        alarms = sum(bool(getattr(each, name)) for each in same) / len(same)
        stops = [getattr(each, name) for each in worse if getattr(each, name)]
        caught = len(stops) / len(worse)
        looks = statistics.median(stops) if stops else math.nan
        figures |= {f"{name} alarms": alarms, f"{name} caught": caught, f"{name} looks": looks}
        say(
            f"{name}: {alarms:.1%} of versions that are as good are stopped; of those that fail in "
            f"{WORSE:.0%} instead of {RATE:.0%} {caught:.0%} are, after {looks:g} looks"
        )
    save(given.json, figures)
    return 0 if check("false alarms", figures["ours alarms"], ALPHA) else 1


if __name__ == "__main__":
    raise SystemExit(main())
