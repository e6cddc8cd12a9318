"""Numbers that a feature of an example cannot hold.

It has whole numbers of 64 bits, and floats of 32, which keep seven digits: enough for a
measurement. An id or a time in seconds has more, and would become another one; it is refused with
its row.
"""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from decimal import Decimal
from typing import Any

from mlops_pipeline.errors import ExecutorError

HINT = (
    "write it as a whole number or a text, or scale it; where some are missing, pandas keeps whole "
    "numbers as Int64"
)


class LostDigitsError(ValueError):
    """A number of a column would lose digits before the point.

    Args:
        row: of the column, from 0.
        value: the number.
        held: the number that would be kept.
    """

    def __init__(self, name: str, row: int, value: Any, held: Any) -> None:
        super().__init__(f"{name!r} is {value}, of which a float of 32 bits keeps {held}")
        self.name = name
        self.row = row


@contextmanager
def naming_lost_digits(source: str, first: int, hint: str = HINT) -> Iterator[None]:
    """Name the row of a number that would lose digits.

    Raises:
        ExecutorError: there is one.
    """
    try:
        yield
    except LostDigitsError as error:
        raise ExecutorError(
            f"{source}: row {first + error.row}: column {error}", hint=hint, retryable=False
        ) from None


def check_decimals(name: str, values: list[Any]) -> None:
    """Refuse decimals that a float of 64 bits does not hold to the point.

    Raises:
        LostDigitsError: there is one.
    """
    for row, value in enumerate(values):
        if isinstance(value, Decimal) and value.is_finite() and abs(value) > 2**53:
            held = Decimal(float(value))
            if abs(held - value) >= Decimal("0.5"):
                raise LostDigitsError(name, row, value, held)
