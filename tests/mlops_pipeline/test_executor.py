import dataclasses
import enum
import os
import sys
from pathlib import Path
from typing import Any, Literal, NamedTuple, TypedDict

import pytest

from mlops_pipeline.artifacts import Examples, Float, Integer, Model, Schema
from mlops_pipeline.errors import DefinitionError, ExecutorError, NotFoundError
from mlops_pipeline.executors import ArtifactRef, Task, TaskContext, current_task, execute
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


def value_output(tmp_path, name="output", kind="Integer"):
    return {name: ArtifactRef(kind, str(tmp_path / name / "value"))}


# Artifacts.


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


def look(
    one: Input[Examples], some: list[Input[Examples]], missing: Input[Schema] | None = None
) -> None:
    SEEN.update(one=one, some=some, missing=missing)


def test_single_list_and_optional_inputs_arrive_as_annotated():
    first = ArtifactRef("Examples", "/a", id=1, properties={"span": 4}, digest="d")
    second = ArtifactRef("Examples", "/b", id=2)
    result = run(
        look, inputs={"one": [first], "some": [first, second], "missing": []}, many=("some",)
    )
    assert result.error == ""
    one = SEEN["one"]
    assert isinstance(one, Examples)
    assert (one.uri, one.id, one.properties, one.digest) == ("/a", 1, {"span": 4}, "d")
    assert [artifact.id for artifact in SEEN["some"]] == [1, 2]
    assert SEEN["missing"] is None


def test_input_of_one_artifact_refuses_two():
    refs = [ArtifactRef("Examples", "/a"), ArtifactRef("Examples", "/b")]
    result = run(look, inputs={"one": refs, "some": []}, many=("some",))
    assert result.error == "input 'one' takes one artifact, but 2 were found"
    assert not result.retryable


class ImageExamples(Examples):
    pass


def test_artifact_is_of_the_stored_subtype():
    ref = ArtifactRef("ImageExamples", "/a")
    run(look, inputs={"one": [ref], "some": []}, many=("some",))
    assert type(SEEN["one"]) is ImageExamples


def label(*, examples: Output[Examples], note: Any = None) -> None:
    examples.set_splits(["train"])
    examples.properties["span"] = note


def test_only_changed_properties_are_reported():
    ref = ArtifactRef("Examples", "/tmp", properties={"version": 2, "span": 1})
    result = run(label, outputs={"examples": ref}, parameters={"note": 1})
    assert result.properties == {"examples": {"split_names": '["train"]'}}


def test_property_of_the_wrong_type_is_named():
    ref = ArtifactRef("Examples", "/tmp")
    result = run(label, outputs={"examples": ref}, parameters={"note": "one"})
    assert result.error == ("property 'span' of output 'examples' takes int, not str 'one'")
    assert not result.retryable


# Parameters.


class Optimizer(enum.Enum):
    SGD = "sgd"


@dataclasses.dataclass
class Layers:
    units: list[int]
    vocabulary: Path | None = None


def configure(
    steps: int,
    rate: float = 0.5,
    optimizer: Optimizer = Optimizer.SGD,
    layers: Layers | None = None,
    data: Path = Path("default"),
    mode: Literal["fast", "slow"] = "fast",
    weights: dict[int, float] | None = None,
) -> None:
    SEEN.update(locals())


def test_parameters_arrive_in_the_types_of_the_signature():
    values = {
        "steps": 3,
        "rate": 1,
        "optimizer": "sgd",
        "layers": {"units": [8], "vocabulary": "/v"},
        "data": "/data/rows.csv",
        "weights": {"1": 0.5},
    }
    assert run(configure, parameters=values).error == ""
    expected = {
        "steps": 3,
        "rate": 1.0,
        "optimizer": Optimizer.SGD,
        "layers": Layers([8], Path("/v")),
        "data": Path("/data/rows.csv"),
        "mode": "fast",
        "weights": {1: 0.5},
    }
    assert expected == SEEN
    assert isinstance(SEEN["rate"], float)


@pytest.mark.parametrize(
    ("values", "message"),
    [
        ({"steps": "3"}, "parameter 'steps' takes int: Expected `int`, got `str`"),
        ({"steps": 3, "mode": "quick"}, "Invalid enum value 'quick'"),
        ({"stops": 3}, "the executor takes no 'stops'"),
        ({}, "the executor needs 'steps', which was not given"),
    ],
)
def test_wrong_parameter_is_named_and_not_tried_again(values, message):
    result = run(configure, parameters=values)
    assert message in result.error
    assert not result.retryable


def test_unknown_parameter_has_a_near_miss():
    assert run(configure, parameters={"stops": 3}).hint == "did you mean 'steps'?"


# Values.


def count(value: Any = 3) -> int:
    return value  # type: ignore[no-any-return]


def test_returned_value_is_written(tmp_path):
    result = run(count, outputs=value_output(tmp_path), values=("output",))
    assert result.error == ""
    assert Integer(str(tmp_path / "output" / "value")).read() == 3


class NumpyNumber:
    """Has of a NumPy scalar what matters here."""

    shape = ()

    def item(self) -> int:
        return 4


def measure() -> float:
    return NumpyNumber()  # type: ignore[return-value]


def test_scalar_of_an_array_library_is_taken_as_a_number(tmp_path):
    outputs = value_output(tmp_path, kind="Float")
    assert run(measure, outputs=outputs, values=("output",)).error == ""
    assert Float(outputs["output"].uri).read() == 4.0


@pytest.mark.parametrize(
    ("value", "message"),
    [("three", "returned str 'three'"), (None, "returned None"), (True, "returned bool True")],
)
def test_returned_value_of_the_wrong_type_is_refused(tmp_path, value, message):
    outputs = value_output(tmp_path)
    result = run(count, outputs=outputs, values=("output",), parameters={"value": value})
    assert "the value of output 'output' must be int" in result.error
    assert message in result.error
    assert not result.retryable


class Split(NamedTuple):
    train: int
    test: float


class SplitDict(TypedDict):
    train: int
    test: float


@dataclasses.dataclass
class SplitData:
    train: int
    test: float


def split_tuple() -> Split:
    return Split(2, 0.5)


def split_dict() -> SplitDict:
    return {"train": 2, "test": 0.5}


def split_data() -> SplitData:
    return SplitData(2, 0.5)


@pytest.mark.parametrize("function", [split_tuple, split_dict, split_data])
def test_each_field_of_a_result_becomes_a_value(tmp_path, function):
    outputs = value_output(tmp_path, "train") | value_output(tmp_path, "test", "Float")
    assert run(function, outputs=outputs, values=("train", "test")).error == ""
    assert Integer(outputs["train"].uri).read() == 2
    assert Float(outputs["test"].uri).read() == 0.5


def split_partly() -> SplitDict:
    return {"train": 2}  # type: ignore[typeddict-item]


def test_missing_field_of_a_result_is_named(tmp_path):
    outputs = value_output(tmp_path, "train") | value_output(tmp_path, "test", "Float")
    result = run(split_partly, outputs=outputs, values=("train", "test"))
    assert "without test" in result.error


def table() -> list[SplitData]:
    return [SplitData(1, 2.0)]


def test_structured_value_is_written_as_json(tmp_path):
    outputs = value_output(tmp_path, kind="JsonValue")
    assert run(table, outputs=outputs, values=("output",)).error == ""
    assert Path(outputs["output"].uri).read_text() == '[{"test": 2.0, "train": 1}]'


# Secrets.


def spend(token: str) -> None:
    SEEN["token"] = token
    raise ValueError(f"refused {token!r}")


def test_secret_reaches_the_function_and_nothing_else(monkeypatch):
    monkeypatch.setenv("API_TOKEN", "s3cr3t'key")
    result = run(spend, secrets={"token": "API_TOKEN"})
    assert SEEN["token"] == "s3cr3t'key"
    assert result.error == 'ValueError: refused "***"'
    assert "s3cr3t" not in repr(result)


def remember(token: str, *, model: Output[Model]) -> None:
    model.properties["url"] = {"with": [f"https://{token}@host"]}


def test_secret_in_a_property_is_hidden(monkeypatch, tmp_path):
    monkeypatch.setenv("API_TOKEN", "s3cr3t")
    outputs = {"model": ArtifactRef("Model", str(tmp_path))}
    result = run(remember, secrets={"token": "API_TOKEN"}, outputs=outputs)
    assert result.properties == {"model": {"url": {"with": ["https://***@host"]}}}


def test_missing_secret_is_named_and_not_tried_again(monkeypatch):
    monkeypatch.delenv("API_TOKEN", raising=False)
    result = run(spend, secrets={"token": "API_TOKEN"})
    assert "the environment variable API_TOKEN, which is not set" in result.error
    assert not result.retryable


# Failures.


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


# Surroundings.


def wander(folder: Path) -> None:
    os.chdir(folder)
    os.environ["LEFT_BEHIND"] = "1"
    os.environ["HOME"] = "elsewhere"


def test_working_folder_and_environment_are_put_back(tmp_path):
    before = Path.cwd(), dict(os.environ)
    assert run(wander, parameters={"folder": str(tmp_path)}).error == ""
    assert (Path.cwd(), dict(os.environ)) == before


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


# Other executors.


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


def test_resolver_has_nothing_to_execute():
    assert execute(Task("run-1/node", ResolverExecutor())).error == ""
