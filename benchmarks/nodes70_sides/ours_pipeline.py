"""The pipeline of the side `ours`: what a user writes."""

from __future__ import annotations

from job import CHAIN, FAN, combine, executed, fail_if_asked

from mlops_pipeline import Input, component, pipeline
from mlops_pipeline.artifacts import String


@component
def First(*, seed: int) -> str:
    """Begin the chain."""
    executed()
    return combine([], seed)


@component
def Chain(before: Input[String], *, index: int) -> str:
    """Go on with the chain."""
    executed()
    return combine([before.read()], index)


@component
def Head(before: Input[String]) -> str:
    """Feed the fan."""
    executed()
    return combine([before.read()], "head")


@component
def Fan(before: Input[String], *, index: int) -> str:
    """One of many that do different work."""
    executed()
    return combine([before.read()], f"fan {index}")


@component
def Join(texts: list[Input[String]]) -> str:
    """Bring all together."""
    executed()
    fail_if_asked()
    return combine([text.read() for text in texts], "join")


@pipeline
def nodes70(seed: int) -> None:
    """Build a chain of 20 feeding 1 + 48 + 1."""
    node = First.options(id=CHAIN[0])(seed=seed)
    for i in range(1, len(CHAIN)):
        node = Chain.options(id=CHAIN[i])(before=node.outputs.output, index=i)
    head = Head.options(id="head")(before=node.outputs.output)
    fan = [Fan.options(id=name)(before=head.outputs.output, index=i) for i, name in enumerate(FAN)]
    Join.options(id="join")(texts=[node.outputs.output for node in fan])
