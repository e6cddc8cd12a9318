"""A check with a verdict: a warning, or the end of the road for what comes after it.

mlops run examples/gate -p at_least=9 -p verdict=fail
"""

from typing import Literal

from mlops_pipeline import component, current_task, pipeline


@component
def Load(count: int) -> list[int]:
    """Stands for data that somebody delivers."""
    return list(range(count))


@component
def Check(rows: list[int], at_least: int, verdict: Literal["warn", "skip", "fail"]) -> int:
    """Says how many rows there are; too few close the gate."""
    if len(rows) < at_least:
        current_task().gate(verdict, f"{len(rows)} rows, {at_least} are needed")
    return len(rows)


@component
def Train(rows: list[int]) -> int:
    """Stands for the training of a model."""
    return sum(rows)


@pipeline
def gate(
    count: int = 5, at_least: int = 3, verdict: Literal["warn", "skip", "fail"] = "skip"
) -> None:
    """Train only on data that passes a check."""
    load = Load(count=count)
    check = Check(rows=load.outputs["output"].value, at_least=at_least, verdict=verdict)
    Train.options(after=[check])(rows=load.outputs["output"].value)
