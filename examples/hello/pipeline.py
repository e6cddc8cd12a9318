"""Two components, one value between them.

mlops run examples/hello -p count=5
"""

from mlops_pipeline import component, pipeline


@component
def Numbers(count: int) -> list[int]:
    """The first numbers."""
    return list(range(1, count + 1))


@component
def Total(numbers: list[int]) -> int:
    """Their sum."""
    return sum(numbers)


@pipeline
def hello(count: int = 4) -> None:
    """Add up the first numbers."""
    numbers = Numbers(count=count)
    Total(numbers=numbers.outputs["output"].value)
