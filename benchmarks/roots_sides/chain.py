"""The chain of nodes that `roots.py` runs."""

from __future__ import annotations

from mlops_pipeline import Examples, Input, Output, component, pipeline

NODES = 10


@component
def First(size: int, examples: Output[Examples]) -> None:
    (examples.path / "data").write_bytes(b"0123456789" * (size // 10))


@component
def Next(given: Input[Examples], number: int, examples: Output[Examples]) -> None:
    data = (given.path / "data").read_bytes()
    (examples.path / "data").write_bytes(bytes([number]) + data[1:])


@pipeline
def chain(size: int = 10):
    examples = First(size=size).outputs["examples"]
    for number in range(1, NODES):
        examples = Next.options(id=f"Next{number}")(given=examples, number=number).outputs[
            "examples"
        ]
