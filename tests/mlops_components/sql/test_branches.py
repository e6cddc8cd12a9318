"""IF, CASE and COALESCE compute a branch for the rows that take it."""

from typing import Any

import pytest

pytestmark = [pytest.mark.ml, pytest.mark.usefixtures("sqlglot")]


def values_of(expression: str, **columns: list[Any]) -> list[Any]:
    import pyarrow as pa

    from mlops_components.sql._evaluate import compute, parse

    arrays = {name: pa.array(values) for name, values in columns.items()}
    found = compute(parse(expression), lambda path: arrays[path[0]])
    return [found.as_py()] if isinstance(found, pa.Scalar) else found.to_pylist()


@pytest.mark.parametrize(
    ("expression", "values"),
    [
        ("IF(j = 3, 0, 1 / (j - 3))", [-0.5, 0.0, -1.0, None]),
        ("CASE j WHEN 3 THEN 0 ELSE 1 / (j - 3) END", [-0.5, 0.0, -1.0, None]),
        (
            "CASE WHEN j = 3 THEN 'three' WHEN 2 / (j - 3) = -1 THEN 'one' ELSE 'other' END",
            ["one", "three", "other", "other"],
        ),
        ("CASE WHEN j > 2 THEN 'big' WHEN j > 1 THEN 'small' END", [None, "big", "small", None]),
        ("IF(j > 5, CAST('x' || CAST(j AS STRING) AS INT64), j)", [1, 3, 2, None]),
        ("COALESCE(j, 7)", [1, 3, 2, 7]),
        ("IFNULL(NULL, j)", [1, 3, 2, None]),
        ("COALESCE(IF(j = 3, NULL, j), 10 / (j - 1))", [1.0, 5.0, 2.0, None]),
        ("IF(IF(j = 3, FALSE, 1 / (j - 3) < -0.7), 'yes', 'no')", ["no", "no", "yes", "no"]),
        ("IF(TRUE, j, 2)", [1, 3, 2, None]),
        ("IF(NULL, 1, j)", [1, 3, 2, None]),
        ("CASE WHEN FALSE THEN 1 WHEN j = 1 THEN 2 WHEN TRUE THEN 3 ELSE 4 END", [2, 3, 3, 3]),
    ],
)
def test_a_branch_sees_the_rows_that_take_it(expression: str, values: list[Any]) -> None:
    assert values_of(expression, j=[1, 3, 2, None]) == values


def test_a_branch_that_is_taken_is_still_an_error() -> None:
    from mlops_components.sql._types import SqlError

    with pytest.raises(SqlError, match="divide by zero"):
        values_of("IF(j = 2, 0, 1 / (j - 3))", j=[1, 3])


def test_constants_need_no_rows() -> None:
    assert values_of("IF(1 > 2, 'a', 'b')") == ["b"]
    assert values_of("COALESCE(NULL, NULL)") == [None]


@pytest.mark.parametrize("expression", ["IF(j, 1, 2)", "IF(j > 1, 'a', 2)", "COALESCE(j, 'a')"])
def test_types_are_checked_without_any_row(expression: str) -> None:
    import pyarrow as pa

    from mlops_components.sql._evaluate import compute, parse
    from mlops_components.sql._types import SqlError

    with pytest.raises(SqlError, match="No matching signature"):
        compute(parse(expression), lambda _: pa.array([], pa.int64()))
