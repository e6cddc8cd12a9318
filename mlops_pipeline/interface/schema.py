"""JSON Schemas: values checked and converted by them, and one compared with another.

A schema without a type stands for anything: what is not known is checked when the node runs.
Only the schemas that `msgspec.json.schema` makes for parameter types are understood, plus
`{"type": "string", "format": "path"}` for `pathlib.Path`.
"""

from __future__ import annotations

import functools
import math
import operator
import re
from collections.abc import Callable, Iterator, Mapping
from typing import Any, NamedTuple

import msgspec

from mlops_pipeline.errors import ParameterError, did_you_mean
from mlops_pipeline.ir import PipelineIR

JsonSchema = Mapping[str, Any]

LARGEST = 10_000_000
"""Bytes of the largest parameter."""

MEMBER_NAMES = "x-enum-varnames"
"""Key of a schema: the names of an enum's members, in the order of their values."""

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
    """Return the values of all run parameters: the given ones, and defaults for the rest.

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
    for problem in problems(schema, value):
        raise ParameterError(f"{what}: {problem}", hint=f"give {describe_schema(problem.wanted)}")
    check_json(what, value)
    refuse_large(what, value)


def refuse_large(what: str, value: Any, where: str = "") -> None:
    """Raise a ParameterError that begins with `what` for more than `LARGEST` bytes: it is kept."""
    if isinstance(value, str | list | dict):
        size = len(value) if isinstance(value, str) else len(msgspec.json.encode(value))
        if size > LARGEST:
            raise ParameterError(
                f"{what} has {size / 1e6:.0f} MB, and each execution keeps its parameters",
                hint=f"write it to a file and give its Path; the limit is {LARGEST / 1e6:.0f} MB",
                where=where,
            )


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


def choices(schema: JsonSchema) -> list[JsonSchema]:
    """Return the alternatives of a schema, references followed; each carries the definitions.

    Everything that walks a schema does so by this function: no other follows a reference.
    """
    definitions = schema.get("$defs", {})
    schema = _referred(schema, definitions)
    if "anyOf" not in schema:
        return [_with_definitions(schema, definitions)]
    parts = [_with_definitions(part, definitions) for part in schema["anyOf"]]
    # A union of tagged records is one alternative of a larger union.
    return [choice for part in parts for choice in choices(part)]


def _referred(schema: JsonSchema, definitions: Mapping[str, Any]) -> JsonSchema:
    while "$ref" in schema:
        schema = definitions[schema["$ref"].rsplit("/", 1)[-1]]
    return schema


def _with_definitions(part: JsonSchema, definitions: Mapping[str, Any]) -> JsonSchema:
    return {**part, "$defs": definitions} if definitions else part


def item_schema(schema: JsonSchema, index: int | None = None) -> JsonSchema:
    """Return the schema of the items of a list, or of one that may have a schema of its own.

    Args:
        index: number of the item, from 0: each item of a tuple has its own schema.
    """
    for choice in choices(schema):
        first, rest = choice.get("prefixItems", ()), choice.get("items")
        if index is not None and index < len(first):
            return _with_definitions(first[index], choice.get("$defs", {}))
        if rest:
            return _with_definitions(rest, choice.get("$defs", {}))
    return {}


def length_problem(schema: JsonSchema, items: int) -> str:
    """Return why no list of a schema has this many items; empty if one may."""
    problem = ""
    for choice in choices(schema):
        if choice.get("type") == "array":
            least, most = _length(choice)
            if least <= items and (most is None or items <= most):
                return ""
            problem = f"has {_count(items)}, not {_items_in_words(choice)}"
    return problem


def _length(schema: JsonSchema) -> tuple[int, int | None]:
    """Return the least and the greatest number of items of a list; None for no limit."""
    closed = len(schema.get("prefixItems", ())) if schema.get("items") is False else None
    return schema.get("minItems", 0), schema.get("maxItems", closed)


def member_schema(schema: JsonSchema, key: str) -> JsonSchema | None:
    """Return the schema of a value in an object; None if no object of the schema has the key."""
    named: list[JsonSchema] = []
    result: JsonSchema | None = None
    for choice in choices(schema):
        definitions = choice.get("$defs", {})
        rest = choice.get("additionalProperties", {})
        if key in choice.get("properties", {}):
            named.append(_with_definitions(choice["properties"][key], definitions))
        elif "properties" not in choice:
            result = _with_definitions(rest if isinstance(rest, Mapping) else {}, definitions)
    return {"anyOf": named} if len(named) > 1 else named[0] if named else result


class Misfit(NamedTuple):
    """A part of a value that does not fit.

    Args:
        text: what is wrong with it.
        wanted: the schema that it does not fit.
        path: keys and indices that lead to it.
    """

    text: str
    wanted: JsonSchema
    path: tuple[str | int, ...] = ()

    def __str__(self) -> str:
        steps = (f"item {step}" if isinstance(step, int) else repr(step) for step in self.path)
        return ": ".join([*steps, self.text])


def problems(schema: JsonSchema, value: Any) -> Iterator[Misfit]:
    """Yield every way in which a value does not fit a schema."""
    alternatives = choices(schema)
    if len(alternatives) > 1:
        if all(any(problems(choice, value)) for choice in alternatives):
            yield Misfit(f"{value!r} is not {describe_schema(schema)}", schema)
        return
    schema = alternatives[0]
    if "enum" in schema and value not in schema["enum"]:
        yield Misfit(f"{value!r} is not {describe_schema(schema)}", schema)
        return
    if "type" not in schema:
        return
    kind: str = schema["type"]
    if not isinstance(value, _TYPES[kind]) or (isinstance(value, bool) and kind != "boolean"):
        yield Misfit(f"{value!r} is not {describe_schema(schema)}", schema)
        return
    if isinstance(value, list | tuple):
        if problem := length_problem(schema, len(value)):
            yield Misfit(f"{value!r} {problem}", schema)
        for index, item in enumerate(value):
            yield from _inside(index, item_schema(schema, index), item)
    elif isinstance(value, dict):
        yield from _object_problems(schema, value)
        yield from (Misfit(text, schema) for text in _unknown_here(schema, value))
    elif not _is_allowed(schema, value):
        yield Misfit(f"{value!r} is not {describe_schema(schema)}", schema)


def _inside(step: str | int, schema: JsonSchema, value: Any) -> Iterator[Misfit]:
    for problem in problems(schema, value):
        yield problem._replace(path=(step, *problem.path))


def _is_allowed(schema: JsonSchema, value: Any) -> bool:
    """Return True if a text or a number is of the format, and within the limits, of its type."""
    if isinstance(value, str):
        named = schema.get("format", schema.get("contentEncoding", ""))
        if named == "path":
            return value != ""
        if named in _FORMATS:
            try:
                msgspec.convert(value, _format_type(named))
            except msgspec.ValidationError:
                return False
        size = len(value)
        fits_pattern = re.search(schema.get("pattern", ""), value) is not None
        return fits_pattern and schema.get("minLength", 0) <= size <= schema.get("maxLength", size)
    multiple = schema.get("multipleOf")
    if multiple and value % multiple:
        return False
    return all(test(value, schema[name]) for name, (test, _) in _LIMITS.items() if name in schema)


_LIMITS: Mapping[str, tuple[Callable[[Any, Any], bool], str]] = {
    "minimum": (operator.ge, "at least"),
    "exclusiveMinimum": (operator.gt, "more than"),
    "maximum": (operator.le, "at most"),
    "exclusiveMaximum": (operator.lt, "less than"),
}

# Formats that msgspec writes: the type, and what it takes in words.
_FORMATS = {
    "date": ("datetime:date", "a date, as in 2024-12-31"),
    "date-time": ("datetime:datetime", "a date and time, as in 2024-12-31T23:59:00Z"),
    "time": ("datetime:time", "a time, as in 23:59:00"),
    "duration": ("datetime:timedelta", "a duration, as in P1DT12H"),
    "uuid": ("uuid:UUID", "a UUID"),
    "decimal": ("decimal:Decimal", "a decimal number"),
    "base64": ("builtins:bytes", "bytes in base64"),
}


@functools.cache
def _format_type(name: str) -> Any:
    import pkgutil  # Few parameters have a format.

    return pkgutil.resolve_name(_FORMATS[name][0])


def unknown_fields(schema: JsonSchema, value: Any) -> Iterator[str]:
    """Yield every field in a value, at any depth, that its record does not have."""
    for choice in choices(schema):
        if isinstance(value, list | tuple) and choice.get("type") == "array":
            for index, item in enumerate(value):
                yield from unknown_fields(item_schema(choice, index), item)
        elif isinstance(value, dict) and _may_be_of(choice, value):
            yield from _unknown_here(choice, value)
            for name, item in value.items():
                yield from unknown_fields(_field_schema(choice, name), item)


def _may_be_of(record: JsonSchema, value: Mapping[str, Any]) -> bool:
    """Return True if this is the schema of an object, and the value has no tag of another."""
    fields = record.get("properties", {})
    tags = {name: each["enum"] for name, each in fields.items() if "enum" in each}
    return record.get("type") == "object" and all(
        value[name] in tags[name] for name in value.keys() & tags.keys()
    )


def _unknown_here(schema: JsonSchema, value: Mapping[str, Any]) -> Iterator[str]:
    fields = schema.get("properties", {})
    for name in value:
        if name not in fields and schema.get("additionalProperties") is False:
            yield f"there is no field {name!r}: {did_you_mean(name, fields)}"


def _object_problems(schema: JsonSchema, value: Mapping[str, Any]) -> Iterator[Misfit]:
    for name in schema.get("required", ()):
        if name not in value:
            yield Misfit(f"{name!r} is missing in {value!r}", schema)
    for name, item in value.items():
        yield from _inside(name, _field_schema(schema, name), item)


def _field_schema(schema: JsonSchema, name: str) -> JsonSchema:
    """Return the schema of a value in an object; an unknown one allows anything."""
    rest = schema.get("additionalProperties", {})
    field = schema.get("properties", {}).get(name, rest if isinstance(rest, Mapping) else {})
    return _with_definitions(field, schema.get("$defs", {}))


def describe_schema(schema: JsonSchema) -> str:
    """Return a schema in words: `an integer`, `a list, each item a string`."""
    alternatives = choices(schema)
    if len(alternatives) > 1:
        return " or ".join(dict.fromkeys(map(describe_schema, alternatives)))
    schema = alternatives[0]
    if "enum" in schema:
        names = schema.get(MEMBER_NAMES, map(repr, schema["enum"]))
        return f"one of {', '.join(names)}"
    if schema.get("format") == "path":
        return "a path"
    if schema.get("format") == "secret":
        return "Secret('NAME'), the name of an environment variable"
    kind = schema.get("type", "any value")
    if kind == "array":
        return _list_in_words(schema)
    words = _WORDS.get(kind, f"a {kind}")
    named = schema.get("format", schema.get("contentEncoding", ""))
    words = _FORMATS[named][1] if named in _FORMATS else words
    return " ".join([words, *_limits_in_words(schema)])


def _limits_in_words(schema: JsonSchema) -> Iterator[str]:
    found = [f"{words} {schema[name]}" for name, (_, words) in _LIMITS.items() if name in schema]
    found += [f"a multiple of {schema['multipleOf']}"] if "multipleOf" in schema else []
    found += [f"like {schema['pattern']!r}"] if "pattern" in schema else []
    for name, words in (("minLength", "at least"), ("maxLength", "at most")):
        found += [f"of {words} {schema[name]} characters"] if name in schema else []
    yield from filter(None, [" and ".join(found)])


def _list_in_words(schema: JsonSchema) -> str:
    words = "a list" if _length(schema) == (0, None) else f"a list of {_items_in_words(schema)}"
    if first := schema.get("prefixItems", ()):
        return f"{words}: " + ", ".join(
            describe_schema(item_schema(schema, index)) for index in range(len(first))
        )
    items = item_schema(schema)
    return f"{words}, each item {describe_schema(items)}" if items else words


def _items_in_words(schema: JsonSchema) -> str:
    least, most = _length(schema)
    if most is None:
        return f"{_count(least)} or more"
    return _count(most) if least == most else f"{least} to {_count(most)}"


def _count(items: int) -> str:
    return f"{items} item{'' if items == 1 else 's'}"


_WORDS = {
    "null": "null",
    "integer": "an integer",
    "boolean": "true or false",
    "object": "an object",
    "any value": "any JSON value",
}


def from_text(what: str, schema: JsonSchema, text: str) -> Any:
    """Return the value of a text from the command line or the environment.

    A text that fits a string parameter is taken as it is, and the name of an enum's member as its
    value; anything else is read as JSON.

    Raises:
        ParameterError: it begins with `what`, and says what would fit.
    """
    if not any(problems(schema, text)):
        return text
    for choice in choices(schema):
        if text in choice.get(MEMBER_NAMES, ()):
            return choice["enum"][choice[MEMBER_NAMES].index(text)]
    try:
        value = msgspec.json.decode(text)
    except RecursionError:
        raise ParameterError(f"{what}: it is nested too deep", hint="give it as a file") from None
    except msgspec.DecodeError:
        words = {"true": True, "yes": True, "false": False, "no": False}
        value = words.get(text.lower(), text)
    for problem in problems(schema, value):
        how = "" if problem.path else _as_json(schema)
        raise ParameterError(
            f"{what}: {problem}", hint=f"give {describe_schema(problem.wanted)}{how}"
        )
    return value


def _as_json(schema: JsonSchema) -> str:
    """Return a hint to write a value as JSON, if its type needs it."""
    types = {choice.get("type") for choice in choices(schema)}
    if "array" in types:
        return """; write it as JSON: '["a", "b"]' or '[1, 2]'"""
    return """; write it as JSON: '{"name": 1}'""" if "object" in types else ""


def map_paths(schema: JsonSchema, value: Any, change: Callable[[str], Any]) -> Any:
    """Return the value with `change` applied to every path in it.

    Of several alternatives, the first counts that the value fits.
    """
    if isinstance(value, str):
        return change(value) if is_path(schema) else value
    if not isinstance(value, list | tuple | dict):
        return value
    alternatives = choices(schema)
    if len(alternatives) > 1:
        fitting = [choice for choice in alternatives if not any(problems(choice, value))]
        alternatives = fitting or alternatives
    for choice in alternatives:
        if not isinstance(value, dict):
            if choice.get("type") == "array":
                return [
                    map_paths(item_schema(choice, index), item, change)
                    for index, item in enumerate(value)
                ]
        elif choice.get("type") == "object":
            return {
                name: map_paths(_field_schema(choice, name), item, change)
                for name, item in value.items()
            }
    return value


def sort_records(schema: JsonSchema, value: Any) -> Any:
    """Return the value with the fields of each record sorted; other dicts keep their order."""
    if isinstance(value, list | tuple):
        return [sort_records(item_schema(schema, i), item) for i, item in enumerate(value)]
    if not isinstance(value, dict):
        return value
    items = {key: sort_records(member_schema(schema, key) or {}, value[key]) for key in value}
    is_record = any("properties" in choice for choice in choices(schema))
    return dict(sorted(items.items())) if is_record else items


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


def member_names(schema: JsonSchema) -> set[str]:
    """Return the keys that the schema names."""
    return {name for choice in choices(schema) for name in choice.get("properties", {})}


def is_path(schema: JsonSchema) -> bool:
    """Return True if a text of this schema is a path."""
    return any(choice.get("format") == "path" for choice in choices(schema))
