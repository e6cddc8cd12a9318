"""What was answered, as columns with one row of each key."""

from __future__ import annotations

from pathlib import Path

import pytest
from logged_requests import DAY, NOON, record, written

from mlops_pipeline.errors import NotFoundError, ParameterError
from mlops_pipeline.request_log import LogPolicy, answered_columns

pytestmark = pytest.mark.ml  # Parquet.


def test_the_first_row_of_each_key_counts(tmp_path: Path) -> None:
    policy = LogPolicy({"age": "keep"})
    requests = [
        record(NOON + n, {"age": [n]}, key=key, outputs={"scores": [[n / 10, 1 - n / 10]]}, **more)
        for n, (key, more) in enumerate(
            [
                ("ann", {}),
                ("ann", {}),
                ("bob", {}),
                ("", {}),
                ("", {}),
                ("eve", {"status": "raised"}),
                ("joe", {"shadow": True}),
            ]
        )
    ]
    written(tmp_path, *requests, policy=policy)
    found = answered_columns(tmp_path, "taxi", NOON, NOON + 60)
    assert found["in.age"] == [0, 2, 3, 4]
    assert found["out.scores[0]"] == [0.0, 0.2, 0.3, 0.4]
    assert set(found) == {"in.age", "out.scores[0]", "out.scores[1]"}


def test_a_time_without_answers_and_one_with_several_shares_are_refused(tmp_path: Path) -> None:
    written(tmp_path, record(NOON, probability=0.5), record(NOON + 1, probability=0.1))
    with pytest.raises(ParameterError, match="answered nothing"):
        answered_columns(tmp_path, "taxi", NOON - DAY, NOON)
    with pytest.raises(ParameterError, match="2 probabilities"):
        answered_columns(tmp_path, "taxi", NOON, NOON + 60)
    with pytest.raises(NotFoundError):
        answered_columns(tmp_path, "nobody", NOON, NOON + 60)
