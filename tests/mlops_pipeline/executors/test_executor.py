import enum
import os
import sys
from pathlib import Path
from typing import Any

import pytest

from mlops_pipeline.artifacts import Examples, Integer, Model
from mlops_pipeline.executors import ArtifactRef, Task, TaskContext, execute
from mlops_pipeline.interface import Input, Output
from mlops_pipeline.ir import ClassExecutor, FunctionExecutor, ResolverExecutor

SEEN: dict[str, Any] = {}


@pytest.fixture(autouse=True)
def _nothing_seen():
    SEEN.clear()


def task_of(function, **fields):
    target = f"{__name__}:{function.__qualname__}"
    return Task("run-1/node", FunctionExecutor(target), **fields)


def run(function, **fields):
    return execute(task_of(function, **fields))


def train(examples: Input[Examples], *, model: Output[Model]) -> None:
    (model.path / "weights").write_text((examples.path / "rows").read_text())
    model.properties["rows"] = 3


def test_function_reads_its_inputs_and_writes_into_a_folder_that_is_there(tmp_path):
    (tmp_path / "examples").mkdir()
    (tmp_path / "examples" / "rows").write_text("1,2,3")
    result = run(
        train,
        inputs={"examples": [ArtifactRef("Examples", str(tmp_path / "examples"), id=7)]},
        outputs={"model": ArtifactRef("Model", str(tmp_path / "staging" / "model"))},
    )
    assert result.error == ""
    assert result.properties == {"model": {"rows": 3}}
    assert (tmp_path / "staging" / "model" / "weights").read_text() == "1,2,3"


def label(*, examples: Output[Examples], note: Any = None) -> None:
    examples.set_splits(["train"])
    examples.properties["span"] = note


def test_property_of_the_wrong_type_is_named():
    ref = ArtifactRef("Examples", "/tmp")
    result = run(label, outputs={"examples": ref}, parameters={"note": "one"})
    assert result.error == ("property 'span' of output 'examples' takes int, not str 'one'")
    assert not result.retryable


def spend(token: str) -> None:
    SEEN["token"] = token
    raise ValueError(f"refused {token!r}")


def test_secret_reaches_the_function_and_nothing_else(monkeypatch):
    monkeypatch.setenv("API_TOKEN", "s3cr3t'key")
    result = run(spend, secrets={"token": "API_TOKEN"})
    assert SEEN["token"] == "s3cr3t'key"
    assert result.error == 'ValueError: refused "***"'
    assert "s3cr3t" not in repr(result)


def test_missing_secret_is_named_and_not_tried_again(monkeypatch):
    monkeypatch.delenv("API_TOKEN", raising=False)
    result = run(spend, secrets={"token": "API_TOKEN"})
    assert "the environment variable API_TOKEN, which is not set" in result.error
    assert not result.retryable


def wander(folder: Path) -> None:
    os.chdir(folder)
    os.environ["LEFT_BEHIND"] = "1"
    os.environ["HOME"] = "elsewhere"


def test_working_folder_and_environment_are_put_back(tmp_path):
    before = Path.cwd(), dict(os.environ)
    assert run(wander, parameters={"folder": str(tmp_path)}).error == ""
    assert (Path.cwd(), dict(os.environ)) == before


def test_resolver_has_nothing_to_execute():
    assert execute(Task("run-1/node", ResolverExecutor())).error == ""


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


def test_a_plain_function_of_a_package_is_not_run() -> None:
    result = execute(Task("r/n", FunctionExecutor("msgspec.json:_nothing")))
    assert "has no" in result.error
    result = execute(Task("r/n", FunctionExecutor("click:echo"), parameters={"message": "run"}))
    assert "click:echo is no component: it is not run" in result.error
