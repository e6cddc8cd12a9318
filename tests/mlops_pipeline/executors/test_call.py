import enum
import sys
from typing import Any

import pytest

from mlops_pipeline.artifacts import Examples, Integer
from mlops_pipeline.executors import ArtifactRef, Task, TaskContext, execute
from mlops_pipeline.interface import Input
from mlops_pipeline.ir import ClassExecutor, FunctionExecutor

SEEN: dict[str, Any] = {}


@pytest.fixture(autouse=True)
def _nothing_seen():
    SEEN.clear()


def value_output(tmp_path, name="output", kind="Integer"):
    return {name: ArtifactRef(kind, str(tmp_path / name / "value"))}


class Optimizer(enum.Enum):
    SGD = "sgd"


@pytest.mark.parametrize(
    ("target", "error", "hint"),
    [
        ("no_such_module_x:f", "cannot import no_such_module_x", "in the folder of the module"),
        ("json:dumpss", "json has no 'dumpss'", "did you mean 'dumps'?"),
    ],
)
def test_target_that_is_not_there_is_named(target, error, hint):
    result = execute(Task("run-1/node", FunctionExecutor(target)))
    assert error in result.error
    assert hint in result.hint
    assert not result.retryable


def test_module_that_fails_to_import_shows_why(tmp_path, monkeypatch):
    monkeypatch.setattr(sys, "path", list(sys.path))
    (tmp_path / "broken_user_module.py").write_text("import absent_library\n")
    result = execute(
        Task(
            "run-1/node",
            FunctionExecutor("broken_user_module:f"),
            import_paths=(str(tmp_path),),
        )
    )
    assert result.error == (
        "cannot import broken_user_module: ModuleNotFoundError: No module named 'absent_library'"
    )
    assert result.hint == "install what provides 'absent_library' in this environment"
    assert "import absent_library" in result.details


def test_first_import_path_wins(tmp_path, monkeypatch):
    monkeypatch.setattr(sys, "path", list(sys.path))
    for name in ("first", "second"):
        (tmp_path / name).mkdir()
        (tmp_path / name / "which_user_module.py").write_text(f"def f(): raise OSError('{name}')")
    paths = (str(tmp_path / "first"), str(tmp_path / "second"))
    for _ in range(2):
        result = execute(
            Task("run-1/node", FunctionExecutor("which_user_module:f"), import_paths=paths)
        )
        assert result.error == "OSError: first"
    assert sys.path[:2] == list(paths)
    assert sys.path.count(paths[0]) == 1


class Counter:
    def execute(self, task: TaskContext) -> int:
        SEEN["task"] = task
        assert isinstance(task.inputs["one"], Examples)
        return len(task.parameters["words"])


class CounterComponent:
    """What a component with a class executor looks like from here."""

    executor = Counter

    @staticmethod
    def function(one: Input[Examples], words: set[str]) -> int: ...  # type: ignore[empty-body]


@pytest.mark.parametrize("target", ["CounterComponent", "Counter"])
def test_class_executor_is_given_the_task(tmp_path, target):
    task = Task(
        "run-1/node",
        ClassExecutor(f"{__name__}:{target}"),
        inputs={"one": [ArtifactRef("Examples", "/a")]},
        outputs=value_output(tmp_path),
        values=("output",),
        parameters={"words": ["a", "b"]},
        scratch=str(tmp_path / "scratch"),
    )
    result = execute(task)
    # Only a component says what its inputs and parameters are.
    if target == "CounterComponent":
        assert SEEN["task"].parameters == {"words": {"a", "b"}}
    assert result.error == ""
    assert Integer(str(tmp_path / "output" / "value")).read() == 2
    assert SEEN["task"].scratch.is_dir()


def test_class_without_execute_is_refused():
    result = execute(Task("run-1/node", ClassExecutor(f"{__name__}:Optimizer")))
    assert "has no method execute(task)" in result.error
