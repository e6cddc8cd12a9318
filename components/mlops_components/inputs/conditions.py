"""Rows and columns that an ExampleGen takes: names, and conditions on the values of a row."""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, Literal

from mlops_pipeline.errors import ExecutorError, ParameterError, did_you_mean

if TYPE_CHECKING:
    from mlops_components.records._encode import Column

_COMPARED = {
    "==": "equal",
    "!=": "not_equal",
    "<": "less",
    "<=": "less_equal",
    ">": "greater",
    ">=": "greater_equal",
}
"""Functions of `pyarrow.compute` by operator."""


@dataclass(frozen=True)
class Condition:
    """A condition on one column of a row, as `Condition("fare", ">", 0)`.

    A missing value meets none but `is missing`; NaN meets `!=` and `not in`.

    Args:
        column: has at most one value a row.
        operator: a comparison, `in` or `not in` a list, or `is missing` or `is present`.
        value: a number or a text, as the column has them; a list of them for `in` and `not in`.

    Raises:
        ParameterError: the value does not fit the operator.
    """

    column: str
    operator: Literal["==", "!=", "<", "<=", ">", ">=", "in", "not in", "is missing", "is present"]
    value: int | float | str | list[int | float | str] | None = None

    def __post_init__(self) -> None:
        wanted = _wanted(self.operator)
        given = _listed(self.value)
        if self.value is None:
            fits = wanted == _NOTHING
        else:
            fits = wanted == (_LIST if isinstance(self.value, list) else _ONE) and _is_fit(given)
        if not self.column or not fits:
            raise ParameterError(
                f"the condition {self.column!r} {self.operator} {self.value!r} is none: it names a "
                f"column, and {self.operator!r} takes {wanted}",
                hint="as in Condition('fare', '>', 0) or Condition('company', 'in', ['A', 'B'])",
            )


_NOTHING, _ONE, _LIST = "no value", "one number or text", "a list of numbers or of texts"


def _wanted(operator: str) -> str:
    if operator.startswith("is "):
        return _NOTHING
    return _ONE if operator in _COMPARED else _LIST


def _is_fit(values: Sequence[Any]) -> bool:
    """Return True for texts, or for numbers that are finite and of 64 bits."""
    if any(isinstance(each, str) for each in values):
        return all(isinstance(each, str) for each in values)
    return bool(values) and all(map(_is_held, values))


def _is_held(number: float) -> bool:
    return math.isfinite(number) if isinstance(number, float) else -(2**63) <= number < 2**63


@dataclass(frozen=True)
class Taken:
    """Columns and rows that are taken; by default all of them.

    Args:
        columns: those that are taken; all if empty.
        without: those that are left out.
        rows: conditions that a row has to meet, all of them.
    """

    columns: tuple[str, ...] = ()
    without: frozenset[str] = frozenset()
    rows: tuple[Condition, ...] = ()

    def has(self, name: str) -> bool:
        """Return True for a column that is taken."""
        return name not in self.without and (not self.columns or name in self.columns)

    def check_named(self, known: Sequence[str]) -> None:
        """Raise a ParameterError if a column is named that there is not, or none is left."""
        for name in (*self.columns, *sorted(self.without), *(each.column for each in self.rows)):
            if name not in known:
                raise ParameterError(
                    f"input_config: there is no column {name!r}", hint=did_you_mean(name, known)
                )
        if known and not any(map(self.has, known)):
            raise ParameterError("input_config: no column is left", hint="leave out fewer of them")

    def mask(self, columns: Mapping[str, Column], source: str) -> Any:
        """Return a NumPy mask of the rows that meet all conditions; None if there are none.

        Raises:
            ExecutorError: a column has several values a row, or values of another kind.
        """
        found = None
        for condition in self.rows:
            met = _met(condition, columns[condition.column], source)
            found = met if found is None else found & met
        return found


EVERYTHING = Taken()
"""All rows and columns."""


def _met(condition: Condition, column: Column, source: str) -> Any:
    """Return a mask of the rows that meet a condition."""
    import numpy as np

    present = np.asarray(column.counts) > 0
    if condition.operator == "is missing":
        return ~present
    if condition.operator == "is present":
        return present
    if (column.counts > 1).any():
        raise ExecutorError(
            f"{source}: column {column.name!r} has several values in a row, and a condition on it "
            f"asks for {condition.operator}",
            hint="a condition takes a column of single values, or `is missing` and `is present`",
            retryable=False,
        )
    met = np.zeros(len(present), bool)
    if present.any():
        met[present] = _compared(condition, column, source)
    return met


def _compared(condition: Condition, column: Column, source: str) -> Any:
    """Return the answer for each value of a column."""
    import numpy as np
    import pyarrow as pa
    import pyarrow.compute as pc

    wanted = [_plain(each, column, source) for each in _listed(condition.value)]
    values = column.values
    if column.kind == "float":
        # The values are of 32 bits: 0.1 in a file is 0.1 in a condition.
        with np.errstate(over="ignore"):
            wanted = [float(np.float32(each)) for each in wanted]
    elif any(isinstance(each, float) for each in wanted):
        values = values.cast(pa.float64(), safe=False)
    asked = pa.array(wanted, pa.float64() if column.kind == "float" else values.type)
    if condition.operator in _COMPARED:
        compare = getattr(pc, _COMPARED[condition.operator])
        return np.asarray(compare(values.cast(asked.type), asked[0]))
    met = pc.is_in(values.cast(asked.type), value_set=asked)
    return np.asarray(pc.invert(met) if condition.operator == "not in" else met)


def _listed(value: Any) -> list[Any]:
    return value if isinstance(value, list) else [value]


def _plain(value: Any, column: Column, source: str) -> Any:
    if isinstance(value, str) != (column.kind == "bytes"):
        held = "texts" if column.kind == "bytes" else "numbers"
        raise ExecutorError(
            f"{source}: column {column.name!r} has {held}, and a condition compares it with "
            f"{value!r}",
            hint=f"compare it with {held}, or name its type in column_types where there are such",
            retryable=False,
        )
    if isinstance(value, str):
        return value.encode()
    return int(value) if isinstance(value, bool) else value
