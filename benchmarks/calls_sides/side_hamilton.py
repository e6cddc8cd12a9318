"""Two nodes in Hamilton, without records."""

from __future__ import annotations

import sys
from collections.abc import Callable
from pathlib import Path

sys.path.append(str(Path(__file__).parents[1]))

from calls import Count, twice
from hamilton import driver

COUNTS: list[Count] = []


def first(seed: int) -> int:
    COUNTS[-1].reached()
    return seed


def second(first: int) -> int:
    COUNTS[-1].reached()
    return first + 1


def work(count: Count, index: int) -> Callable[[], object]:
    """Run the graph once."""
    COUNTS.append(count)
    graph = driver.Builder().with_modules(sys.modules[__name__]).build()
    return lambda: graph.execute(["second"], inputs={"seed": index})


if __name__ == "__main__":
    twice(("site-packages/hamilton",), work)
