"""Nodes that run only if a value of an earlier node allows it.

mlops run examples/conditions -p score=0.5
"""

from mlops_pipeline import When, component, pipeline


@component
def Measure(score: float) -> float:
    """Stands for an evaluation."""
    return score


@component
def Publish(score: float) -> str:
    """Runs where the score is high enough."""
    return f"published with {score}"


@component
def Complain(score: float) -> str:
    """Runs where it is not."""
    return f"{score} is not enough"


@pipeline
def conditions(score: float = 0.9, least: float = 0.8) -> None:
    """Publish what is good enough."""
    measured = Measure(score=score).outputs["output"].value
    with When(measured >= least):
        Publish(score=measured)
    with When(measured < least):
        Complain(score=measured)
