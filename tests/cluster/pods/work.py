"""Pipelines for what only a cluster does: pods that are lost, and limits of their memory."""

from __future__ import annotations

import time

from mlops_pipeline import ExitHandler, Resources, component, pipeline, run_info
from mlops_pipeline.executors import current_task


@component
def Nap(seconds: float) -> int:
    """Sleeps at the first attempt."""
    tried = current_task().state_dir / "tried"
    if not tried.exists():
        tried.touch()
        time.sleep(seconds)
    return 1


@component
def Add(left: int, right: int = 0) -> int:
    return left + right


@component
def Say(text: str) -> str:
    return text


@component
def Hold(megabytes: int) -> int:
    held = bytearray(megabytes << 20)
    # What is never written takes no memory.
    for place in range(0, len(held), 4096):
        held[place] = 1
    return len(held)


@pipeline
def lost(seconds: float = 600.0) -> None:
    napped = Nap.options(retries=1)(seconds=seconds)
    Add(left=napped.outputs.output.value)
    with ExitHandler():
        Say.options(id="told")(text=run_info.state)


@pipeline
def terminated() -> None:
    # Not as long as elsewhere, or it would come from the cache.
    napped = Nap(seconds=602.0)
    Add(left=napped.outputs.output.value)


@pipeline
def large() -> None:
    Hold.options(resources=Resources(memory="300Mi"))(megabytes=2000)


@component
def Count(rows: int) -> list[int]:
    return list(range(rows))


@component
def Total(numbers: list[int]) -> int:
    return sum(numbers)


@component
def FailFirst() -> int:
    tried = current_task().state_dir / "tried"
    if tried.exists():
        return 1
    tried.touch()
    raise OSError("not yet")


@component
def Fail(text: str) -> None:
    raise ValueError(text)


@pipeline
def sums(rows: int = 4) -> None:
    Total(numbers=Count(rows=rows).outputs.output.value)


@pipeline
def troubled() -> None:
    FailFirst.options(retries=1, retry_wait=0.2)()
    Nap.options(timeout=2.0)(seconds=603.0)
    Fail(text="too large")
