"""What the tests of mlops_pipeline/authoring share."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from mlops_pipeline import (
    Examples,
    Output,
    compile_pipeline,
    component,
    ir,
    pipeline,
)
from mlops_pipeline.errors import DefinitionError


@component
def Make(n: int = 1, *, examples: Output[Examples]) -> float: ...


@component
def Use(
    value: Any = None, text: str = "", number: float = 0.0, path: Path = Path("here")
) -> None: ...


def bound(write: Callable[..., dict[str, Any]], name: str) -> ir.Expression:
    """What a parameter of `Use` becomes when it is called with what `write` gives."""

    @pipeline
    def p(n: int = 1, text: str = "a", data: Path = Path("data"), rates: list[float] = []) -> None:  # noqa: B006
        Use(**write(n=n, text=text, data=data, rates=rates))

    node = compile_pipeline(p).node("Use")
    return next(p.value for p in node.parameters if p.name == name)


def refused(write: Callable[..., Any]) -> str:
    @pipeline
    def p(n: int = 1, text: str = "a", data: Path = Path("data"), flag: bool = True) -> None:
        make = Make()
        write(n=n, text=text, data=data, flag=flag, make=make)

    with pytest.raises(DefinitionError) as caught:
        compile_pipeline(p)
    assert f".py:{write.__code__.co_firstlineno}" in caught.value.where
    return str(caught.value)
