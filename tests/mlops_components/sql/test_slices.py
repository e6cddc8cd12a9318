"""Slices by SQL: names, and what FROM may have."""

from typing import Any

import pytest

pytestmark = [pytest.mark.ml, pytest.mark.usefixtures("sqlglot")]


def slices(query: str, **columns: list[list[int] | None]) -> Any:
    import pyarrow as pa

    from mlops_components.sql._slices import SliceQuery

    arrays = [pa.array(rows, pa.large_list(pa.int64())) for rows in columns.values()]
    batch = pa.RecordBatch.from_arrays(arrays, list(columns))
    return SliceQuery(query, batch.schema).execute(batch)


@pytest.mark.parametrize(
    ("query", "found"),
    [
        ("SELECT STRUCT(v) FROM example.a AS v", "1"),
        ("SELECT STRUCT(v) FROM example.A AS v", "2"),
        ("SELECT STRUCT(v) FROM example.B AS v", "3"),
        ("SELECT STRUCT(ARRAY_LENGTH(example.A) AS v)", "1"),
    ],
)
def test_an_exact_name_comes_before_one_in_other_letters(query: str, found: str) -> None:
    assert slices(query, a=[[1]], A=[[2]], b=[[3]]) == [[[("v", found)]]]


def test_a_name_in_other_letters_that_fits_several_is_refused() -> None:
    from mlops_components.sql._types import SqlError

    with pytest.raises(SqlError, match="IsLand is ambiguous: there are island, Island"):
        slices("SELECT STRUCT(v) FROM example.IsLand AS v", island=[[1]], Island=[[2]])


def test_columns_of_one_name_are_ambiguous() -> None:
    import pyarrow as pa

    from mlops_components.sql._slices import SliceQuery
    from mlops_components.sql._types import SqlError

    schema = pa.schema([("a", pa.large_list(pa.int64()))] * 2)
    with pytest.raises(SqlError, match="a is ambiguous"):
        SliceQuery("SELECT STRUCT(a) FROM example.a", schema)


@pytest.mark.parametrize(
    ("rest", "message"),
    [
        ("example.a NATURAL JOIN example.b", "NATURAL JOIN example.b: such a JOIN"),
        ("example.a LEFT JOIN example.b", "JOIN is not supported"),
        ("example.a JOIN example.b ON TRUE", "JOIN is not supported"),
        ("example.a JOIN example.b USING (a)", "JOIN is not supported"),
        ("example.a TABLESAMPLE SYSTEM (10 PERCENT)", "TABLESAMPLE is not supported"),
        ("example.a FOR SYSTEM_TIME AS OF '2020-01-01'", "FOR SYSTEM_TIME is not supported"),
        ("example.a PIVOT(SUM(x) FOR y IN ('a'))", "PIVOT is not supported"),
        ("UNNEST(example.a) AS v WITH OFFSET AS n", "WITH OFFSET is not supported"),
        ("UNNEST(example.a) AS v TABLESAMPLE SYSTEM (10 PERCENT)", "SAMPLE is not supported"),
        ("example.a, example.b AS a", "Duplicate alias a in FROM"),
        ("example.a, example.A", "Duplicate alias a in FROM"),
        ("example.a, UNNEST(example.b) AS a", "Duplicate alias a in FROM"),
        ("(SELECT 1)", "FROM takes features"),
    ],
)
def test_more_in_from_is_refused_by_name(rest: str, message: str) -> None:
    from mlops_components.sql._types import SqlError

    with pytest.raises(SqlError, match=message):
        slices(f"SELECT STRUCT(a) FROM {rest}", a=[[1]], b=[[2]])


@pytest.mark.parametrize("join", [",", "CROSS JOIN", "INNER JOIN", "JOIN"])
def test_a_join_without_conditions_is_a_comma(join: str) -> None:
    found = slices(
        f"SELECT STRUCT(a, b) FROM example.a {join} example.b", a=[[1], [2]], b=[[3], None]
    )
    assert found == [[[("a", "1"), ("b", "3")]], []]


def test_lists_without_names_are_no_duplicates() -> None:
    query = "SELECT STRUCT(1 AS one) FROM UNNEST(example.a), UNNEST(example.b)"
    assert slices(query, a=[[1, 2]], b=[[3]]) == [[[("one", "1")], [("one", "1")]]]


def test_a_row_that_a_branch_protects_is_in_a_slice() -> None:
    query = "SELECT STRUCT(IF(a = 3, 0, 1 / (a - 3)) AS y) FROM example.a WHERE a > 0"
    found = slices(query, a=[[1, 0], [3]])
    assert found == [[[("y", "-0.5")]], [[("y", "0")]]]
