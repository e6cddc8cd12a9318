"""A pipeline inside a pipeline: its nodes are placed under its name, what it returns is wired on.

mlops run examples/sub_pipeline
"""

from typing import Any

from mlops_pipeline import component, pipeline


@component
def Load(rows: int) -> list[int]:
    """Stands for reading data."""
    return list(range(rows))


@component
def Clean(rows: list[int]) -> list[int]:
    """Stands for cleaning it."""
    return [row for row in rows if row % 2 == 0]


@component
def Count(rows: list[int]) -> int:
    """How many rows are left."""
    return len(rows)


@pipeline
def prepare(rows: int) -> Any:
    """Runs on its own as well."""
    loaded = Load(rows=rows)
    return Clean(rows=loaded.outputs["output"].value).outputs["output"]


@pipeline
def sub_pipeline(rows: int = 10) -> None:
    """The nodes of `prepare` are `prepare.Load` and `prepare.Clean` here."""
    cleaned = prepare(rows=rows)
    Count(rows=cleaned.value)
