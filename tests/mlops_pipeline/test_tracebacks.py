from typing import Any

import pytest

from mlops_pipeline.executors import Task, execute
from mlops_pipeline.ir import FunctionExecutor

SEEN: dict[str, Any] = {}


@pytest.fixture(autouse=True)
def _nothing_seen():
    SEEN.clear()


def task_of(function, **fields):
    target = f"{__name__}:{function.__qualname__}"
    return Task("run-1/node", FunctionExecutor(target), **fields)


def run(function, **fields):
    return execute(task_of(function, **fields))


def fail() -> None:
    raise ValueError("no rows\nat all")


def test_exception_is_one_line_and_its_traceback_starts_at_the_users_frame():
    result = run(fail)
    assert result.error == "ValueError: no rows"
    assert result.retryable
    lines = result.details.splitlines()
    assert lines[0] == "Traceback (most recent call last):"
    assert __file__ in lines[1]
    assert lines[-2:] == ["ValueError: no rows", "at all"]


def fail_at_length() -> None:
    raise ValueError("\n".join(f"line {n} {'x' * 90}" for n in range(500)))


def test_long_traceback_is_cut_from_its_start():
    details = run(fail_at_length).details
    assert len(details.encode()) <= 8_000
    assert details.startswith("...\nline ")
    assert details.splitlines()[-1].startswith("line 499")
