"""A class instead of a function body: the signature stays the interface.

mlops run examples/class_executor
"""

from mlops_pipeline import Input, component, pipeline
from mlops_pipeline.artifacts import String
from mlops_pipeline.executors import TaskContext


class CountLetters:
    """Made without arguments in the process that runs the node."""

    def execute(self, task: TaskContext) -> int:
        """Returns what the function would."""
        return sum(sign.isalpha() for sign in task.inputs["text"].read())


@component
def Write(words: str) -> str:
    """What is returned is an artifact, too: of the type String."""
    return words


@component(executor=CountLetters)
def Count(text: Input[String]) -> int:
    """The body is not called."""
    raise NotImplementedError


@pipeline
def class_executor(words: str = "11 penguins") -> None:
    """Count letters."""
    Count(text=Write(words=words).outputs["output"])
