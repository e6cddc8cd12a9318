"""What the tests of mlops_pipeline/authoring share."""

from __future__ import annotations

import enum
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, Literal

import pytest

from mlops_pipeline import (
    Channel,
    Examples,
    Input,
    Model,
    Output,
    Secret,
    compile_pipeline,
    component,
    ir,
    pipeline,
)
from mlops_pipeline.errors import DefinitionError


class Mode(enum.Enum):
    FAST = "fast"


@dataclass
class Net:
    units: int = 8
    files: list[Path] = field(default_factory=list)


@component
def Make(n: int = 1, *, examples: Output[Examples]) -> list[dict[str, float]]: ...


@component
def Train(
    examples: Input[Examples],
    base: Input[Model] | None = None,
    *,
    model: Output[Model],
    rate: float = 0.1,
) -> float: ...


@component
def Choose(models: list[Input[Model]], *, best: Output[Model]) -> None: ...


@component
def Take(
    mode: Mode = Mode.FAST,
    net: Net = Net(),  # noqa: B008
    kind: Literal["a", "b"] = "a",
    path: Path = Path("data"),
    paths: list[Path] | None = None,
    table: dict[int, float] | None = None,
    anything: Any = None,
    text: str = "",
) -> None: ...


@component
def Notify(text: str, token: Secret | None = None) -> None: ...


def value(compiled: ir.PipelineIR, node: str, name: str) -> ir.Expression:
    return next(p.value for p in compiled.node(node).parameters if p.name == name)


@pipeline
def part(examples: Input[Examples], rate: float = 0.5) -> Channel:
    trained = Train(examples=examples, rate=rate)
    Notify(text=f"rate {rate}")
    return trained.outputs["model"]


def _refused(write: Any, **arguments: Any) -> DefinitionError:
    """The error of a pipeline function that is written wrongly."""
    with pytest.raises(DefinitionError) as caught:
        compile_pipeline(pipeline(write), **arguments)
    assert ".py:" in caught.value.where
    return caught.value
