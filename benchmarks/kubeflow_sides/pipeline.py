"""500 nodes for Kubeflow: ten chains from one node, each node with parameters of its own."""

from mlops_pipeline import component, pipeline


@component
def Start(rows: int) -> list[int]:
    """The numbers that all chains begin with."""
    return list(range(rows))


@component
def Step(before: list[int], number: int, rate: float, name: str) -> list[int]:
    """One number more."""
    return [*before, number]


@pipeline
def chains(rows: int = 3, nodes: int = 0) -> None:
    """Ten chains side by side."""
    first = Start(rows=rows).outputs["output"].value
    last = [first] * 10
    for number in range(499):
        step = Step.options(id=f"step_{number:03}")(
            before=last[number % 10], number=number, rate=number / 7, name=f"step {number}"
        )
        last[number % 10] = step.outputs["output"].value
