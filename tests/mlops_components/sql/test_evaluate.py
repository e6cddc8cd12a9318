"""Slices and checks by SQL: one table of queries for ZetaSQL and for what stands in for it."""

import subprocess
import sys
from typing import Any

import pytest

pytestmark = pytest.mark.ml

ROWS: dict[str, list[list[Any] | None]] = {
    "i": [[1], [2, 3], None, []],
    "x": [[1.5], [4.1, 1e20], None, [100000.0, 3.0, 1e-7, 0.1]],
    "s": [[b"a"], [b"B", b"c"], None, [b""]],
    "t": [["a"], ["B", "é"], None, [""]],
}

I = [[["1"]], [["2"], ["3"]], [], []]  # noqa: E741 - the feature's name
X = [[["1.5"]], [["4.1"], ["1e+20"]], [], [["100000"], ["3"], ["1e-07"], ["0.1"]]]

# The values of each slice of each row; ZetaSQL gives them.
SAME: list[tuple[str, list[Any]]] = [
    ("SELECT STRUCT(i) FROM example.i", I),
    ("select struct(I) from Example.`i`", I),
    ("SELECT STRUCT(v AS i) FROM example.i AS v", I),
    ("SELECT STRUCT(v AS i) FROM UNNEST(example.i) AS v", I),
    ("SELECT STRUCT(x) FROM example.x", X),
    ("SELECT STRUCT(CAST(x AS STRING) AS y) FROM example.x", X),
    ("SELECT STRUCT(t) FROM example.t", [[["a"]], [["B"], ["é"]], [], [[""]]]),
    ("SELECT STRUCT(s) FROM example.s WHERE s = b'a'", [[["a"]], [], [], []]),
    ("SELECT STRUCT(s) FROM example.s WHERE CAST(s AS STRING) = 'c'", [[], [["c"]], [], []]),
    ("SELECT STRUCT(s) FROM example.s WHERE s LIKE b'a%'", [[["a"]], [], [], []]),
    ("SELECT STRUCT(t) FROM example.t WHERE t NOT LIKE '_'", [[], [], [], [[""]]]),
    ("SELECT STRUCT(t) FROM example.t WHERE t NOT IN ('a', 'B')", [[], [["é"]], [], [[""]]]),
    ("SELECT STRUCT(x) FROM example.x WHERE x = 4.1", [[], [["4.1"]], [], []]),
    (
        "SELECT STRUCT(x) FROM example.x WHERE x BETWEEN 1.5 AND 4.1",
        [[["1.5"]], [["4.1"]], [], [["3"]]],
    ),
    (
        "SELECT STRUCT(x * 2 AS y) FROM example.x WHERE x < 10",
        [[["3"]], [["8.1999998092651367"]], [],
         [["6"], ["2.0000000233721948e-07"], ["0.20000000298023224"]]],
    ),
    ("SELECT STRUCT(i / 2 AS y) FROM example.i", [[["0.5"]], [["1"], ["1.5"]], [], []]),
    (
        "SELECT STRUCT(DIV(-i, 2) AS y, MOD(-i, 2) AS z) FROM example.i",
        [[["0", "-1"]], [["-1", "0"], ["-1", "-1"]], [], []],
    ),
    ("SELECT STRUCT(i + 1) FROM example.i", [[["2"]], [["3"], ["4"]], [], []]),
    (
        "SELECT STRUCT(i, i AS j) FROM example.i, example.x WHERE x < 2 OR i = 3 AND x > 5",
        [[["1", "1"]], [["3", "3"]], [], []],
    ),
    (
        "SELECT STRUCT(IF(x > 2, 'big', 'small') AS size) FROM example.x WHERE NOT x > 50",
        [[["small"]], [["big"]], [], [["big"], ["small"], ["small"]]],
    ),
    (
        "SELECT STRUCT(CASE WHEN i > 2 THEN 'big' ELSE 'small' END AS size) FROM example.i",
        [[["small"]], [["small"], ["big"]], [], []],
    ),
    (
        "SELECT STRUCT(CAST(x AS INT64) AS y) FROM example.x WHERE x < 10",
        [[["2"]], [["4"]], [], [["3"], ["0"], ["0"]]],
    ),
    (
        "SELECT STRUCT(FLOOR(x * 10) / 10 AS y, CEIL(x) AS c, ABS(-x) AS a) FROM example.x "
        "WHERE x < 2",
        [[["1.5", "2", "1.5"]], [], [],
         [["0", "1", "1e-07"], ["0.1", "1", "0.1"]]],
    ),
    (
        "SELECT STRUCT(UPPER(t) AS u, LENGTH(t) AS n, SUBSTR(t, 1, 1) AS f, t || 'q' AS c) "
        "FROM example.t WHERE STARTS_WITH(t, 'B') OR ENDS_WITH(t, 'é')",
        [[], [["B", "1", "B", "Bq"], ["É", "1", "é", "éq"]], [], []],
    ),
    (
        "SELECT STRUCT(IF(i = 3, 0, 1 / (i - 3)) AS y) FROM example.i",
        [[["-0.5"]], [["-1"], ["0"]], [], []],
    ),
    (
        "SELECT STRUCT(CASE i WHEN 3 THEN 0 ELSE 1 / (i - 3) END AS y) FROM example.i",
        [[["-0.5"]], [["-1"], ["0"]], [], []],
    ),
    (
        "SELECT STRUCT(SAFE_CAST('99999999999999999999' AS INT64) AS a, SAFE_CAST(1e30 AS INT64) "
        "AS b, SAFE_CAST('0x10' AS INT64) AS c, SAFE_CAST('1_0' AS INT64) AS d, "
        "SAFE_CAST('٣' AS FLOAT64) AS e, -9223372036854775808 AS f) FROM example.i WHERE i = 1",
        [[["NULL", "NULL", "16", "NULL", "NULL", "-9223372036854775808"]], [], [], []],
    ),
    (
        "SELECT STRUCT(MOD(-9223372036854775808, -1 * i) AS y) FROM example.i "
        "WHERE 9007199254740993 * i = 9007199254740992.0 * i AND i < 3",
        [[["0"]], [["0"]], [], []],
    ),
    ("SELECT STRUCT(SUBSTR(t, 2) AS y) FROM example.t", [[[""]], [[""], [""]], [], [[""]]]),
    ("SELECT STRUCT(COALESCE(NULL, i) AS y) FROM example.i WHERE i IS NOT NULL", I),
    ("SELECT STRUCT(i) FROM example.i WHERE i > 1 AND NULL", [[], [], [], []]),
    ("SELECT STRUCT(ARRAY_LENGTH(i) AS n)", [[["1"]], [["2"]], [["NULL"]], [["0"]]]),
    (
        "SELECT STRUCT(0.1 + 0.2 AS a, 1e15 AS b, 123456789012345678 AS c) FROM example.i "
        "WHERE i = 1",
        [[["0.30000000000000004", "1e+15", "123456789012345678"]], [], [], []],
    ),
]  # fmt: skip


@pytest.fixture(scope="module")
def batch() -> Any:
    import pyarrow as pa

    types = {"i": pa.int64(), "x": pa.float32(), "s": pa.large_binary(), "t": pa.large_string()}
    columns = [pa.array(rows, pa.large_list(types[name])) for name, rows in ROWS.items()]
    return pa.RecordBatch.from_arrays(columns, list(ROWS))


@pytest.mark.parametrize(("query", "values"), SAME, ids=[query for query, _ in SAME])
def test_slices_are_those_of_zetasql(batch: Any, query: str, values: list[Any]) -> None:
    from mlops_components.stacks._tfx_bsl import slice_query

    found = slice_query(query, batch.schema).execute(batch)
    assert [[[value for _, value in pairs] for pairs in row] for row in found] == values


def test_slices_are_named_by_the_fields_of_the_struct(batch: Any) -> None:
    from mlops_components.stacks._tfx_bsl import slice_query

    query = "SELECT STRUCT(i, s AS letter, i * 2) FROM example.i, example.s WHERE i = 1"
    found = slice_query(query, batch.schema).execute(batch)
    assert found == [[[("i", "1"), ("letter", "a"), ("", "2")]], [], [], []]


@pytest.mark.parametrize(
    "query",
    [
        "SELECT STRUCT(z) FROM example.z",
        "SELECT z",
        "SELECT i FROM example.i",
        "SELECT STRUCT(i) FROM i",
        "SELECT STRUCT(i) FROM example.i;",
        "SELEC STRUCT(i)",
        "SELECT STRUCT(i > 1 AS y) FROM example.i",
        "SELECT STRUCT(example.x) FROM example.i",
        "SELECT STRUCT(s) FROM example.s WHERE s = 'a'",
        "SELECT STRUCT(i) FROM example.i WHERE i = 'a'",
        "SELECT STRUCT(i) FROM example.i WHERE i",
        "SELECT STRUCT(i) FROM example.i WHERE NOT i",
        "SELECT STRUCT(i) FROM example.i WHERE i = 99999999999999999999",
        "SELECT STRUCT(i) FROM example.i, example.s AS i",
        "SELECT STRUCT(i) FROM example.i NATURAL JOIN example.s",
    ],
)
def test_a_wrong_query_is_refused_before_any_row_is_read(batch: Any, query: str) -> None:
    from mlops_components.sql._types import SqlError
    from mlops_components.stacks._tfx_bsl import slice_query

    with pytest.raises(SqlError):
        slice_query(query, batch.schema)


@pytest.mark.parametrize(
    "query",
    [
        "SELECT STRUCT(i) FROM example.i WHERE i / 0 > 1",
        "SELECT STRUCT(CAST(t AS INT64) AS y) FROM example.t",
        "SELECT STRUCT(i - 9223372036854775807 - 100 AS y) FROM example.i",
        "SELECT STRUCT(DIV(-9223372036854775808, -1 * i) AS y) FROM example.i",
        "SELECT STRUCT(CAST(x * 1e30 AS INT64) AS y) FROM example.x",
    ],
)
def test_a_row_that_cannot_be_computed_is_an_error(batch: Any, query: str) -> None:
    from mlops_components.sql._types import SqlError
    from mlops_components.stacks._tfx_bsl import slice_query

    with pytest.raises(SqlError):
        slice_query(query, batch.schema).execute(batch)


@pytest.mark.parametrize(
    ("query", "message"),
    [
        ("SELECT STRUCT(MAX(i) AS n) FROM example.i", r"MAX\(i\) is not supported; supported are"),
        ("SELECT STRUCT(i) FROM example.i ORDER BY i", "ORDER is not supported"),
        ("SELECT STRUCT(i) FROM example.i GROUP BY i", "GROUP is not supported"),
        ("SELECT STRUCT(i) FROM example.i LIMIT 1", "LIMIT is not supported"),
        ("SELECT STRUCT(i) FROM example.i JOIN example.s ON TRUE", "JOIN is not supported"),
        ("SELECT STRUCT(i) FROM example.i WHERE i IN UNNEST(example.i)", "not supported"),
        ("SELECT STRUCT(i) FROM example.i WHERE EXISTS (SELECT 1)", "not supported"),
        ("SELECT STRUCT(ROUND(x, 1) AS y) FROM example.x", "DECIMALS in .* is not supported"),
        ("SELECT STRUCT(RAND() AS y) FROM example.x", "not supported"),
    ],
)
def test_what_is_not_supported_is_named(batch: Any, query: str, message: str) -> None:
    from mlops_components.sql._types import SqlError
    from mlops_components.stacks._tfx_bsl import HAS_ZETASQL, slice_query

    if HAS_ZETASQL:
        pytest.skip("ZetaSQL is here, which takes more")
    with pytest.raises(SqlError, match=message):
        slice_query(query, batch.schema)


@pytest.mark.parametrize(
    "imports",
    [
        "import mlops_components\nimport tensorflow_model_analysis as tfma",
        "import tensorflow_model_analysis as tfma\nimport mlops_components",
    ],
)
def test_the_names_of_tfma_are_there_in_every_version(imports: str) -> None:
    code = (
        f"{imports}\n"
        "from tensorflow_model_analysis import EvalConfig, SlicingSpec\n"
        "config = tfma.EvalConfig(slicing_specs=[tfma.SlicingSpec(feature_keys=['a'])])\n"
        "config.metrics_specs.add(metrics=[tfma.MetricConfig(class_name='AUC')])\n"
        "assert tfma.sdk.EvalConfig is EvalConfig\n"
        "missing = [n for n in getattr(tfma, '__all__', ()) if not hasattr(tfma, n)]\n"
        "print('missing', missing)\n"
    )
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True)
    assert done.stdout.splitlines()[-1:] == ["missing []"], done.stderr
