"""Queries that fit no batch, known from the slices that count."""

from collections import Counter

import pytest

from mlops_components.sql._unfit import unfit_key, unfit_queries

A, B = "SELECT STRUCT(a) FROM example.a", "SELECT STRUCT(b) FROM example.b"


def counts(*batches: tuple[int, list[str]]) -> tuple[set[str], list[str]]:
    """Count batches, each with its number of rows and the queries that do not fit."""
    rows = Counter({"a_1": 2})
    for size, unfit in batches:
        rows.update({unfit_key(sql): size for sql in unfit})
    return unfit_queries(rows, sum(size for size, _ in batches))


@pytest.mark.parametrize(
    ("batches", "useless"),
    [
        ([(5, []), (5, [])], []),
        ([(5, [A]), (5, [A])], [A]),
        ([(5, [A, B]), (5, [A, B])], [A, B]),
        ([(5, [A]), (5, [B])], []),
        ([(5, [A, B]), (5, [B])], [B]),
        ([(0, [A])], []),
    ],
)
def test_a_query_is_useless_if_it_fits_no_batch(
    batches: list[tuple[int, list[str]]], useless: list[str]
) -> None:
    counted, found = counts(*batches)
    assert found == useless
    assert counted == {unfit_key(sql) for _, unfit in batches for sql in unfit}
