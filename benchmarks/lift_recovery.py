"""Is the lift that was put into simulated users within the interval that `business` gives?

Users are sent to two arms as a rollout does, answered in a request log, and buy at the rate of
their arm. In at least 95 of 100 trials the interval has to hold the lift that was put in; it is
asked once, and holds at every look, so that it is wider than one for a single look.

    python benchmarks/lift_recovery.py --users 1000
"""

from __future__ import annotations

import sys
import tempfile
import time
from pathlib import Path

from measure import REPOSITORY, check, machine, save, say

RATES = (0.10, 0.12)


def main() -> int:
    """Try, and print how often the lift was within the interval."""
    from measure import arguments

    parser = arguments(__doc__)
    parser.add_argument("--trials", type=int, default=100)
    parser.add_argument("--users", type=int, default=1000)
    given = parser.parse_args()
    sys.path.insert(0, str(REPOSITORY / "tests" / "contracts"))
    from bought import BOUGHT, sold

    from mlops_pipeline.business import lift_of
    from mlops_pipeline.store import MemoryStore

    wanted = RATES[1] / RATES[0] - 1
    held = widths = 0.0
    for trial in range(given.trials):
        with tempfile.TemporaryDirectory() as folder:
            places = sold(MemoryStore(), Path(folder), rates=RATES, users=given.users, seed=trial)
            found = lift_of(places, BOUGHT, 2, time.time() + 10).difference
        if found is None:
            raise SystemExit(f"trial {trial} has no data")
        held += found.low <= wanted <= found.high
        widths += found.high - found.low
    say(f"{given.trials} trials of {given.users} users; {machine()}")
    say(f"the lift of {wanted:.0%} was within the interval {held:.0f} times")
    say(f"the interval was {widths / given.trials:.2f} wide at the mean")
    save(given.json, {"held": held, "trials": given.trials, "width": widths / given.trials})
    missed = given.trials - held
    return 0 if check("trials without the lift", missed, 0.05 * given.trials) else 1


if __name__ == "__main__":
    raise SystemExit(main())
