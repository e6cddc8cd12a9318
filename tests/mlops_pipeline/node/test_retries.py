from __future__ import annotations

import pytest

from mlops_pipeline.errors import ExecutorError, PipelineError, StoreError
from mlops_pipeline.ir import RetryIR
from mlops_pipeline.node.retries import FINAL, is_final, is_retryable, wait_before_retry
from mlops_pipeline.run_state import RESUMED, Outcome
from mlops_pipeline.store import Execution, Run, StaleExecutionError, State

RETRY = RetryIR(attempts=5, wait=2.0, factor=3.0, max_wait=20.0)


def outcome(*, retryable: bool = True, finished: float = 10.0, **properties: bool) -> Outcome:
    execution = Execution(
        "t", "p", "r", "N", state=State.FAILED, finished=finished, properties=properties
    )
    return Outcome("N", (), execution, retryable=retryable)


@pytest.mark.parametrize(
    ("error", "expected"),
    [
        (OSError("no route"), True),
        (StoreError("locked"), True),
        (StaleExecutionError("reaped"), False),
        (ExecutorError("died", retryable=True), True),
        (ExecutorError("bad data", retryable=False), False),
        (PipelineError("no such input"), False),
        (KeyError("a"), False),
    ],
)
def test_an_attempt_is_made_again_where_it_could_succeed(error: Exception, expected: bool) -> None:
    assert is_retryable(error) is expected


def test_waits_grow_up_to_the_longest_and_end_with_the_attempts() -> None:
    waits = [wait_before_retry(RETRY, attempt, outcome()) for attempt in (1, 2, 3, 4, 5)]
    assert waits == [2.0, 6.0, 18.0, 20.0, None]


def test_what_cannot_succeed_is_not_tried_again() -> None:
    assert wait_before_retry(RETRY, 1, outcome(retryable=False)) is None


def test_a_failure_is_final_until_its_run_is_resumed() -> None:
    failed = outcome(**{FINAL: True})
    assert is_final(failed, Run("r", "p"))
    assert not is_final(failed, Run("r", "p", properties={RESUMED: 11.0}))
    assert not is_final(outcome(), Run("r", "p"))
