import sys
from typing import Any

import pytest

from mlops_pipeline.artifacts import Model
from mlops_pipeline.errors import ExecutorError, NotFoundError
from mlops_pipeline.executors import ArtifactRef, Task, execute
from mlops_pipeline.interface import Output
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


def remember(token: str, *, model: Output[Model]) -> None:
    model.properties["url"] = {"with": [f"https://{token}@host"]}


def test_secret_in_a_property_is_hidden(monkeypatch, tmp_path):
    monkeypatch.setenv("API_TOKEN", "s3cr3t")
    outputs = {"model": ArtifactRef("Model", str(tmp_path))}
    result = run(remember, secrets={"token": "API_TOKEN"}, outputs=outputs)
    assert result.properties == {"model": {"url": {"with": ["https://***@host"]}}}


def give_up(retryable: bool) -> None:
    raise ExecutorError("quota used up", hint="wait", retryable=retryable, details="429")


@pytest.mark.parametrize("retryable", [True, False])
def test_executor_error_says_itself_whether_to_try_again(retryable):
    result = run(give_up, parameters={"retryable": retryable})
    assert (result.error, result.hint, result.details) == ("quota used up", "wait", "429")
    assert result.retryable is retryable


def look_for_split() -> None:
    raise NotFoundError("no split 'eval'", hint="its splits are train")


def test_other_errors_of_the_framework_are_not_tried_again():
    result = run(look_for_split)
    assert (result.error, result.hint) == ("no split 'eval'", "its splits are train")
    assert not result.retryable


def leave() -> None:
    sys.exit(3)


def test_sys_exit_is_a_failure_and_not_an_exit():
    result = run(leave)
    assert result.error == "SystemExit: 3"
    assert "must not end its process" in result.hint


def interrupt() -> None:
    raise KeyboardInterrupt


def test_keyboard_interrupt_gets_through():
    with pytest.raises(KeyboardInterrupt):
        run(interrupt)
