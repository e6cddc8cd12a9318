import dataclasses
import enum
from pathlib import Path
from typing import Any, Literal, NamedTuple, TypedDict

import pytest

from mlops_pipeline.artifacts import Examples, Float, Integer, Model, Schema
from mlops_pipeline.executors import ArtifactRef, Task, execute
from mlops_pipeline.interface import Input, Output
from mlops_pipeline.ir import ClassExecutor, FunctionExecutor

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


def train(examples: Input[Examples], *, model: Output[Model]) -> None:
    (model.path / "weights").write_text((examples.path / "rows").read_text())
    model.properties["rows"] = 3


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


class ScanExamples(Examples):
    pass


def test_artifact_is_of_the_stored_subtype():
    ref = ArtifactRef("ScanExamples", "/a")
    run(look, inputs={"one": [ref], "some": []}, many=("some",))
    assert type(SEEN["one"]) is ScanExamples


def label(*, examples: Output[Examples], note: Any = None) -> None:
    examples.set_splits(["train"])
    examples.properties["span"] = note


def test_only_changed_properties_are_reported():
    ref = ArtifactRef("Examples", "/tmp", properties={"version": 2, "span": 1})
    result = run(label, outputs={"examples": ref}, parameters={"note": 1})
    assert result.properties == {"examples": {"split_names": '["train"]'}}


def move(*, examples: Output[Examples]) -> None:
    examples.uri = "/elsewhere"


def test_an_output_stays_where_it_was_given(tmp_path):
    ref = ArtifactRef("Examples", str(tmp_path))
    result = run(move, outputs={"examples": ref})
    assert "changed the uri of output 'examples' to /elsewhere" in result.error
    assert not result.retryable


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
    assert Path(outputs["output"].uri).read_text() == '[{"train": 1, "test": 2.0}]'


class Row(TypedDict):
    name: str


def columns() -> dict[str, str]:
    return {"time": "date", "age": "int"}


def letters() -> set[str]:
    return {*"edcba"}


def open_letters() -> Any:
    return {"found": {*"edcba"}}


def listed_letters() -> list[str]:
    return {*"edcba"}  # type: ignore[return-value]


def deep_letters() -> dict[str, list[str]]:
    return {"found": {*"edcba"}}  # type: ignore[dict-item]


def rows() -> list[Row]:
    return [{"name": "a", "age": 3}]  # type: ignore[typeddict-unknown-key]


def large() -> float:
    return 2**53 + 1


@pytest.mark.parametrize(
    ("function", "text"),
    [
        (columns, '{"time": "date", "age": "int"}'),
        (letters, '["a", "b", "c", "d", "e"]'),
        (open_letters, '{"found": ["a", "b", "c", "d", "e"]}'),
    ],
)
def test_a_dict_keeps_its_order_and_a_set_is_sorted(tmp_path, function, text):
    outputs = value_output(tmp_path, kind="JsonValue")
    assert run(function, outputs=outputs, values=("output",)).error == ""
    assert Path(outputs["output"].uri).read_text() == text


@pytest.mark.parametrize(
    ("function", "message"),
    [
        (listed_letters, "there is a set, whose items have no order"),
        (deep_letters, "there is a set at found, whose items have no order"),
        (rows, "there is no field 'age'"),
        (large, "a float cannot hold all of its digits"),
    ],
)
def test_a_result_that_would_lose_something_is_refused(tmp_path, function, message):
    result = run(function, outputs=value_output(tmp_path, kind="JsonValue"), values=("output",))
    assert message in result.error
    assert not result.retryable


def unannotated():  # type: ignore[no-untyped-def]
    return 3


def annotated_as_nothing() -> None:
    return {"accuracy": 0.9}  # type: ignore[return-value]


class UnannotatedClass:
    def execute(self, task):  # type: ignore[no-untyped-def]
        return 0.5


@pytest.mark.parametrize(
    ("function", "shown"),
    [
        (unannotated, "int 3"),
        (annotated_as_nothing, "dict {'accuracy': 0.9}"),
        (UnannotatedClass, "float 0.5"),
    ],
)
def test_a_returned_value_without_an_output_is_refused(function, shown):
    executor = ClassExecutor if isinstance(function, type) else FunctionExecutor
    result = execute(Task("run-1/node", executor(f"{__name__}:{function.__qualname__}")))
    assert f"the executor returned {shown}, but it has no output for it" in result.error
    assert "annotate what it returns" in result.hint


def split_too_much() -> SplitDict:
    return {"train": 2, "test": 0.5, "eval": 1}  # type: ignore[typeddict-unknown-key]


def test_further_field_of_a_result_is_refused(tmp_path):
    outputs = value_output(tmp_path, "train") | value_output(tmp_path, "test", "Float")
    result = run(split_too_much, outputs=outputs, values=("train", "test"))
    assert "returned eval, which its return type lacks" in result.error


def takes_row(row: Row) -> None:
    SEEN.update(row)


def test_a_field_that_the_type_of_a_parameter_lacks_is_refused():
    result = run(takes_row, parameters={"row": {"name": "a", "age": 3}})
    assert "there is no field 'age'" in result.error
    assert SEEN == {}
