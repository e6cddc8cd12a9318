"""Literals and casts of SQL; the values are those that ZetaSQL gives."""

from typing import Any

import pytest

pytestmark = [pytest.mark.ml, pytest.mark.usefixtures("sqlglot")]

LOWEST = -(1 << 63)


def value_of(expression: str) -> Any:
    from mlops_components.sql._evaluate import compute, parse

    return compute(parse(expression), lambda path: pytest.fail(f"no name {path}")).as_py()


@pytest.mark.parametrize(
    ("text", "number"),
    [
        ("12", 12),
        ("+5", 5),
        (" 5 ", 5),
        ("0x10", 16),
        ("-0X1f", -31),
        ("-0x8000000000000000", LOWEST),
        ("9223372036854775807", -LOWEST - 1),
        ("", None),
        ("+-5", None),
        ("- 5", None),
        ("0x", None),
        ("1e5", None),
        ("1_0", None),
        ("٣", None),
        ("5\u00a0", None),
        ("0x8000000000000000", None),
        ("99999999999999999999", None),
        ("9" * 5000, None),
    ],
)
def test_a_text_is_an_integer_in_the_forms_of_googlesql(text: str, number: int | None) -> None:
    from mlops_components.sql._types import SqlError

    assert value_of(f"SAFE_CAST('{text}' AS INT64)") == number
    if number is None:
        with pytest.raises(SqlError, match="Could not cast"):
            value_of(f"CAST('{text}' AS INT64)")


@pytest.mark.parametrize(
    ("text", "number"),
    [
        (" 1.5 ", 1.5),
        ("5.", 5.0),
        (".5", 0.5),
        ("-1e5", -1e5),
        ("1e999", float("inf")),
        ("-Infinity", float("-inf")),
        ("0x10", 16.0),
        ("0x1p3", 8.0),
        (".", None),
        ("1d", None),
        ("1_0", None),
        ("٣", None),
        ("\u0131nf", None),
    ],
)
def test_a_text_is_a_double_in_the_forms_of_googlesql(text: str, number: float | None) -> None:
    assert value_of(f"SAFE_CAST('{text}' AS FLOAT64)") == number


@pytest.mark.parametrize("number", ["1e30", "9.2233720368547758e18", "CAST('nan' AS FLOAT64)"])
def test_a_double_out_of_the_range_of_integers_is_refused(number: str) -> None:
    from mlops_components.sql._types import SqlError

    assert value_of(f"SAFE_CAST({number} AS INT64)") is None
    with pytest.raises(SqlError, match="Could not cast"):
        value_of(f"CAST({number} AS INT64)")


@pytest.mark.parametrize(
    ("expression", "value"),
    [
        ("-9223372036854775808", LOWEST),
        ("9223372036854775807", -LOWEST - 1),
        ("1e999", float("inf")),
        ("-0.5", -0.5),
        ("- -3", 3),
        ("CAST(9007199254740993 AS INT64)", 9007199254740993),
        ("CAST(9007199254740993 AS FLOAT64)", 9007199254740992.0),
        ("CAST(2.5 AS INT64)", 3),
        ("CAST(NULL AS INT64)", None),
        ("CAST(1e15 AS STRING)", "1e+15"),
    ],
)
def test_numbers_keep_their_value(expression: str, value: Any) -> None:
    assert value_of(expression) == value


@pytest.mark.parametrize(
    ("expression", "message"),
    [
        ("99999999999999999999", "Invalid integer literal: 99999999999999999999"),
        ("9223372036854775808", "Invalid integer literal"),
        ("-9223372036854775809", "Invalid integer literal: -9223372036854775809"),
        ("- -9223372036854775808", "overflow"),
        ("1 = 99999999999999999999", "Invalid integer literal"),
        ("CAST(TRUE AS INT64)", "invalid cast from BOOL to INT64"),
    ],
)
def test_what_does_not_fit_is_an_error_of_the_query(expression: str, message: str) -> None:
    from mlops_components.sql._types import SqlError

    with pytest.raises(SqlError, match=message):
        value_of(expression)
