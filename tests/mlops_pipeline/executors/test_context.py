from typing import Any

import pytest

from mlops_pipeline.errors import DefinitionError
from mlops_pipeline.executors import Task, current_task, execute
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


def checkpoint() -> None:
    SEEN["task"] = current_task()


def test_function_can_ask_for_its_folders(tmp_path):
    scratch, state = tmp_path / "scratch", tmp_path / "state"
    run(checkpoint, scratch=str(scratch), state_dir=str(state))
    assert SEEN["task"].name == "run-1/node"
    assert SEEN["task"].scratch.is_dir()
    assert SEEN["task"].state_dir == state


def test_asking_for_the_task_outside_of_one_is_an_error():
    with pytest.raises(DefinitionError, match="outside a running executor"):
        current_task()
