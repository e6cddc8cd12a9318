"""Blocks that decide whether, how often and when the nodes in them run."""

from __future__ import annotations

from typing import Any

from msgspec.structs import replace

from mlops_pipeline import ir
from mlops_pipeline.authoring.channels import Channel
from mlops_pipeline.authoring.draft import Blocks, Draft, require_draft
from mlops_pipeline.authoring.placeholders import (
    LoopItemValue,
    Reference,
    Value,
    operand,
    reference,
)
from mlops_pipeline.authoring.wiring import check_reach
from mlops_pipeline.errors import DefinitionError, WiringError, caller
from mlops_pipeline.interface import describe_schema, fits, item_schema, schema_of_value, shortened

_HINT = "use it in a function with @pipeline"


class _Block:
    """Changes where nodes stand, for as long as the `with` block lasts."""

    def __init__(self, name: str) -> None:
        self._draft: Draft = require_draft(name, _HINT)
        self._before: list[Blocks] = []

    def _enter(self, inside: Blocks) -> None:
        self._before.append(self._draft.scope)
        self._draft.scope = inside

    def __exit__(self, *_: object) -> None:
        self._draft.scope = self._before.pop()


class When(_Block):
    """Runs the nodes in it only if a condition holds; otherwise they are skipped.

    >>> with When(evaluator.outputs["blessing"].property("blessed") == 1):
    ...     Pusher(model=trainer.outputs["model"])
    """

    def __init__(self, condition: Any) -> None:
        super().__init__("When")
        if isinstance(condition, Channel) or not isinstance(condition, Value):
            raise DefinitionError(
                f"When takes a condition on a value, not {shortened(condition)}",
                hint="compare a run parameter, a .value or a .property(name) of an output; "
                "for what is known already, write a plain `if`",
                where=caller(),
            )
        found = reference(condition)
        check_reach(self._draft, "the condition", [found.expression], found.owner)
        self._condition = found.expression

    def __enter__(self) -> None:
        scope = self._draft.scope
        self._enter(replace(scope, conditions=(*scope.conditions, self._condition)))


class ForEach(_Block):
    """Runs the nodes in it once for each item of a list.

    >>> with ForEach([0.1, 0.01]) as rate:
    ...     Trainer(learning_rate=rate)

    Args:
        items: a list, a run parameter, the `.value` of an output, or the item of another loop.
        id: name of the loop in messages; `loop-<number>` if left out.
    """

    def __init__(self, items: Any, *, id: str = "") -> None:
        super().__init__("ForEach")
        draft = self._draft
        name = draft.full_id(id or f"loop-{len(draft.loops) + 1}")
        if not ir.is_id(id or "loop") or name in draft.loops:
            raise DefinitionError(
                f"{id!r} cannot be the id of a loop"
                if name not in draft.loops
                else f"there is a loop {name!r} already",
                hint=ir.ID_HINT if name not in draft.loops else "give it another id",
                where=caller(),
            )
        items = list(items) if isinstance(items, (range, tuple)) else items
        expression, owner = operand(items)
        schema = reference(items).schema if isinstance(items, Value) else schema_of_value(items)
        if not fits(schema, {"type": "array"}):
            raise WiringError(
                f"ForEach takes a list, not {describe_schema(schema)}",
                hint="for a dict, give list(mapping.items())",
                where=caller(),
            )
        check_reach(draft, f"loop {name}", [expression], owner)
        lists = reference(items).samples if isinstance(items, Value) else ()
        if isinstance(expression, ir.Literal):
            lists = (expression.value,)
        samples = [sample for each in lists if isinstance(each, list) for sample in each]
        self._items = expression
        self._item = LoopItemValue(
            Reference(ir.LoopItem(name), item_schema(schema), draft.number, tuple(samples))
        )
        self._name = name

    def __enter__(self) -> Any:
        draft, scope = self._draft, self._draft.scope
        draft.loops[self._name] = ir.LoopIR(self._name, self._items, scope.loops, scope.conditions)
        self._enter(replace(scope, loops=(*scope.loops, self._name)))
        return self._item


class ExitHandler(_Block):
    """Runs the nodes in it when all others have ended, also after a failure.

    >>> with ExitHandler():
    ...     Notify(text=f"{run_info.id} has ended: {run_info.state}")
    """

    def __init__(self) -> None:
        super().__init__("ExitHandler")
        scope = self._draft.scope
        if scope.conditions or scope.loops or scope.on_exit:
            raise DefinitionError(
                "ExitHandler is inside When, ForEach or another ExitHandler",
                hint="turn it round: put them into the `with ExitHandler():` block",
                where=caller(),
            )

    def __enter__(self) -> None:
        self._enter(replace(self._draft.scope, on_exit=True))
