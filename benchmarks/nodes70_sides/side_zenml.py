"""The job in ZenML, on its default local stack: SQLite records, local artifact store."""

from __future__ import annotations

import os
import sys
from pathlib import Path

folder = Path(sys.argv[1]).resolve()
os.environ["ZENML_CONFIG_PATH"] = str(folder / "zenml")
os.environ["ZENML_ANALYTICS_OPT_IN"] = "false"
os.environ["ZENML_LOGGING_VERBOSITY"] = "WARN"
os.environ["ZENML_ENABLE_RICH_TRACEBACK"] = "false"

from job import CHAIN, FAN, combine, executed, fail_if_asked, serve  # noqa: E402
from zenml import pipeline, step  # noqa: E402
from zenml.client import Client  # noqa: E402


@step
def first(seed: int) -> str:
    executed()
    return combine([], seed)


@step
def chain(before: str, index: int) -> str:
    executed()
    return combine([before], index)


@step
def head(before: str) -> str:
    executed()
    return combine([before], "head")


@step
def fan(before: str, index: int) -> str:
    executed()
    return combine([before], f"fan {index}")


@step
def join(texts: list[str]) -> str:
    executed()
    fail_if_asked()
    return combine(texts, "join")


@pipeline(enable_cache=True)
def nodes70(seed: int) -> None:
    """Build a chain of 20 feeding 1 + 48 + 1."""
    text = first(seed, id=CHAIN[0])
    for i in range(1, len(CHAIN)):
        text = chain(text, i, id=CHAIN[i])
    begin = head(text, id="head")
    join([fan(begin, i, id=name) for i, name in enumerate(FAN)], id="join")


def run(folder: Path, seed: int) -> str:
    """Run once on the default stack."""
    response = nodes70(seed=seed)
    output = response.steps["join"].output
    return str(output.load())


def prepare(folder: Path) -> None:
    """Make the configuration and the database, which takes ZenML seconds once."""
    Client().active_stack_model  # noqa: B018


if __name__ == "__main__":
    serve(run, prepare)
