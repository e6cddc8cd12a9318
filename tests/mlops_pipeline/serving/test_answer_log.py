"""What a server answers, as rows of its request log."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest

from mlops_pipeline.deployment import Arm
from mlops_pipeline.request_log import LogOptions, LogPolicy, RequestLog
from mlops_pipeline.serving import of_lists
from mlops_pipeline.serving.answer_log import AnswerLog
from mlops_pipeline.serving.router import Observation, Prediction, Question


@pytest.fixture
def log(tmp_path: Path) -> Iterator[RequestLog]:
    made = RequestLog(tmp_path, LogPolicy(sample=0.5), LogOptions(seconds=3600))
    yield made
    # Nothing is to be written here: that needs Parquet.
    made._waiting.clear()
    made.close()


def seen(key: str, request_id: str = "r-1") -> Observation:
    question = Question("toy", lambda _: {}, 0.0, key=key, request_id=request_id)
    inputs = {"x": of_lists([[1.0], [2.0]]), "words": of_lists([["a", "b"], ["c", "d"]])}
    found = Prediction({"y": of_lists(0.5)}, inputs, 2, 3, Arm.CANDIDATE, "late", 7, "toy-1")
    return Observation(question, found, "", 0.25)


def test_a_share_of_the_keys_is_logged_always_the_same(log: RequestLog) -> None:
    answers = AnswerLog(log)
    for _ in range(2):
        for number in range(400):
            answers(seen(f"user-{number}"))
    keys = [record.key for record in log._waiting]
    assert 140 < len(set(keys)) < 260
    assert len(keys) == 2 * len(set(keys))
    assert {record.probability for record in log._waiting} == {0.5}


def test_requests_without_a_key_are_drawn_one_by_one(log: RequestLog) -> None:
    answers = AnswerLog(log)
    for number in range(400):
        answers(seen("", f"r-{number}"))
    assert 140 < len(log._waiting) < 260


def test_rows_of_one_value_are_that_value(log: RequestLog) -> None:
    log.policy = LogPolicy({"x": "keep", "words": "keep"})
    AnswerLog(log)(seen("ann", ""))
    (record,) = log._waiting
    values = {name: rows() for name, rows in record.inputs.items()}
    assert values == {"x": [1.0, 2.0], "words": [[b"a", b"b"], [b"c", b"d"]]}
    assert [rows() for rows in record.outputs.values()] == [[0.5]]
    assert record.size > 0
    assert len(record.request_id) == 32
    facts = (record.arm, record.rollout, record.assigned, record.version, record.fallback)
    assert facts == ("candidate", "toy-1", 3, 2, "late")


def test_what_is_not_kept_is_let_go_of_at_once(log: RequestLog) -> None:
    log.policy = LogPolicy({"x": "keep"}, {"y": "drop"})
    AnswerLog(log)(seen("ann"))
    (record,) = log._waiting
    assert (list(record.inputs), list(record.outputs)) == (["x"], [])
