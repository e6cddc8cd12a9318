"""The decision about another attempt at a node that failed.

A local run waits and tries again by itself, and so does a container on Kubeflow, which may be
started again in any case: `is_final` ends that attempt before it begins. Airflow gets the number of
attempts and the wait from `RetryIR`, and is asked not to try again what another attempt cannot fix.
"""

from __future__ import annotations

from collections.abc import Iterable

from mlops_pipeline.errors import ExecutorError, RootError, StoreError
from mlops_pipeline.ir import RetryIR
from mlops_pipeline.run_state import LOST, RESUMED, LostError, Outcome
from mlops_pipeline.store import Execution, Run, StaleExecutionError, State

FINAL = "final"
"""Execution property of a failure that another attempt cannot fix."""


def is_retryable(error: BaseException) -> bool:
    """Return True if another attempt could succeed.

    Executors say so themselves; of other errors, those of a store, a root or the system may pass.
    """
    if isinstance(error, ExecutorError):
        return error.retryable
    may_pass = isinstance(error, StoreError | RootError | OSError | LostError)
    return may_pass and not isinstance(error, StaleExecutionError)


def wait_before_retry(retry: RetryIR, attempt: int, outcome: Outcome) -> float | None:
    """Return the seconds until the next attempt; None if there is none.

    Args:
        attempt: number of the attempt that has ended, from 1.
    """
    if not outcome.retryable or attempt >= retry.attempts:
        return None
    pause = retry.wait
    for _ in range(attempt - 1):
        pause = min(pause * retry.factor, retry.max_wait)
    return pause


def failures(executions: Iterable[Execution], outcome: Outcome, run: Run) -> int:
    """Count the failed attempts at the node of an outcome since its run was last resumed.

    Args:
        executions: those of the run.
    """
    place, resumed = (outcome.node_id, outcome.iteration), run.properties.get(RESUMED, 0.0)
    return sum(
        each.state is State.FAILED and each.finished >= resumed
        for each in executions
        if (each.node_id, each.iteration) == place
    )


def is_lost(outcome: Outcome) -> bool:
    """Return True if an attempt did not end by itself: what ran it was taken away."""
    return outcome.state is State.FAILED and LOST in outcome.execution.properties


def is_final(outcome: Outcome, run: Run) -> bool:
    """Return True if a node failed for good since its run was last resumed."""
    if outcome.execution.finished < run.properties.get(RESUMED, 0.0):
        return False
    failed_by_gate = outcome.published and not outcome.state.succeeded
    marked = bool(outcome.execution.properties.get(FINAL))
    return outcome.state is State.FAILED and (marked or failed_by_gate)
