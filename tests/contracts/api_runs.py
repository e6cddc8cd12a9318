"""What the tests of mlops_pipeline share."""

from __future__ import annotations

from typing import Any

from mlops_pipeline import Input, Output, component, pipeline
from mlops_pipeline.api import (
    Where,
    run,
)
from mlops_pipeline.artifacts import Model


@component
def Train(steps: int, model: Output[Model]) -> int:
    if steps < 0:
        raise ValueError("steps <b>must</b> be positive")
    (model.path / "weights").write_text("w" * steps)
    model.properties["framework"] = "none"
    return steps


@component
def Describe(model: Input[Model]) -> dict[str, Any]:
    return {"size": len((model.path / "weights").read_text())}


@pipeline
def small(steps: int = 5) -> None:
    train = Train(steps=steps)
    Describe(model=train.outputs["model"])


def go(where: Where, **parameters: Any) -> Any:
    return run(small, parameters, where=where, check=False, in_process=True)
