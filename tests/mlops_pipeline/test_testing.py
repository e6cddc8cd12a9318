from pathlib import Path
from typing import NamedTuple

import pytest

from mlops_pipeline.artifacts import Examples, Integer, Model, Schema
from mlops_pipeline.authoring import component, pipeline
from mlops_pipeline.errors import (
    DefinitionError,
    NotFoundError,
    ParameterError,
    RunFailedError,
    WiringError,
)
from mlops_pipeline.executors import TaskContext, current_task
from mlops_pipeline.interface import Input, Output, Secret
from mlops_pipeline.store import State
from mlops_pipeline.testing import artifact, run_component, run_pipeline


@component
def CountRows(
    examples: Input[Examples], schema: Input[Schema] | None = None, *, header: bool = True
) -> int:
    rows = (examples.split("train") / "rows.csv").read_text().splitlines()
    return len(rows) - header


def some_rows():
    rows = artifact(Examples, {"Split-train/rows.csv": "a\n1\n2\n"}, span=3)
    rows.set_splits(["train"])
    return rows


def test_component_is_run_with_artifacts_and_parameters():
    assert run_component(CountRows, examples=some_rows()).value == 2
    assert run_component(CountRows, examples=some_rows(), header=False).value == 3


@component
def Train(
    examples: list[Input[Examples]], bias: Input[Integer], *, model: Output[Model], data: Path
) -> None:
    state = current_task().state_dir / "checkpoint"
    state.write_text("half way")
    (model.path / "weights").write_text(f"{len(examples)} {bias.read()} {data.read_text()}")
    model.properties["rows"] = 3


def test_written_artifacts_have_files_and_properties(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    Path("data.txt").write_text("data")
    result = run_component(Train, examples=[some_rows()] * 2, bias=7, data=Path("data.txt"))
    model = result.outputs["model"]
    assert isinstance(model, Model)
    assert (model.path / "weights").read_text() == "2 7 data"
    assert model.properties == {"rows": 3}
    with pytest.raises(NotFoundError, match="it returns none"):
        _ = result.value


class Halves(NamedTuple):
    train: int
    test: int


@component
def Halve(count: Input[Integer]) -> Halves:
    return Halves(count.read() // 2, count.read() - count.read() // 2)


def test_several_values_are_read_by_name():
    result = run_component(Halve, count=artifact(Integer, 5))
    assert result.values == {"train": 2, "test": 3}
    with pytest.raises(NotFoundError, match="2 values: train, test"):
        _ = result.value


class Reader:
    def execute(self, task: TaskContext) -> int:
        return task.parameters["rows"] + 1


@component(executor=Reader)
def WithClass(rows: int) -> int: ...


def test_class_executor_is_run_too():
    assert run_component(WithClass, rows=1).value == 2


@component
def Push(token: Secret, url: Secret = Secret("PUSH_URL")) -> str:  # noqa: B008 - as users do
    return f"{token} {url}"


def test_secret_is_given_as_itself_or_taken_from_the_environment(monkeypatch):
    monkeypatch.setenv("PUSH_URL", "from environment")
    assert run_component(Push, token="given").value == "given from environment"


@component
def Fail() -> None:
    raise KeyError("lost")


def test_exception_of_the_component_comes_as_it_is():
    with pytest.raises(KeyError, match="lost"):
        run_component(Fail)


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        ({}, "CountRows needs 'examples'"),
        ({"example": 1}, "did you mean 'examples'"),
        ({"examples": "rows.csv"}, "CountRows.examples takes Examples, not 'rows.csv'"),
        ({"examples": artifact(Model)}, "pass artifact(Examples, ...)"),
    ],
)
def test_wrong_arguments_are_named(arguments, message):
    with pytest.raises(WiringError) as caught:
        run_component(CountRows, **arguments)
    assert message in str(caught.value)


def test_parameter_of_the_wrong_type_is_named():
    with pytest.raises(ParameterError, match="parameter 'header' takes bool"):
        run_component(CountRows, examples=some_rows(), header="yes")


def test_only_components_are_run():
    with pytest.raises(DefinitionError, match="takes a component"):
        run_component(some_rows)


@component
def Number(value: int) -> int:
    return value


@component
def Double(value: int) -> int:
    if value == 13:
        raise ValueError("unlucky")
    return 2 * value


@pipeline
def doubling(value: int = 2) -> None:
    number = Number(value=value)
    Double(value=number.outputs["output"].value)


def test_pipeline_is_run_in_memory():
    run = run_pipeline(doubling, value=5).check()
    assert run["Double"].artifact().read() == 10
    assert run.decisions == {"Number": "run", "Double": "run"}


def test_failed_node_of_a_pipeline_is_told_on_request():
    run = run_pipeline(doubling, value=13)
    assert run.state is State.FAILED
    assert [node.name for node in run.failed] == ["Double"]
    with pytest.raises(RunFailedError, match="unlucky"):
        run.check()
