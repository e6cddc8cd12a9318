"""Two nodes in our framework, recorded in ML Metadata on SQLite, run in this process."""

from __future__ import annotations

import sys
from collections.abc import Callable
from pathlib import Path

if str(Path(__file__).parents[1]) not in sys.path:
    # The executor imports this file once more: a changed path would be read as changed code.
    sys.path.append(str(Path(__file__).parents[1]))

from calls import Count, twice

from mlops_pipeline import Input, component, pipeline
from mlops_pipeline.artifacts import Integer
from mlops_pipeline.authoring import compile_pipeline
from mlops_pipeline.run_state import Workspace
from mlops_pipeline.runners import local
from mlops_pipeline.store import open_store

HERE = Path(__file__).parent
COUNTS: list[Count] = []


@component
def First(*, seed: int) -> int:
    """Begin."""
    _reached()
    return seed


@component
def Second(number: Input[Integer]) -> int:
    """End."""
    _reached()
    return int(number.read()) + 1


def _reached() -> None:
    # The executor imports this file by its name, so its module is not the one that runs.
    import __main__

    __main__.COUNTS[-1].reached()


@pipeline
def two(seed: int) -> None:
    """Two nodes."""
    Second(number=First(seed=seed).outputs.output)


def work(count: Count, index: int) -> Callable[[], object]:
    """Run the compiled pipeline once."""
    COUNTS.append(count)
    folder = Path(sys.argv[1])
    store = open_store(f"sqlite:///{folder / 'metadata.db'}")
    workspace = Workspace(store, str(folder / "artifacts"), HERE, (str(HERE),))
    ir = compile_pipeline(two, {"seed": index}, HERE)
    options = local.RunOptions(in_process=True)

    def run() -> None:
        result = local.run(ir, f"r{index}", workspace, parameters={"seed": index}, options=options)
        if result.failed:
            raise SystemExit(result.failed[0].execution.error)

    return run


if __name__ == "__main__":
    twice(("/mlops_pipeline", "/mlops_metadata"), work)
