"""Rows, columns and examples, as TensorFlow Serving documents them."""

from __future__ import annotations

from typing import Any

import pytest

from mlops_pipeline.serving.models import (
    BadInputFailure,
    ModelFailure,
    Signature,
    TensorSpec,
    of_lists,
    to_lists,
)
from mlops_pipeline.serving.web.tf_forms import answer_body, check_body, read_tensors

ONE = Signature({"x": TensorSpec("float32", (-1,))})
TWO = Signature({"tag": TensorSpec("string", (-1,)), "signal": TensorSpec("int64", (-1, -1))})
ANY = Signature()
CLASSIFY = Signature(
    {"examples": TensorSpec("string", (-1,))}, {}, "classify", "tensorflow/serving/classify"
)
ROWS = [{"tag": "foo", "signal": [1, 2]}, {"tag": "bar", "signal": [3, 4]}]


def read(body: Any, signature: Signature = ONE, verb: str = "predict") -> Any:
    check_body(body, verb)
    return {n: to_lists(t) for n, t in read_tensors(body, verb, signature).items()}


@pytest.mark.parametrize(
    ("body", "signature", "inputs"),
    [
        ({"instances": [1, 2.5]}, ONE, {"x": [1.0, 2.5]}),
        ({"instances": [{"x": 1}]}, ONE, {"x": [1.0]}),
        ({"inputs": [1, 2.5]}, ONE, {"x": [1.0, 2.5]}),
        ({"inputs": {"x": [1]}}, ONE, {"x": [1.0]}),
        ({"instances": ROWS}, TWO, {"tag": [b"foo", b"bar"], "signal": [[1, 2], [3, 4]]}),
        (
            {"inputs": {"tag": ["foo"], "signal": [[1, 2]]}},
            TWO,
            {"tag": [b"foo"], "signal": [[1, 2]]},
        ),
        ({"instances": [{"b64": "YQ=="}]}, ANY, {"inputs": [b"a"]}),
        ({"instances": [{"a": 1, "b": "x"}]}, ANY, {"a": [1], "b": [b"x"]}),
        ({"inputs": {"b64": "YQ=="}}, ANY, {"inputs": b"a"}),
        ({"inputs": 3}, ANY, {"inputs": 3}),
    ],
)
def test_rows_and_columns_become_tensors(body: Any, signature: Signature, inputs: Any) -> None:
    assert read(body, signature) == inputs


@pytest.mark.parametrize(
    ("body", "signature", "message"),
    [
        ({}, ONE, "Missing 'inputs' or 'instances'"),
        ({"instances": [1], "inputs": [1]}, ONE, "only one of"),
        ({"instances": 1}, ONE, "list/array"),
        ({"instances": []}, ONE, "empty"),
        ({"instances": [1], "signature_name": 3}, ONE, "must be a string"),
        ({"instances": [1], "other": 3}, ONE, "'other' is not known"),
        ({"instances": ["a"]}, ONE, "JSON Value: 'a' Type: String is not of expected type"),
        ({"instances": [1]}, TWO, "plain list"),
        ({"inputs": [1]}, TWO, "plain value/list"),
        ({"instances": [ROWS[0], {"tag": "a"}]}, TWO, "element: 1 of .* named input: signal"),
        ({"instances": [ROWS[0], 3]}, TWO, "element: 1 .* no object"),
        ({"instances": [{**ROWS[0], "z": 1}]}, TWO, "not known: z"),
        ({"inputs": {"tag": ["a"]}}, TWO, "Missing named input: signal"),
        ({"instances": [{}]}, ONE, "named input: x"),
        ({"instances": [[1], [1, 2]]}, ONE, "unexpected size"),
    ],
)
def test_what_is_neither_is_told_as_tensorflow_serving_tells_it(
    body: Any, signature: Signature, message: str
) -> None:
    with pytest.raises(BadInputFailure, match=message):
        read(body, signature)


def test_the_answer_has_the_form_of_the_question() -> None:
    one = {"y": of_lists([1.5, 2.5])}
    two = {"y": of_lists([1, 2]), "x_bytes": of_lists(["a", "b"])}
    assert answer_body({"instances": 1}, "predict", one) == {"predictions": [1.5, 2.5]}
    assert answer_body({"inputs": 1}, "predict", one) == {"outputs": [1.5, 2.5]}
    assert answer_body({"instances": 1}, "predict", two) == {
        "predictions": [{"x_bytes": {"b64": "YQ=="}, "y": 1}, {"x_bytes": {"b64": "Yg=="}, "y": 2}]
    }
    assert answer_body({"inputs": 1}, "predict", two) == {
        "outputs": {"x_bytes": [{"b64": "YQ=="}, {"b64": "Yg=="}], "y": [1, 2]}
    }


@pytest.mark.parametrize(
    "outputs", [{"y": of_lists(1)}, {"y": of_lists([1]), "z": of_lists([1, 2])}, {}]
)
def test_outputs_without_rows_are_no_rows(outputs: Any) -> None:
    with pytest.raises(ModelFailure):
        answer_body({"instances": 1}, "predict", outputs)


def test_examples_take_what_they_share_from_the_context() -> None:
    body = {"context": {"a": 1}, "examples": [{"b": 2.5}, {"b": [1.0]}]}
    found = read(body, CLASSIFY, "classify")["examples"]
    assert [b"a" in each and b"b" in each for each in found] == [True, True]


@pytest.mark.parametrize(
    ("body", "signature", "message"),
    [
        ({}, CLASSIFY, "'examples' is expected"),
        ({"examples": {}}, CLASSIFY, "list of objects"),
        ({"examples": []}, CLASSIFY, "not empty"),
        ({"examples": [1]}, CLASSIFY, "Example 0"),
        ({"examples": [{}], "context": 3}, CLASSIFY, "no object"),
        ({"examples": [{"a": 1}], "context": {"a": 1}}, CLASSIFY, "in 'context' and"),
        ({"examples": [{"a": 1}]}, ONE, "Expected classification signature"),
    ],
)
def test_examples_that_are_none_are_refused(body: Any, signature: Any, message: str) -> None:
    with pytest.raises(BadInputFailure, match=message):
        read(body, signature, "classify")


def test_classes_and_numbers_are_answered_for_each_example() -> None:
    classes, scores = of_lists([["a", "b"]]), of_lists([[0.25, 0.75]])
    assert answer_body({}, "classify", {"classes": classes, "scores": scores}) == {
        "results": [[["a", 0.25], ["b", 0.75]]]
    }
    assert answer_body({}, "classify", {"scores": scores}) == {
        "results": [[["", 0.25], ["", 0.75]]]
    }
    assert answer_body({}, "classify", {"classes": classes})["results"] == [
        [["a", 0.0], ["b", 0.0]]
    ]
    for values in ([1.5, 2.5], [[1.5], [2.5]]):
        outputs = {"outputs": of_lists(values)}
        assert answer_body({}, "regress", outputs) == {"results": [1.5, 2.5]}
    for verb in ("classify", "regress"):
        with pytest.raises(ModelFailure):
            answer_body({}, verb, {"y": scores})
