"""What the tests of mlops_pipeline/authoring share."""

from __future__ import annotations

import enum
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest

from mlops_pipeline import (
    Artifact,
    Examples,
    Input,
    Integer,
    Model,
    Output,
    Secret,
    compile_pipeline,
    component,
    pipeline,
)
from mlops_pipeline.errors import DefinitionError


class Mode(enum.Enum):
    FAST = "fast"


@dataclass
class Net:
    units: int = 1


@component
def Make(n: int = 1, *, examples: Output[Examples]) -> int: ...


@component
def Train(examples: Input[Examples], *, model: Output[Model], rate: float = 0.1) -> None: ...


@component
def Compare(models: list[Input[Model]], base: Input[Model] | None = None) -> None: ...


@component
def Count(number: Input[Integer], anything: Input[Artifact] | None = None) -> None: ...


@component
def Set(
    steps: int = 1,
    mode: Mode = Mode.FAST,
    net: Net = Net(),  # noqa: B008
    names: list[str] | None = None,
    path: Path = Path("x"),
    token: Secret | None = None,
    text: str = "",
) -> None: ...


@component
def Notify(text: str, model: Input[Model] | None = None) -> str: ...


def error(write: Callable[..., Any]) -> str:
    """What compiling a pipeline function says, once it is known to name its file."""
    with pytest.raises(DefinitionError) as caught:
        compile_pipeline(pipeline(write))
    assert ".py:" in caught.value.where
    return str(caught.value)


def fine(write: Callable[..., Any]) -> bool:
    return bool(compile_pipeline(pipeline(write)).nodes)
