from __future__ import annotations

import sys
from pathlib import Path

import pytest

from mlops_pipeline import (
    Examples,
    Output,
    component,
    ir,
)
from mlops_pipeline.errors import DefinitionError, ExecutorError, ResolutionError
from mlops_pipeline.executors import ArtifactRef, Task, execute
from mlops_pipeline.ir import FunctionExecutor
from mlops_pipeline.resolvers import Query, ask_resolver, find_resolver
from mlops_pipeline.store import ArtifactRecord, MemoryStore
from mlops_pipeline.user_code import load_target, target_of

BOTH = """
from mlops_pipeline.store.records import ArtifactRecord

def pick(query):
    return [ArtifactRecord("Model", {folder!r})]

def where() -> str:
    return {folder!r}
"""


@pytest.fixture
def two_of_a_name(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A module in the project, and another of its name that stands before it on the path."""
    for folder in ("other", "project"):
        (tmp_path / folder).mkdir()
        text = BOTH.format(folder=folder)
        (tmp_path / folder / "twice_there.py").write_text(text)
    paths = [str(tmp_path / "other"), str(tmp_path / "project")]
    monkeypatch.setattr(sys, "path", [*paths, *sys.path])
    monkeypatch.delitem(sys.modules, "twice_there", raising=False)
    return tmp_path / "project"


def _component(folder: Path, import_paths: tuple[str, ...]) -> str:
    task = Task(
        name="r/Node",
        executor=FunctionExecutor("twice_there:where"),
        outputs={"output": ArtifactRef("String", str(folder / "out" / "value"))},
        values=("output",),
        import_paths=import_paths,
    )
    assert execute(task).error == ""
    return (folder / "out" / "value").read_text()


def _resolver(import_paths: tuple[str, ...]) -> str:
    query = Query(MemoryStore(), "p", "r", "Model")
    (record,) = ask_resolver("twice_there:pick", query, import_paths)
    assert isinstance(record, ArtifactRecord)
    return record.uri


@pytest.mark.parametrize("order", ["resolver first", "component first"])
def test_a_resolver_and_a_component_of_one_name_are_of_the_same_module(
    two_of_a_name: Path, tmp_path: Path, order: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    given = (str(two_of_a_name),)
    if order == "resolver first":
        assert _resolver(given) == "project"
        assert _component(tmp_path, given) == "project"
    else:
        assert _component(tmp_path, given) == "project"
        assert _resolver(given) == "project"
    monkeypatch.delitem(sys.modules, "twice_there")


def test_what_is_not_there_is_named_with_the_nearest_name() -> None:
    with pytest.raises(ExecutorError, match="has no 'lattest'") as caught:
        load_target("mlops_pipeline.resolvers:lattest")
    assert "latest" in caught.value.hint
    with pytest.raises(ResolutionError, match="cannot import the resolver no_such_module:x"):
        find_resolver("no_such_module:x")


HERE = __name__


@component
def Make(n: int = 1, *, examples: Output[Examples]) -> None:
    """Make examples.

    In two paragraphs.
    """


def notebook_cell() -> None: ...


def test_a_component_of_a_notebook_is_refused(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(notebook_cell, "__module__", "__main__")
    monkeypatch.delattr(sys.modules["__main__"], "__file__", raising=False)
    monkeypatch.setattr(sys.modules["__main__"], "__spec__", None, raising=False)
    with pytest.raises(DefinitionError, match="defined in a notebook") as caught:
        component(notebook_cell)
    assert ".py file" in caught.value.hint


def test_a_component_of_a_script_is_named_by_its_file(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(notebook_cell, "__module__", "__main__")
    monkeypatch.setattr(sys.modules["__main__"], "__spec__", None, raising=False)
    monkeypatch.setattr(sys.modules["__main__"], "__file__", "/project/train.py", raising=False)
    made = component(notebook_cell)
    assert made.identity == "train.notebook_cell"
    assert made.definition.executor == ir.FunctionExecutor("train:notebook_cell")


def test_targets_lead_to_the_function_of_a_component() -> None:
    assert target_of(Make, "component") == f"{HERE}:Make"


def test_a_component_read_from_standard_input_has_no_module(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr(notebook_cell, "__module__", "__main__")
    monkeypatch.setattr(sys.modules["__main__"], "__spec__", None, raising=False)
    monkeypatch.setattr(sys.modules["__main__"], "__file__", "<stdin>", raising=False)
    with pytest.raises(DefinitionError, match="defined in a notebook or an interpreter"):
        component(notebook_cell)


@pytest.mark.parametrize(
    "target",
    [
        *("os:system", "subprocess:run", "builtins:exec", "shutil:rmtree"),
        *("takes_from_python:os.system", "takes_from_python:os"),
        *("takes_from_python:system", "takes_from_python:partial", "takes_from_python:bound"),
    ],
)
def test_what_is_part_of_python_is_not_run(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, target: str
) -> None:
    text = "import os\nfrom functools import partial\nfrom os import system\n"
    text += "bound = partial(system, 'true')\ndef own(x): return x\nours = partial(own, 1)\n"
    (tmp_path / "takes_from_python.py").write_text(text)
    monkeypatch.delitem(sys.modules, "takes_from_python", raising=False)
    with pytest.raises(ExecutorError, match="is no component, but a part of Python"):
        load_target(target, [str(tmp_path)])
    assert load_target("takes_from_python:ours", [str(tmp_path)])() == 1


def test_a_module_of_the_users_may_have_a_name_of_pythons(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    (tmp_path / "antigravity.py").write_text("def fly(): return 1\n")
    monkeypatch.syspath_prepend(str(tmp_path))
    assert load_target("antigravity:fly", [str(tmp_path)])() == 1
    del sys.modules["antigravity"]


@pytest.mark.parametrize(
    "target",
    [
        "antigravity:x",
        "this:s",
        "idlelib.idle:main",
        "__main__:run",
        "mlops_pipeline.user_code:load_target.__globals__.get",
        "mlops_pipeline.user_code:load_target.__class__",
        "mlops_pipeline.cli.__main__:x",
    ],
)
def test_what_a_store_names_is_refused_before_it_is_imported(target: str) -> None:
    known = set(sys.modules)
    with pytest.raises(ExecutorError, match="is no component"):
        load_target(target)
    assert set(sys.modules) - known == set()
