"""What the tests of mlops_pipeline/cli share."""

from __future__ import annotations

import json
from collections.abc import Callable
from typing import Any

PIPELINE = """
from pathlib import Path
from mlops_pipeline import ForEach, Input, Output, When, component, pipeline
from mlops_pipeline.artifacts import Model

@component
def Train(steps: int, model: Output[Model]) -> int:
    (model.path / "weights").write_text("w" * steps)
    return steps

@component
def Check(model: Input[Model], least: int) -> bool:
    size = (model.path / "weights").stat().st_size
    if size == 13:
        raise ValueError("unlucky")
    return size >= least

@component
def Square(number: int) -> int:
    return number * number

@pipeline
def small(steps: int = 5, least: int = 3, numbers: list[int] = [1, 2]) -> None:
    train = Train(steps=steps)
    check = Check(model=train.outputs["model"], least=least)
    with When(check.outputs["output"].value == True):
        with ForEach(numbers) as number:
            Square(number=number)
"""


class Result:
    """What a command said, and how it ended."""

    def __init__(self, code: int, out: str, err: str) -> None:
        self.code, self.out, self.err = code, out, err

    @property
    def data(self) -> Any:
        return json.loads(self.out)


Mlops = Callable[..., Result]


def decisions(result: Result) -> dict[str, str]:
    return {node["name"]: node["decision"] for node in result.data["nodes"]}
