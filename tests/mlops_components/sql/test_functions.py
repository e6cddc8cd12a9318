"""Functions and operators of SQL, at the ends of their ranges."""

from typing import Any

import pytest

pytestmark = [pytest.mark.ml, pytest.mark.usefixtures("sqlglot")]

LOWEST = -(1 << 63)


def values_of(expression: str, **columns: list[Any]) -> list[Any]:
    import pyarrow as pa

    from mlops_components.sql._evaluate import compute, parse

    arrays = {name: pa.array(values) for name, values in columns.items()}
    found: list[Any] = compute(parse(expression), lambda path: arrays[path[0]]).to_pylist()
    return found


@pytest.mark.parametrize(
    ("expression", "values"),
    [
        ("MOD(i, -1 * j)", [0, -1, None]),
        ("DIV(i, j)", [LOWEST, -3, None]),
        ("DIV(NULL, j - 1)", [None, None, None]),
        ("i = -9223372036854775808", [True, False, None]),
        ("SUBSTR(t, 2)", ["bc", "", None]),
        ("SUBSTR(t, 2, 1)", ["b", "", None]),
        ("SUBSTR(t, 9223372036854775807, 9223372036854775807)", ["", "", None]),
        ("SUBSTR(b, 2)", [b"bc", b"", None]),
        ("FLOOR(9007199254740993 * j)", [9007199254740992.0, 18014398509481986.0, None]),
        ("NOT j = 1", [False, True, None]),
        ("j NOT IN (1, NULL)", [False, None, None]),
    ],
)
def test_values(expression: str, values: list[Any]) -> None:
    columns: dict[str, list[Any]] = {
        "i": [LOWEST, -7, None],
        "j": [1, 2, None],
        "t": ["abc", "é", None],
        "b": [b"abc", b"", None],
    }
    assert values_of(expression, **columns) == values


@pytest.mark.parametrize(
    ("expression", "message"),
    [
        ("DIV(i, -1)", "overflow"),
        ("DIV(i, 0)", "divide by zero"),
        ("MOD(i, 0)", "divide by zero"),
        ("i / 0", "divide by zero"),
        ("ABS(i)", "overflow"),
        ("-i", "overflow"),
        ("NOT i", "No matching signature for NOT i"),
        ("SUBSTR('abc', CAST(NULL AS INT64))", "must be integers"),
        ("SUBSTR('abc', 0)", "positions start at 1"),
    ],
)
def test_a_value_that_cannot_be_computed_is_an_error(expression: str, message: str) -> None:
    from mlops_components.sql._types import SqlError

    with pytest.raises(SqlError, match=message):
        values_of(expression, i=[LOWEST])
