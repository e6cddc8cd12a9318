from typing import Any

import pytest

from mlops_pipeline.errors import ParameterError, ResolutionError
from mlops_pipeline.ir import (
    Concat,
    DictOf,
    ListOf,
    Literal,
    LoopItem,
    Operation,
    RunInfo,
    RunParameter,
    SecretName,
)
from mlops_pipeline.node.expressions import evaluate, read_value
from mlops_pipeline.store import ArtifactRecord


class Facts:
    """What a run would know."""

    def run_parameter(self, name: str) -> Any:
        return {"n": 3, "name": "a"}[name]

    def run_info(self, field: str) -> str:
        return f"<{field}>"

    def item(self, loop: str) -> Any:
        return {"rate": [0.1, 0.2]}

    def output(self, node: str, output: str) -> ArtifactRecord:
        raise AssertionError("no output is asked for")

    def value(self, node: str, output: str) -> Any:
        raise AssertionError("no output is asked for")


def test_values_are_put_together() -> None:
    text = Concat((Literal("run "), RunInfo("id"), Literal(": "), RunParameter("n")))
    numbers = ListOf((RunParameter("n"), LoopItem("i", ("rate", 1))))
    expression = DictOf({"text": text, "all": numbers})
    assert evaluate(expression, Facts()) == {"text": "run <id>: 3", "all": [3, 0.2]}


def test_the_right_side_is_not_looked_at_where_the_left_decides() -> None:
    wrong = Operation("/", (Literal(1), Literal(0)))
    assert evaluate(Operation("or", (Literal(True), wrong)), Facts()) is True
    assert evaluate(Operation("and", (Literal(False), wrong)), Facts()) is False


def test_none_of_tfx_is_none() -> None:
    record = ArtifactRecord("Integer", "/not/read", properties={"__is_null__": 1})
    assert read_value(record) is None


@pytest.mark.parametrize(
    ("expression", "words"),
    [
        (Operation("/", (RunParameter("n"), Literal(0))), "cannot compute 3 / 0"),
        (Operation("<", (RunParameter("n"), Literal("a"))), "cannot compute 3 < 'a'"),
        (LoopItem("i", ("rte",)), "an item of loop i has no 'rte'"),
    ],
)
def test_what_cannot_be_computed_is_named(expression: Any, words: str) -> None:
    with pytest.raises(ResolutionError, match=words):
        evaluate(expression, Facts())


def test_a_secret_is_no_part_of_a_value() -> None:
    with pytest.raises(ParameterError, match="secret 'TOKEN'"):
        evaluate(ListOf((SecretName("TOKEN"),)), Facts())
