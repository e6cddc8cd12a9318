"""Types of SQL, and values of several types together."""

from typing import Any

import pytest

pytestmark = [pytest.mark.ml, pytest.mark.usefixtures("sqlglot")]

LARGE = 9007199254740993
"""2 ** 53 + 1, which no double holds."""


def values_of(expression: str, **columns: Any) -> list[Any]:
    from mlops_components.sql._evaluate import compute, parse

    found: list[Any] = compute(parse(expression), lambda path: columns[path[0]]).to_pylist()
    return found


@pytest.mark.parametrize(
    ("expression", "values"),
    [
        # As in GoogleSQL, an integer is compared with a double as a double.
        ("i = 9007199254740992.0", [True, False]),
        ("i = d", [True, False]),
        ("i = 9007199254740993", [True, False]),
        ("i = 9007199254740992", [False, False]),
        ("i > 9007199254740992", [True, False]),
        ("i + 0.5", [9007199254740992.0, 1.5]),
        ("x = 16777216", [True, False]),
        ("x = 16777217", [False, False]),
        ("x = 4.1", [False, True]),
    ],
)
def test_large_integers_are_compared(expression: str, values: list[Any]) -> None:
    import pyarrow as pa

    columns = {
        "i": pa.array([LARGE, 1]),
        "d": pa.array([float(LARGE), 1.5]),
        "x": pa.array([16777216.0, 4.1], pa.float32()),
    }
    assert values_of(expression, **columns) == values


def test_a_literal_does_not_make_doubles_of_single_floats() -> None:
    import pyarrow as pa

    x = pa.array([4.1, None], pa.float32())
    from mlops_components.sql._evaluate import compute, parse

    found = compute(parse("COALESCE(x, 1)"), lambda _: x)
    assert found.type == pa.float32()


@pytest.mark.parametrize(
    ("one", "other", "hint"),
    [("int64", "string", ""), ("string", "binary", "use b'...'"), ("bool", "double", "")],
)
def test_types_that_do_not_go_together_are_named(one: str, other: str, hint: str) -> None:
    import pyarrow as pa

    from mlops_components.sql._types import SqlError

    columns = {"a": pa.nulls(1, one), "b": pa.nulls(1, other)}
    with pytest.raises(SqlError, match=f"No matching signature for a = b.*{hint}"):
        values_of("a = b", **columns)


def test_the_parts_of_a_name() -> None:
    from mlops_components.sql._evaluate import parse
    from mlops_components.sql._types import SqlError, parts_of

    assert parts_of(parse("feature.num_stats.mean")) == ["feature", "num_stats", "mean"]
    assert parts_of(parse("`a b`")) == ["a b"]
    with pytest.raises(SqlError, match=r"1 \+ 2 is not a name"):
        parts_of(parse("1 + 2"))
