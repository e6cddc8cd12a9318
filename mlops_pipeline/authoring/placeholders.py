"""Values that are known only when a node runs: run parameters, loop items, values of outputs.

A value can be a parameter of a node, a part of a text (`f"{x}"`), and the operand of an
operator, which makes a condition. It has no truth value of its own.
"""

from __future__ import annotations

import functools
import re
from collections.abc import Iterable, Iterator, Mapping, Sequence
from pathlib import Path
from typing import Any, NoReturn

import msgspec
from msgspec import Struct, field

from mlops_pipeline import ir
from mlops_pipeline.errors import DefinitionError, WiringError, caller, did_you_mean
from mlops_pipeline.interface import (
    PATH_SCHEMA,
    JsonSchema,
    Secret,
    checked,
    choices,
    fits,
    is_path,
    item_schema,
    json_of,
    kinds,
    member_names,
    member_schema,
    schema_of_value,
    shortened,
)
from mlops_pipeline.interface import describe_schema as words
from mlops_pipeline.ir_graph import describe

ANY_OWNER = 0
"""Owner of what belongs to no pipeline in particular."""

_BOOLEAN: JsonSchema = {"type": "boolean"}
_QUOTIENT: JsonSchema = {"type": "number"}

# An f-string embeds a placeholder between these control characters; no real text has them.
_TOKEN = re.compile("\x02(\\d+):(.*?)\x03")


class Unknown:
    """Refuses what Python would do with it while the pipeline is only being written."""

    def _refuse(self, doing: str, hint: str) -> NoReturn:
        raise DefinitionError(
            f"{self!r} is not known while the pipeline is written: it cannot {doing}",
            hint=hint,
            where=caller(),
        )

    def __bool__(self) -> bool:
        self._refuse(
            "decide an `if`, `and`, `or` or `not`",
            "write `with When(...):`, and combine conditions with & | ~, each in parentheses",
        )

    def __iter__(self) -> Iterator[Any]:
        self._refuse("be iterated over", "write `with ForEach(...) as item:`")

    def __len__(self) -> int:
        self._refuse("have a length", "count in a component")

    def __contains__(self, item: object) -> bool:
        self._refuse("be searched", "look in the body of a component")

    def __int__(self) -> int:
        self._refuse("become a number", "pass it on as it is, or compute in a component")

    __index__ = __int__

    def __float__(self) -> float:
        self._refuse("become a number", "pass it on as it is, or compute in a component")

    def _operand(self) -> Reference:
        """Return the reference that an operator or a text uses."""
        raise NotImplementedError

    __hash__ = object.__hash__


class Reference(Struct, frozen=True):
    """Expression and schema behind a `Value`.

    Args:
        schema: JSON Schema of the value, as far as it is known.
        owner: number of the pipeline being written that it belongs to.
        samples: all that it can be, where that is known.
    """

    expression: ir.Expression
    schema: JsonSchema = field(default_factory=dict)
    owner: int = ANY_OWNER
    samples: tuple[Any, ...] = ()


class Value(Unknown):
    """Something that is known only when a node runs."""

    def __init__(self, reference: Reference) -> None:
        self._reference = reference

    def __repr__(self) -> str:
        return f"<{describe(self._reference.expression)}>"

    def _operand(self) -> Reference:
        return self._reference

    def __format__(self, spec: str) -> str:
        if spec:
            self._refuse(f"be formatted with {spec!r}", "format it in the body of a component")
        data = msgspec.json.encode(self._reference.expression).decode()
        return f"\x02{self._reference.owner}:{data}\x03"

    def __str__(self) -> str:
        return format(self)

    def __getitem__(self, key: str | int) -> Value:
        """Return an entry of an object or of a list."""
        found = self._reference
        if isinstance(key, bool) or not isinstance(key, (str, int)):
            self._refuse(f"be looked up by {key!r}", "use a text or a number that is known")
        schema: JsonSchema | None
        if isinstance(key, int):
            kind, schema = "array", item_schema(found.schema, key)
        else:
            kind, schema = "object", member_schema(found.schema, key)
        if schema is None or not kinds(found.schema) <= {kind, "null"}:
            known = member_names(found.schema)
            raise WiringError(
                f"{self!r} is {words(found.schema)}: it has no entry {key!r}",
                hint=did_you_mean(str(key), known) if known else "look in the body of a component",
                where=caller(),
            )
        return _operation("[]", (self, key), schema)

    def __eq__(self, other: object) -> Value:  # type: ignore[override]
        return _compared("==", self, other)

    def __ne__(self, other: object) -> Value:  # type: ignore[override]
        return _compared("!=", self, other)

    def __lt__(self, other: object) -> Value:
        return _compared("<", self, other)

    def __le__(self, other: object) -> Value:
        return _compared("<=", self, other)

    def __gt__(self, other: object) -> Value:
        return _compared(">", self, other)

    def __ge__(self, other: object) -> Value:
        return _compared(">=", self, other)

    def is_in(self, values: object) -> Value:
        """Return the condition that it is one of the items of a list."""
        return _operation("in", (self, values), _BOOLEAN)

    def __and__(self, other: object) -> Value:
        return _operation("and", (self, other), _BOOLEAN)

    def __rand__(self, other: object) -> Value:
        return _operation("and", (other, self), _BOOLEAN)

    def __or__(self, other: object) -> Value:
        return _operation("or", (self, other), _BOOLEAN)

    def __ror__(self, other: object) -> Value:
        return _operation("or", (other, self), _BOOLEAN)

    def __invert__(self) -> Value:
        return _operation("not", (self,), _BOOLEAN)

    def __add__(self, other: object) -> Value:
        return _operation("+", (self, other), self._reference.schema)

    def __radd__(self, other: object) -> Value:
        return _operation("+", (other, self), self._reference.schema)

    def __sub__(self, other: object) -> Value:
        return _operation("-", (self, other))

    def __rsub__(self, other: object) -> Value:
        return _operation("-", (other, self))

    def __mul__(self, other: object) -> Value:
        return _operation("*", (self, other))

    def __rmul__(self, other: object) -> Value:
        return _operation("*", (other, self))

    def __truediv__(self, other: object) -> Value:
        if is_path(self._reference.schema):
            expression, owner = operand(f"{self}/{other}")
            return Value(Reference(expression, PATH_SCHEMA, owner))
        return _operation("/", (self, other), _QUOTIENT)

    def __rtruediv__(self, other: object) -> Value:
        if isinstance(other, Path):
            expression, owner = operand(f"{other.as_posix()}/{self}")
            return Value(Reference(expression, PATH_SCHEMA, owner))
        return _operation("/", (other, self), _QUOTIENT)

    def __floordiv__(self, other: object) -> NoReturn:
        self._refuse("be divided by //", "compute in a component, or divide by / to get a float")

    def __mod__(self, other: object) -> NoReturn:
        self._refuse("be computed with by %", "compute in a component, or write an f-string")

    def __pow__(self, other: object) -> NoReturn:
        self._refuse("be computed with by **", "compute in a component")

    __rfloordiv__, __rmod__, __rpow__ = __floordiv__, __mod__, __pow__

    __hash__ = object.__hash__


class LoopItemValue(Value):
    """The current item of a loop: `item["lr"]`, `item.lr` and `item[0]` reach into it."""

    def __getitem__(self, key: str | int) -> LoopItemValue:
        found = self._reference
        assert isinstance(found.expression, ir.LoopItem)
        if not isinstance(key, (str, int)):
            self._refuse(f"be looked up by {key!r}", "use a text or a number that is known")
        schema = member_schema(found.schema, str(key))
        known = {k for sample in found.samples if isinstance(sample, dict) for k in sample}
        if schema is None or not all(_has(sample, key) for sample in found.samples):
            raise WiringError(
                f"not every item of loop {found.expression.loop} has {key!r}",
                hint=did_you_mean(str(key), known or member_names(found.schema)),
                where=caller(),
            )
        expression = ir.LoopItem(found.expression.loop, (*found.expression.path, key))
        samples = tuple(sample[key] for sample in found.samples)
        return LoopItemValue(Reference(expression, schema, found.owner, samples))

    def __getattr__(self, key: str) -> LoopItemValue:
        if key.startswith("_"):
            raise AttributeError(key)
        return self[key]


def _has(sample: Any, key: str | int) -> bool:
    if isinstance(sample, dict):
        return key in sample
    return isinstance(sample, list) and isinstance(key, int) and -len(sample) <= key < len(sample)


def reference(value: Value) -> Reference:
    """Return the expression and schema behind a value."""
    return value._reference


def operand(value: object) -> tuple[ir.Expression, int]:
    """Return the expression for an operand, or the item of a loop, and its owner.

    Raises:
        DefinitionError: it is a secret or holds one, or is nothing that JSON can hold.
    """
    if isinstance(value, Unknown):
        found = value._operand()
        return found.expression, found.owner
    if isinstance(value, Secret):
        str(value)  # raises
    if isinstance(value, str) and "\x02" in value:
        return parse_text(value)
    if isinstance(value, (list, tuple)):
        items, owner = _operands(value)
        if not all(isinstance(item, ir.Literal) for item in items):
            return ir.ListOf(items), owner
    if isinstance(value, Mapping):
        items, owner = _operands(list(value.values()))
        if not all(isinstance(item, ir.Literal) for item in items):
            return ir.DictOf(dict(zip(map(str, value), items, strict=True))), owner
    try:
        return ir.Literal(json_of(checked(value, Any), Path())), ANY_OWNER
    except ValueError as error:
        raise DefinitionError(
            f"{shortened(value)} cannot be used here: {error}",
            hint="use numbers, texts, lists and dicts",
            where=caller(),
        ) from None


def _operands(values: Sequence[object]) -> tuple[tuple[ir.Expression, ...], int]:
    pairs = [operand(value) for value in values]
    return tuple(expression for expression, _ in pairs), one_owner(owner for _, owner in pairs)


def one_owner(owners: Iterable[int]) -> int:
    """Return the pipeline that all values belong to."""
    found = {owner for owner in owners if owner != ANY_OWNER}
    if len(found) > 1:
        raise WiringError(
            "values of two different pipelines are used together",
            hint="use a value only in the pipeline function that made it",
            where=caller(),
        )
    return found.pop() if found else ANY_OWNER


def _operation(
    operator: str, operands: Sequence[object], schema: JsonSchema | None = None
) -> Value:
    arguments, owner = _operands(operands)
    return Value(Reference(ir.Operation(operator, arguments), schema or {}, owner))


def _compared(operator: str, left: Value, right: object) -> Value:
    schema = right._reference.schema if isinstance(right, Value) else schema_of_value(right)
    if not fits(left._reference.schema, schema) and not fits(schema, left._reference.schema):
        raise WiringError(
            f"{left!r} is {words(left._reference.schema)}, it never equals {shortened(right)}",
            hint=f"compare it with {words(left._reference.schema)}",
            where=caller(),
        )
    if operator in ("==", "!="):
        _check_choice(left, operand(right)[0])
    return _operation(operator, (left, right), _BOOLEAN)


def _check_choice(left: Value, right: ir.Expression) -> None:
    """Refuse to compare one of several choices with what is none of them: it never is."""
    if not isinstance(right, ir.Literal) or right.value is None:
        return
    listed = [choice.get("enum") for choice in choices(left._reference.schema)]
    known = [value for values in listed if values for value in values]
    if all(listed) and right.value not in known:
        raise WiringError(
            f"{left!r} is never {shortened(right.value)}",
            hint=did_you_mean(str(right.value), map(str, known)),
            where=caller(),
        )


def parse_text(text: str) -> tuple[ir.Expression, int]:
    """Return the expression for a text that values were put into, and their owner."""
    parts: list[ir.Expression] = []
    owners = []
    end = 0
    for match in _TOKEN.finditer(text):
        _append(parts, ir.Literal(text[end : match.start()]))
        owners.append(int(match[1]))
        _append(parts, _decoder().decode(match[2]))
        end = match.end()
    _append(parts, ir.Literal(text[end:]))
    only = parts[0] if len(parts) == 1 else None
    whole = only if isinstance(only, ir.Literal) else ir.Concat(tuple(parts))
    return whole, one_owner(owners)


def _append(parts: list[ir.Expression], part: ir.Expression) -> None:
    """Add a part to a text; what is known already is joined."""
    if isinstance(part, ir.Literal):
        before = parts[-1] if parts else None
        if isinstance(before, ir.Literal):
            parts[-1] = ir.Literal(f"{before.value}{part.value}")
        elif part.value != "":
            parts.append(ir.Literal(str(part.value)))
    else:
        parts.append(part)


@functools.cache
def _decoder() -> msgspec.json.Decoder[Any]:
    return msgspec.json.Decoder(ir.Expression)
