"""A loop over values that only a node knows, and a node that takes the results of all turns.

mlops run examples/for_each -p count=5
"""

from mlops_pipeline import ForEach, Input, component, pipeline
from mlops_pipeline.artifacts import Integer


@component
def Numbers(count: int) -> list[int]:
    """What to loop over, known when the pipeline runs."""
    return list(range(count))


@component
def Square(number: int) -> int:
    """One turn of the loop."""
    return number * number


@component
def Total(squares: list[Input[Integer]]) -> int:
    """Takes what all turns wrote, in order."""
    return sum(square.read() for square in squares)


@pipeline
def for_each(count: int = 4) -> None:
    """The sum of the first squares."""
    numbers = Numbers(count=count)
    with ForEach(numbers.outputs["output"].value) as number:
        squares = Square(number=number)
    Total(squares=squares.outputs["output"])
