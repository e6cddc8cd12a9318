"""What the tests of mlops_pipeline/runners share."""

from __future__ import annotations

from typing import Any

from mlops_pipeline.run_state import WHOLE, Selection
from mlops_pipeline.runners import remote

CHAIN = """
    from mlops_pipeline import component, pipeline
    from mlops_pipeline.executors.context import current_task
    from mlops_pipeline.errors import ExecutorError

    @component
    def One(number: int) -> int:
        return number

    @component
    def Add(left: int, right: int = 1) -> int:
        return left + right

    @component
    def Picky(left: int) -> int:
        tried = current_task().state_dir / "tried"
        if not tried.exists():
            tried.touch()
            raise ExecutorError("fix me", retryable=False)
        return left

    @pipeline
    def chain(number: int = 1) -> None:
        first = One.options(id="first")(number=number)
        second = Add.options(id="second")(left=first.outputs.output.value)
        Add.options(id="third")(left=second.outputs.output.value)
        Add.options(id="aside")(left=first.outputs.output.value, right=5)

"""


def begin(project: Any, run_id: str, selection: Selection = WHOLE, **parameters: Any) -> Any:
    return remote.begin(project.workspace, project.compile(), run_id, parameters, selection)
