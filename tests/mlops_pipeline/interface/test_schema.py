"""Values against the JSON Schemas of parameters."""

from __future__ import annotations

import datetime
import decimal
import enum
import typing
import uuid
from pathlib import Path
from typing import Any

import msgspec
import pytest

from mlops_pipeline.errors import ParameterError
from mlops_pipeline.interface import (
    describe_schema,
    from_text,
    map_paths,
    member_schema,
    schema_of,
)
from mlops_pipeline.interface.schema import check, unknown_fields

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
PAIR = {
    "type": "array",
    "minItems": 2,
    "maxItems": 2,
    "prefixItems": [PATH, {"type": "integer"}],
    "items": False,
}


class Csv(msgspec.Struct, tag="csv"):
    name: str
    file: Path


class Table(msgspec.Struct, tag="table"):
    name: str
    file: str
    rows: int = 0


class Point(typing.NamedTuple):
    x: int
    y: str = "b"


SOURCE = schema_of(Csv | Table | None)
TAGGED = schema_of(Csv | Table)


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
        (PAIR, ["a", "b"], "'b' is not an integer"),
        (PAIR, ["a"], r"has 1 item, not 2 items"),
        (PAIR, ["a", 1, 2], r"has 3 items, not 2 items"),
        (schema_of(tuple[()]), [1], "has 1 item, not 0 items"),
        (schema_of(Point), [1, "b", 2], "has 3 items, not 1 to 2 items"),
        ({"type": "array", "minItems": 1}, [], "has 0 items, not 1 item or more"),
        ({"type": "object", "additionalProperties": PAIR}, {"a": [1, 1]}, "1 is not a path"),
        (SOURCE, {"type": "csv", "name": "n"}, "is not an object or null"),
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


def test_paths_in_tuples_are_found_by_their_position() -> None:
    nested = {"type": "array", "items": {"anyOf": [PAIR, {"type": "null"}]}}
    moved = map_paths(nested, [["a", 1], None, ["b", 2]], lambda path: f"/base/{path}")
    assert moved == [["/base/a", 1], None, ["/base/b", 2]]
    assert map_paths(PAIR, ("a", 1), lambda path: f"/base/{path}") == ["/base/a", 1]


@pytest.mark.parametrize(
    ("value", "file"),
    [
        ({"type": "csv", "name": "n", "file": "a"}, "/base/a"),
        ({"type": "table", "name": "n", "file": "a"}, "a"),
    ],
)
def test_the_record_that_the_tag_names_says_what_is_a_path(
    value: dict[str, Any], file: str
) -> None:
    for schema in (SOURCE, TAGGED):
        moved = map_paths(schema, value, lambda path: f"/base/{path}")
        assert moved == {**value, "file": file}


def test_a_field_of_another_record_of_a_union_is_unknown() -> None:
    assert list(unknown_fields(SOURCE, {"type": "table", "name": "n", "file": "a"})) == []
    (problem,) = unknown_fields(SOURCE, {"type": "csv", "name": "n", "file": "a", "rows": 1})
    assert problem.startswith("there is no field 'rows'")
    assert list(unknown_fields(schema_of(tuple[Csv, int]), [{"sise": 1}, 1]))
    assert list(unknown_fields(schema_of(tuple[Csv, int]), ({"sise": 1}, 1)))


def test_a_field_of_several_records_may_be_any_of_theirs() -> None:
    found = member_schema(SOURCE, "file")
    assert found is not None
    assert describe_schema(found) == "a path or a string"


@pytest.mark.parametrize(
    ("schema", "words"),
    [
        ({"type": "array", "items": PATH}, "a list, each item a path"),
        ({"type": "array"}, "a list"),
        (PAIR, "a list of 2 items: a path, an integer"),
        (schema_of(Point), "a list of 1 to 2 items: an integer, a string"),
        (
            {"type": "array", "items": PATH, "minItems": 1},
            "a list of 1 item or more, each item a path",
        ),
        (SOURCE, "an object or null"),
    ],
)
def test_a_schema_reads_as_words(schema: dict[str, Any], words: str) -> None:
    assert describe_schema(schema) == words


@pytest.mark.parametrize("value", [float("nan"), {"rates": [0.1, float("inf")]}])
def test_a_number_that_json_turns_into_null_is_refused(value: Any) -> None:
    with pytest.raises(ParameterError, match="cannot be kept in JSON"):
        check("parameter 'x'", {}, value)


class Mode(enum.Enum):
    FAST = 1
    SLOW = 2


@pytest.mark.parametrize(
    ("hint", "right", "wrong", "words"),
    [
        (datetime.date, "2024-12-31", "31.12.2024", "a date, as in 2024-12-31"),
        (datetime.date, "2024-02-29", "2023-02-29", "a date, as in 2024-12-31"),
        (datetime.datetime, "2024-12-31T23:00:00Z", "2024-12-31 at 5", "a date and time, as in"),
        (datetime.time, "23:59:00", "24:61", "a time, as in 23:59:00"),
        (datetime.timedelta, "P1DT12H", "one day", "a duration, as in P1DT12H"),
        (uuid.UUID, "00000000-0000-0000-0000-00000000000a", "a", "a UUID"),
        (decimal.Decimal, "1.10", "1,10", "a decimal number"),
        (bytes, "AAEC", "a", "bytes in base64"),
        (Path, "data", "", "a path"),
        (typing.Annotated[int, msgspec.Meta(ge=1, lt=9)], "8", "9", "an integer at least 1 and"),
        (typing.Annotated[float, msgspec.Meta(gt=0)], "0.1", "0", "a number more than 0"),
        (typing.Annotated[int, msgspec.Meta(multiple_of=8)], "64", "65", "a multiple of 8"),
        (typing.Annotated[str, msgspec.Meta(pattern="^v")], "v1", "1", "a string like '^v'"),
        (typing.Annotated[str, msgspec.Meta(max_length=2)], "ab", "abc", "at most 2 characters"),
    ],
)
def test_a_value_outside_its_format_or_limits_is_refused(
    hint: Any, right: str, wrong: str, words: str
) -> None:
    schema = schema_of(hint)
    from_text("x", schema, right)
    with pytest.raises(ParameterError) as caught:
        from_text("x", schema, wrong)
    assert words in str(caught.value.hint)
    assert (wrong or "''").strip('[]"').split('"')[-1] in caught.value.message


def test_the_name_of_a_member_stands_for_its_value() -> None:
    assert from_text("x", schema_of(Mode), "FAST") == 1
    assert from_text("x", schema_of(Mode | None), "SLOW") == 2
    assert from_text("x", schema_of(Mode), "2") == 2
    with pytest.raises(ParameterError, match="'fast' is not one of FAST, SLOW"):
        from_text("x", schema_of(Mode), "fast")


def test_a_part_that_does_not_fit_is_named_with_its_path() -> None:
    with pytest.raises(ParameterError) as caught:
        check("d", schema_of(dict[str, list[int]]), {"a": [1], "b": [1, "2"]})
    assert caught.value.message == "d: 'b': item 1: '2' is not an integer"
    assert caught.value.hint == "give an integer"


@pytest.mark.parametrize(
    "value", ["x" * 11_000_000, ["x" * 1000] * 11_000, {"a": "x" * 11_000_000}]
)
def test_a_parameter_that_is_too_large_to_keep_is_refused(value: Any) -> None:
    with pytest.raises(ParameterError, match="x has 11 MB") as caught:
        check("x", {}, value)
    assert "give its Path; the limit is 10 MB" in caught.value.hint
