"""Train a model that recognizes plants, and push it if it is good enough.

mlops run                          run all of it
mlops run -p least_accuracy=0.99   stricter: the model is not pushed
mlops plan                         show what would run now, and why
"""

from pathlib import Path

from steps import Evaluate, Push, Split, Train

from mlops_pipeline import When, pipeline


@pipeline
def my_project(
    table: Path = Path("data/plants.csv"),
    eval_share: float = 0.3,
    least_accuracy: float = 0.8,
) -> None:
    """From a table of plants to a pushed model."""
    split = Split(table=table, eval_share=eval_share)
    train = Train(examples=split.outputs["examples"])
    evaluate = Evaluate(
        examples=split.outputs["examples"],
        model=train.outputs["model"],
        least_accuracy=least_accuracy,
    )
    with When(evaluate.outputs["blessing"].property("blessed") == 1):
        Push(model=train.outputs["model"])
