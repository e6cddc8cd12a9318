import os
from pathlib import Path
from typing import Any

import pytest

from mlops_pipeline.artifacts import Examples, Model
from mlops_pipeline.executors import ArtifactRef, Task, execute
from mlops_pipeline.interface import Input, Output
from mlops_pipeline.ir import FunctionExecutor, ResolverExecutor

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
