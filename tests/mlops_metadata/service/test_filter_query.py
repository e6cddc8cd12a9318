from __future__ import annotations

import time

import pytest

from mlops_metadata.service.filter_query import read_filter
from mlops_metadata.service.kinds import ARTIFACT, CONTEXT
from mlops_metadata.service.refused import RefusedError

pytestmark = pytest.mark.mlmd


@pytest.mark.parametrize(
    ("query", "where", "values"),
    [
        ("id = 1", "n.id = ?", (1,)),
        ("id <> -1", "n.id != ?", (-1,)),
        ("name LIKE 'a%' AND uri IS NULL", "(n.name LIKE ?) AND ((n.uri) IS NULL)", ("a%",)),
        ("NOT id IN (1, 2)", "NOT (n.id IN (?, ?))", (1, 2)),
        ("id NOT BETWEEN 1 AND 2", "n.id NOT BETWEEN ? AND ?", (1, 2)),
        ("state = LIVE", "n.state = ?", (2,)),
        ("state != LIVE", "n.state != ? OR n.state IS NULL", (2,)),
        ("state NOT IN (LIVE)", "n.state NOT IN (?) OR n.state IS NULL", (2,)),
        ("TRUE OR (id = 1) IS NOT TRUE", "(?) OR (((n.id = ?)) IS NOT TRUE)", (True, 1)),
    ],
)
def test_conditions_are_sql_with_their_values_apart(
    query: str, where: str, values: tuple[object, ...]
) -> None:
    found = read_filter(query, ARTIFACT)
    assert (found.joins, found.where, found.values) == ("", where, values)


@pytest.mark.parametrize(
    ("query", "problem"),
    [
        ("", "end of expression"),
        ("id", "not a valid boolean expression"),
        ("id = 'a'", "INT64, STRING"),
        ("name = NULL", "Unexpected NULL"),
        ("id = 1 = TRUE", "Unexpected '='"),
        ("state = 2", "Unsupported enum value"),
        ("state = NONSENSE", "Unsupported enum value"),
        ("id = 1 id", "Expected end of input but got 'id'"),
        ("id IN ()", "Unexpected ')'"),
        ("(id = 1", "Expected ')' but got end of input"),
        ("id = 99999999999999999999", "Invalid integer literal"),
        ("UPPER(name) = 'A'", "no function UPPER"),
        ("name LIKE 1", "Expected STRING, not INT64"),
        ("id AND TRUE", "Expected BOOL, not INT64"),
        ("NOT id", "Expected BOOL"),
        ("id NOT 1", "Expected LIKE, IN or BETWEEN"),
    ],
)
def test_wrong_queries_are_refused_with_their_place(query: str, problem: str) -> None:
    with pytest.raises(RefusedError, match=r"\[at 1:\d+\]$") as caught:
        read_filter(query, ARTIFACT)
    assert problem in str(caught.value)


@pytest.mark.parametrize(
    ("query", "problem"),
    [
        ("NOT " * 20_000 + "id = 1", "more than 10,000 bytes"),
        ("NOT " * 2_000 + "id = 1", "more than 50 brackets"),
        ("(" * 3_000 + "id = 1" + ")" * 3_000, "more than 50 brackets"),
        ("id=1 OR " * 1_000 + "id=1", "more than 200 comparisons"),
        (f"id IN ({','.join('1' * 3_000)})", "more than 1000 values"),
        (" AND ".join(f"contexts_{n}.id=1" for n in range(100)), "more than 20 neighbours"),
    ],
)
def test_queries_that_are_too_much_are_refused_at_once(query: str, problem: str) -> None:
    start = time.monotonic()
    with pytest.raises(RefusedError, match=problem):
        read_filter(query, ARTIFACT)
    assert time.monotonic() - start < 1


def test_states_of_neighbours_are_known_by_name() -> None:
    found = read_filter("artifacts_a.state = LIVE AND executions_e.last_known_state = NEW", CONTEXT)
    assert found.values == (2, 1)
