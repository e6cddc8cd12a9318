"""What do OpenLineage events cost a node: not recorded, recorded, with a back end that is away?

Each side is a process that runs 100 times two trivial components, and takes all of them from the
cache in a second run, on a store in a file, with executors in the same process: what is measured
is what the framework does around a node. With `away`, nobody listens at the address of the events:

    python benchmarks/events.py --rounds 5
"""

from __future__ import annotations

import statistics
import sys

from measure import HERE, arguments, check, interleave, our_environment, print_table, run, save

SIDES = ("off", "on", "away")
LIMIT = 3.0
"""Milliseconds of the processor that the events of a node may take."""


def main() -> int:
    """Measure the sides in turn, and check the limit."""
    options = arguments(__doc__).parse_args()

    def measure(kind: str, _: int) -> dict[str, float]:
        command = [options.python, HERE / "events_side.py", kind]
        return {k: float(v) for k, v in run(command, env=our_environment()).answer.items()}

    figures = interleave(SIDES, options.rounds, measure)
    print_table(figures, ("cpu ms", "wall ms"), reference="off")
    save(options.json, figures)
    off, on = (statistics.median(figures[kind]["cpu ms"]) for kind in ("off", "on"))
    return 0 if check("events of a node", on - off, LIMIT, "ms") else 1


if __name__ == "__main__":
    sys.exit(main())
