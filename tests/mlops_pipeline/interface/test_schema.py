"""Values against the JSON Schemas of parameters."""

from __future__ import annotations

from typing import Any

import pytest

from mlops_pipeline.errors import ParameterError
from mlops_pipeline.interface import describe_schema, from_text, map_paths
from mlops_pipeline.interface.schema import check

PATH = {"type": "string", "format": "path"}
TREE = {
    "$ref": "#/$defs/Tree",
    "$defs": {
        "Tree": {
            "type": "object",
            "properties": {
                "size": {"type": "integer"},
                "file": {"anyOf": [PATH, {"type": "null"}]},
                "below": {"anyOf": [{"$ref": "#/$defs/Tree"}, {"type": "null"}]},
            },
            "required": ["size"],
        }
    },
}


@pytest.mark.parametrize(
    ("schema", "text", "value"),
    [
        ({"type": "integer"}, "3", 3),
        ({"type": "number"}, "3", 3),
        ({"type": "string"}, "3", "3"),
        ({"type": "boolean"}, "yes", True),
        ({"type": "array", "items": {"type": "number"}}, "[1, 0.5]", [1, 0.5]),
        ({"anyOf": [{"type": "integer"}, {"type": "null"}]}, "null", None),
        ({"enum": ["slow", "fast"]}, "fast", "fast"),
        (PATH, "data/a.csv", "data/a.csv"),
    ],
)
def test_a_text_is_read_by_the_schema(schema: dict[str, Any], text: str, value: Any) -> None:
    assert from_text("parameter 'x'", schema, text) == value


@pytest.mark.parametrize(
    ("schema", "value", "problem"),
    [
        ({"type": "integer"}, True, "True is not an integer"),
        ({"type": "integer"}, 1.5, "1.5 is not an integer"),
        ({"type": "array", "items": {"type": "string"}}, [1], "1 is not a string"),
        ({"enum": ["slow", "fast"]}, "fats", "not one of 'slow', 'fast'"),
        (TREE, {}, "'size' is missing"),
        (TREE, {"size": 1, "below": {"size": "big"}}, "is not an object or null"),
    ],
)
def test_what_does_not_fit_is_named(schema: dict[str, Any], value: Any, problem: str) -> None:
    with pytest.raises(ParameterError, match=problem):
        check("parameter 'x'", schema, value)


@pytest.mark.parametrize("value", [{"sise": 1}, {"size": 1, "sise": 1}])
def test_a_field_that_a_record_does_not_have_is_refused(value: dict[str, Any]) -> None:
    schema = {"type": "object", "properties": {"size": {}}, "additionalProperties": False}
    with pytest.raises(ParameterError, match=r"no field 'sise': did you mean 'size'\?"):
        check("parameter 'x'", schema, value)


def test_paths_are_found_at_any_depth() -> None:
    value = {"size": 1, "file": "a", "below": {"size": 2, "file": "b", "below": None}}
    found: list[str] = []
    map_paths(TREE, value, found.append)
    assert found == ["a", "b"]
    moved = map_paths(TREE, value, lambda path: f"/base/{path}")
    assert moved["below"]["file"] == "/base/b"
    assert moved["size"] == 1


def test_a_schema_reads_as_words() -> None:
    assert describe_schema({"type": "array", "items": PATH}) == "a list, each item a path"


@pytest.mark.parametrize("value", [float("nan"), {"rates": [0.1, float("inf")]}])
def test_a_number_that_json_turns_into_null_is_refused(value: Any) -> None:
    with pytest.raises(ParameterError, match="cannot be kept in JSON"):
        check("parameter 'x'", {}, value)
