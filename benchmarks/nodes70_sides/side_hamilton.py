"""The job in Hamilton, with its cache, which keeps results and what they were made from."""

from __future__ import annotations

import sys
from pathlib import Path

from hamilton import driver
from hamilton.function_modifiers import group, inject, parameterize, source, value
from job import CHAIN, FAN, combine, executed, fail_if_asked, serve


def chain_00(seed: int) -> str:
    executed()
    return combine([], seed)


@parameterize(
    **{CHAIN[i]: {"before": source(CHAIN[i - 1]), "index": value(i)} for i in range(1, len(CHAIN))}
)
def chain(before: str, index: int) -> str:
    executed()
    return combine([before], index)


def head(chain_19: str) -> str:
    executed()
    return combine([chain_19], "head")


@parameterize(**{name: {"index": value(i)} for i, name in enumerate(FAN)})
def fan(head: str, index: int) -> str:
    executed()
    return combine([head], f"fan {index}")


@inject(texts=group(*[source(name) for name in FAN]))
def join(texts: list[str]) -> str:
    executed()
    fail_if_asked()
    return combine(texts, "join")


def run(folder: Path, seed: int) -> str:
    """Run the graph once, on the cache in the folder."""
    graph = (
        driver.Builder()
        .with_modules(sys.modules[__name__])
        .with_cache(path=str(folder / "cache"))
        .build()
    )
    return str(graph.execute(["join"], inputs={"seed": seed})["join"])


if __name__ == "__main__":
    serve(run)
