"""Values of parameters, checked and converted by the JSON Schema that the IR carries.

Only the schemas that `msgspec.json.schema` makes for parameter types are understood, plus
`{"type": "string", "format": "path"}` for `pathlib.Path`.
"""

from __future__ import annotations

import math
from collections.abc import Callable, Iterator, Mapping
from typing import Any

import msgspec

from mlops_pipeline.errors import ParameterError, did_you_mean
from mlops_pipeline.ir import PipelineIR

JsonSchema = Mapping[str, Any]

_TYPES: Mapping[str, tuple[type, ...]] = {
    "null": (type(None),),
    "boolean": (bool,),
    "integer": (int,),
    "number": (int, float),
    "string": (str,),
    "array": (list, tuple),
    "object": (dict,),
}


def run_parameters(pipeline: PipelineIR, given: Mapping[str, Any]) -> dict[str, Any]:
    """Return the values of all run-time parameters: the given ones, and defaults for the rest.

    Raises:
        ParameterError: one is unknown, missing, or of the wrong type.
    """
    known = {parameter.name: parameter for parameter in pipeline.parameters}
    for name in given:
        if name not in known:
            raise ParameterError(
                f"pipeline {pipeline.name} has no parameter {name!r}",
                hint=did_you_mean(name, known),
            )
    values = {}
    for name, parameter in known.items():
        if name not in given and parameter.required:
            raise ParameterError(
                f"pipeline {pipeline.name} needs a value for parameter {name!r}",
                hint=f"give it with -p {name}=VALUE",
            )
        value = given.get(name, parameter.default)
        if name in given:
            check(f"parameter {name!r} of pipeline {pipeline.name}", parameter.schema, value)
        values[name] = value
    return values


def check(what: str, schema: JsonSchema, value: Any) -> None:
    """Raise a ParameterError that begins with `what` if the value does not fit the schema."""
    for problem in problems(schema, value, schema.get("$defs", {})):
        raise ParameterError(f"{what}: {problem}", hint=f"give {describe_schema(schema)}")
    check_json(what, value)


def check_json(what: str, value: Any) -> None:
    """Raise a ParameterError that begins with `what` for a number that JSON turns into null."""
    if isinstance(value, float) and not math.isfinite(value):
        raise ParameterError(
            f"{what}: {value} cannot be kept in JSON", hint="give a finite number, or null"
        )
    if isinstance(value, Mapping):
        value = list(value.values())
    if isinstance(value, list | tuple):
        for item in value:
            check_json(what, item)


def problems(schema: JsonSchema, value: Any, defs: Mapping[str, Any]) -> Iterator[str]:
    """Yield every way in which a value does not fit a schema."""
    schema = _follow(schema, defs)
    if "anyOf" in schema:
        if all(any(problems(choice, value, defs)) for choice in schema["anyOf"]):
            yield f"{value!r} is not {describe_schema(schema, defs)}"
        return
    if "enum" in schema and value not in schema["enum"]:
        yield f"{value!r} is not one of {', '.join(map(repr, schema['enum']))}"
        return
    if "type" not in schema:
        return
    kind: str = schema["type"]
    if not isinstance(value, _TYPES[kind]) or (isinstance(value, bool) and kind != "boolean"):
        yield f"{value!r} is not {describe_schema(schema, defs)}"
        return
    if isinstance(value, list | tuple) and "items" in schema:
        for item in value:
            yield from problems(schema["items"], item, defs)
    elif isinstance(value, dict):
        yield from _object_problems(schema, value, defs)
        yield from _unknown_here(schema, value)


def unknown_fields(schema: JsonSchema, value: Any) -> Iterator[str]:
    """Return every field in a value, at any depth, that its record does not have."""
    return _unknown_fields(schema, value, schema.get("$defs", {}))


def _unknown_fields(schema: JsonSchema, value: Any, defs: Mapping[str, Any]) -> Iterator[str]:
    schema = _follow(schema, defs)
    for choice in (_follow(choice, defs) for choice in schema.get("anyOf", [schema])):
        if isinstance(value, list) and choice.get("type") == "array":
            for item in value:
                yield from _unknown_fields(choice.get("items") or {}, item, defs)
        elif isinstance(value, dict) and choice.get("type") == "object":
            yield from _unknown_here(choice, value)
            fields, rest = choice.get("properties", {}), choice.get("additionalProperties") or {}
            for name, item in value.items():
                yield from _unknown_fields(fields.get(name, rest), item, defs)


def _unknown_here(schema: JsonSchema, value: Mapping[str, Any]) -> Iterator[str]:
    fields = schema.get("properties", {})
    for name in value:
        if name not in fields and schema.get("additionalProperties") is False:
            yield f"there is no field {name!r}: {did_you_mean(name, fields)}"


def _object_problems(
    schema: JsonSchema, value: Mapping[str, Any], defs: Mapping[str, Any]
) -> Iterator[str]:
    for name in schema.get("required", ()):
        if name not in value:
            yield f"{name!r} is missing in {value!r}"
    fields = schema.get("properties", {})
    rest = schema.get("additionalProperties", {})
    for name, item in value.items():
        if name in fields or isinstance(rest, Mapping):
            yield from problems(fields.get(name, rest), item, defs)


def _follow(schema: JsonSchema, defs: Mapping[str, Any]) -> JsonSchema:
    while "$ref" in schema:
        schema = defs[schema["$ref"].rsplit("/", 1)[-1]]
    return schema


def describe_schema(schema: JsonSchema, defs: Mapping[str, Any] | None = None) -> str:
    """Return a schema in words: `an integer`, `a list, each item a string`."""
    defs = schema.get("$defs", {}) if defs is None else defs
    schema = _follow(schema, defs)
    if "anyOf" in schema:
        return " or ".join(describe_schema(choice, defs) for choice in schema["anyOf"])
    if "enum" in schema:
        return f"one of {', '.join(map(repr, schema['enum']))}"
    if schema.get("format") == "path":
        return "a path"
    if schema.get("format") == "secret":
        return "Secret('NAME'), the name of an environment variable"
    kind = schema.get("type", "any value")
    if kind == "array" and schema.get("items"):
        return f"a list, each item {describe_schema(schema['items'], defs)}"
    return _WORDS.get(kind, f"a {kind}")


_WORDS = {
    "null": "null",
    "integer": "an integer",
    "boolean": "true or false",
    "array": "a list",
    "object": "an object",
    "any value": "any JSON value",
}


def from_text(what: str, schema: JsonSchema, text: str) -> Any:
    """Return the value of a text from the command line or the environment.

    A text that fits a string parameter is taken as it is; anything else is read as JSON.

    Raises:
        ParameterError: it begins with `what`, and says what would fit.
    """
    if not any(problems(schema, text, schema.get("$defs", {}))):
        return text
    try:
        value = msgspec.json.decode(text)
    except msgspec.DecodeError:
        words = {"true": True, "yes": True, "false": False, "no": False}
        value = words.get(text.lower(), text)
    for problem in problems(schema, value, schema.get("$defs", {})):
        raise ParameterError(
            f"{what}: {problem}", hint=f"give {describe_schema(schema)}{_as_json(schema)}"
        )
    return value


def _as_json(schema: JsonSchema) -> str:
    """Return a hint to write a value as JSON, if its type needs it."""
    choices = [_follow(c, schema.get("$defs", {})) for c in schema.get("anyOf", [schema])]
    kinds = {choice.get("type") for choice in choices}
    if "array" in kinds:
        return """; write it as JSON: '["a", "b"]' or '[1, 2]'"""
    return """; write it as JSON: '{"name": 1}'""" if "object" in kinds else ""


def map_paths(schema: JsonSchema, value: Any, change: Callable[[str], Any]) -> Any:
    """Return the value with `change` applied to every path in it."""
    return _map_paths(schema, value, change, schema.get("$defs", {}))


def _map_paths(
    schema: JsonSchema, value: Any, change: Callable[[str], Any], defs: Mapping[str, Any]
) -> Any:
    schema = _follow(schema, defs)
    choices = [_follow(choice, defs) for choice in schema.get("anyOf", [schema])]
    if isinstance(value, str):
        return change(value) if any(c.get("format") == "path" for c in choices) else value
    for choice in choices:
        if isinstance(value, list) and "items" in choice:
            return [_map_paths(choice["items"], item, change, defs) for item in value]
        if isinstance(value, dict) and choice.get("type") == "object":
            fields, rest = choice.get("properties", {}), choice.get("additionalProperties")
            rest = rest if isinstance(rest, Mapping) else {}
            return {
                name: _map_paths(fields.get(name, rest), item, change, defs)
                for name, item in value.items()
            }
    return value


def paths(schema: JsonSchema, value: Any) -> list[str]:
    """Return every path in a value, in order."""
    found: list[str] = []
    map_paths(schema, value, found.append)
    return found
