"""Two nodes in Kedro, in memory, without records."""

from __future__ import annotations

import sys
from collections.abc import Callable
from pathlib import Path

sys.path.append(str(Path(__file__).parents[1]))

from calls import Count, twice
from kedro.io import DataCatalog, MemoryDataset
from kedro.pipeline import node, pipeline
from kedro.runner import SequentialRunner


def work(count: Count, index: int) -> Callable[[], object]:
    """Run the pipeline once."""

    def first(seed: int) -> int:
        count.reached()
        return seed

    def second(text: int) -> int:
        count.reached()
        return text + 1

    both = pipeline([node(first, "seed", "text"), node(second, "text", "end")])
    catalog = DataCatalog({"seed": MemoryDataset(index)})
    return lambda: SequentialRunner().run(both, catalog)


if __name__ == "__main__":
    twice(("site-packages/kedro",), work)
