"""IR that is read keeps the rules by which it is written, whoever wrote it."""

from __future__ import annotations

import copy
import json
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from mlops_pipeline import compile_pipeline, component, ir, pipeline
from mlops_pipeline.cli import call
from mlops_pipeline.errors import CompileError
from mlops_pipeline.ir_check import load_checked


@component
def One(n: int) -> int:
    return n


@component
def Two(n: int) -> int:
    return n


@pipeline
def tiny(n: int = 1) -> None:
    Two(n=One(n=n).outputs["output"].value)


BASE: dict[str, Any] = json.loads(ir.dump(compile_pipeline(tiny)))
ONE, TWO = (
    next(n for n, each in enumerate(BASE["nodes"]) if each["id"] == i) for i in ("One", "Two")
)


def changed(change: Callable[[Any], object]) -> bytes:
    data = copy.deepcopy(BASE)
    change(data)
    return json.dumps(data).encode()


def node(number: int, **fields: Any) -> Callable[[Any], object]:
    return lambda data: data["nodes"][number].update(fields)


def value(**fields: Any) -> Callable[[Any], object]:
    return lambda data: data["nodes"][ONE]["parameters"][0].update(value=fields)


@pytest.mark.parametrize(
    ("change", "words"),
    [
        (lambda data: data.update(name="../../escaped"), "cannot be the name of a pipeline"),
        (lambda data: data.update(name="/tmp/absolute"), "cannot be the name of a pipeline"),
        (node(ONE, id="../One"), "'../One' cannot be the id of a node"),
        (node(ONE, id="a..b"), "'a..b' cannot be the id of a node"),
        (node(ONE, id=""), "'' cannot be the id of a node"),
        (
            node(ONE, outputs=[{"name": "../o", "type": "Integer"}]),
            "'../o' among the outputs of One",
        ),
        (node(TWO, id="One"), "two of the nodes are called 'One'"),
        (lambda data: data["parameters"].append(data["parameters"][0]), "are called 'n'"),
        (node(ONE, after=["Two"]), "these nodes wait for each other: "),
        (node(ONE, after=["nope"]), "One comes after 'nope', which is not there"),
        (node(ONE, loops=["nope"]), "One is in loop 'nope'"),
        (value(kind="value", node="x", output="y"), "One reads from 'x'"),
        (value(kind="value", node="Two", output="y"), "One reads from Two the output 'y'"),
        (value(kind="parameter", name="m"), "reads the run parameter 'm'"),
        (value(kind="item", loop="l"), "One"),
        (node(ONE, timeout=-1), "timeout of One is -1"),
        (node(ONE, driver="os.system"), "One runs 'os.system', which is no 'module:name'"),
        (node(ONE, executor={"kind": "function", "target": "a b:c"}), "One runs 'a b:c'"),
    ],
)
def test_what_authoring_refuses_is_refused(change: Callable[[Any], object], words: str) -> None:
    with pytest.raises(CompileError) as caught:
        load_checked(changed(change), source="ir.json")
    assert words in caught.value.message
    assert caught.value.message.startswith("ir.json is not a valid pipeline: ")


def test_deep_nesting_is_an_error() -> None:
    deep = b'{"schema_version": "1.0", "name": ' + b"[" * 100_000 + b"]" * 100_000 + b"}"
    with pytest.raises(CompileError, match="is not a compiled pipeline"):
        load_checked(deep)


def test_a_pipeline_as_compiled_is_valid() -> None:
    assert load_checked(changed(lambda data: None)) == compile_pipeline(tiny)


def test_nothing_is_written_for_a_wrong_file(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.chdir(tmp_path)
    (tmp_path / "mlops.toml").touch()
    (tmp_path / "ir.json").write_bytes(changed(lambda data: data.update(name="../../escaped")))
    assert call(["run", "ir.json", "--store", "m.db"]) == 2
    assert "hint:  use letters, digits" in capsys.readouterr().err
    assert {path.name for path in tmp_path.iterdir()} == {"mlops.toml", "ir.json"}
