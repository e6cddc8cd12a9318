"""The pipeline while its function runs: the nodes called so far, and where the next one stands."""

from __future__ import annotations

import itertools
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from contextvars import ContextVar
from functools import cached_property
from pathlib import Path
from typing import Any

from msgspec import Struct

from mlops_pipeline.authoring.channels import Outputs
from mlops_pipeline.errors import DefinitionError, caller
from mlops_pipeline.interface import Interface
from mlops_pipeline.ir import Expression, LoopIR, NodeIR, RunParameterIR

_numbers = itertools.count(1)


class Blocks(Struct, frozen=True):
    """Blocks around a node.

    Args:
        conditions: of the `When` blocks, outermost first; `loops` and `group` (sub-pipelines)
            likewise.
        on_exit: inside an `ExitHandler`.
    """

    conditions: tuple[Expression, ...] = ()
    loops: tuple[str, ...] = ()
    group: tuple[str, ...] = ()
    on_exit: bool = False


class Node(Struct, frozen=True, eq=False, dict=True):
    """A call of a component in a pipeline: wire its `outputs` to the inputs of other nodes."""

    ir: NodeIR
    interface: Interface
    owner: int
    where: str

    @property
    def id(self) -> str:
        """The node's id, with those of the sub-pipelines before it."""
        return self.ir.id

    @cached_property
    def outputs(self) -> Outputs:
        """The outputs, as `outputs["name"]` or `outputs.name`."""
        return Outputs(self.id, self.interface.outputs, self.owner)

    def __repr__(self) -> str:
        return f"<node {self.id}>"


class Draft:
    """A pipeline that is being written."""

    def __init__(self, name: str, base_dir: Path, where: str = "") -> None:
        self.name = name
        self.base_dir = base_dir
        self.where = where
        self.number = next(_numbers)
        self.parameters: dict[str, RunParameterIR] = {}
        self.nodes: dict[str, Node] = {}
        self.loops: dict[str, LoopIR] = {}
        self.functions: tuple[Callable[..., Any], ...] = ()
        self.scope = Blocks()

    def full_id(self, name: str) -> str:
        """Return the id of a node or loop that is called `name` where the draft stands."""
        return ".".join((*self.scope.group, name))

    @contextmanager
    def written_by(self, function: Callable[..., Any]) -> Iterator[None]:
        """Make this the pipeline that calls of components belong to."""
        before = self.functions
        self.functions = (*before, function)
        token = _current.set(self)
        try:
            yield
        finally:
            _current.reset(token)
            self.functions = before


_current: ContextVar[Draft | None] = ContextVar("draft", default=None)


def require_draft(what: str, hint: str) -> Draft:
    """Return the pipeline that is being written.

    Raises:
        DefinitionError: `what` was called outside a pipeline.
    """
    draft = _current.get()
    if draft is None:
        raise DefinitionError(f"{what} is used outside a pipeline", hint=hint, where=caller())
    return draft
