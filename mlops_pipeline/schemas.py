"""JSON Schemas compared: whether a value that is not known yet can fit a parameter.

A schema without a type allows anything: unknown values are checked when the node runs.
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

from mlops_pipeline.literals import JsonSchema

_KINDS = {
    str: "string",
    bool: "boolean",
    int: "integer",
    float: "number",
    list: "array",
    dict: "object",
    type(None): "null",
}


def fits(found: JsonSchema, wanted: JsonSchema) -> bool:
    """Return True if some value of one schema is of a kind that the other takes."""
    have, take = kinds(found), kinds(wanted)
    if "number" in take:
        take |= {"integer"}
    return not have or not take or bool(have & take)


def kinds(schema: JsonSchema) -> set[str]:
    """Return the JSON types that a schema allows; none for any."""
    found: set[str] = set()
    for choice in choices(schema):
        if "enum" in choice:
            found |= {_KINDS.get(type(value), "") for value in choice["enum"]}
        elif "type" in choice:
            found.add(choice["type"])
        else:
            return set()
    return found


def schema_of_value(value: Any) -> JsonSchema:
    """Return the schema of a JSON value, as far as its kind."""
    kind = _KINDS.get(type(value))
    return {"type": kind} if kind else {}


def choices(schema: JsonSchema) -> Iterator[JsonSchema]:
    """Yield the alternatives of a schema, references followed; each carries the definitions."""
    definitions = schema.get("$defs", {})
    while "$ref" in schema:
        schema = definitions[schema["$ref"].rsplit("/", 1)[-1]]
    for choice in schema.get("anyOf", [schema]):
        while "$ref" in choice:
            choice = definitions[choice["$ref"].rsplit("/", 1)[-1]]
        yield {**choice, "$defs": definitions} if definitions else choice


def item_schema(schema: JsonSchema) -> JsonSchema:
    """Return the schema of the items of a list."""
    for choice in choices(schema):
        if choice.get("items"):
            return _with_definitions(choice["items"], choice)
    return {}


def member_schema(schema: JsonSchema, key: str) -> JsonSchema | None:
    """Return the schema of a value in an object; None if no object of the schema has the key."""
    result: JsonSchema | None = None
    for choice in choices(schema):
        rest = choice.get("additionalProperties", {})
        if key in choice.get("properties", {}):
            return _with_definitions(choice["properties"][key], choice)
        if "properties" not in choice:
            result = _with_definitions(rest if isinstance(rest, dict) else {}, choice)
    return result


def member_names(schema: JsonSchema) -> set[str]:
    """Return the keys that the schema names."""
    return {name for choice in choices(schema) for name in choice.get("properties", {})}


def is_path(schema: JsonSchema) -> bool:
    """Return True if a text of this schema is a path."""
    return any(choice.get("format") == "path" for choice in choices(schema))


def _with_definitions(part: JsonSchema, whole: JsonSchema) -> JsonSchema:
    return {**part, "$defs": whole["$defs"]} if "$defs" in whole else part
