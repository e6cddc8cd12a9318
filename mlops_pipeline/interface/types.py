"""Types of parameters as users write them: JSON Schema, and values in IR form.

Run parameters are checked against that schema, by `run_parameters` in `schema.py`.

msgspec does the work; two types are ours: a `Path` is an input file or folder, a `Secret` the
name of a value that only the executor's process sees.
"""

from __future__ import annotations

import enum
import importlib
import inspect
import math
import os
import re
import typing
from pathlib import Path, PurePath
from typing import Any

import msgspec

from mlops_pipeline import ir
from mlops_pipeline.errors import DefinitionError, caller, did_you_mean
from mlops_pipeline.interface.schema import JsonSchema, unknown_fields

PATH_SCHEMA: JsonSchema = {"type": "string", "format": "path"}
SECRET_SCHEMA: JsonSchema = {"type": "string", "format": "secret"}

# A path is a text while msgspec handles it; the mark distinguishes it from other texts.
_PATH_MARK = "\x04"

_LONGEST_TYPE = 100


class Secret:
    """A secret by name, such as the name of an environment variable, never its value.

    As the type of a parameter it asks for one; the body of the component then gets the value as
    a plain `str`.

    >>> Push(token=Secret("REGISTRY_TOKEN"))
    """

    def __init__(self, name: str) -> None:
        if not isinstance(name, str) or not name.isidentifier():
            raise DefinitionError(
                f"Secret takes the name of an environment variable, not {name!r}",
                hint="letters, digits and _ only, as in Secret('REGISTRY_TOKEN')",
                where=caller(),
            )
        self.name = name

    def __repr__(self) -> str:
        return f"Secret({self.name!r})"

    def __format__(self, spec: str) -> str:
        raise DefinitionError(
            f"secret {self.name!r} cannot be part of a text: the text would be recorded",
            hint="pass it as a parameter of its own",
            where=caller(),
        )

    def __str__(self) -> str:
        return format(self)

    def __eq__(self, other: object) -> bool:
        raise DefinitionError(
            f"secret {self.name!r} cannot be compared: the result would be recorded",
            hint="compare it in the body of a component",
            where=caller(),
        )

    __hash__ = object.__hash__


def schema_of(hint: Any) -> dict[str, Any]:
    """Return the JSON Schema of a parameter's type.

    Raises:
        TypeError: the type has no JSON form.
    """
    schema = _closed(msgspec.json.schema(hint, schema_hook=_schema_of_ours))
    definitions = schema.pop("$defs", {})
    try:
        return dict(_inlined(schema, definitions, ()))
    except RecursionError:
        return {**schema, "$defs": definitions}


def _closed(part: Any) -> Any:
    """Return a schema whose records (dataclasses, TypedDicts) allow no fields but their own.

    msgspec drops a field it does not know, and with it what the user meant to set.
    """
    if isinstance(part, list):
        return [_closed(item) for item in part]
    if not isinstance(part, dict):
        return part
    closed = {key: _closed(value) for key, value in part.items()}
    if "title" in part and isinstance(part.get("description"), str):
        # From 3.13 on, Python takes the indentation of docstrings away.
        closed["description"] = inspect.cleandoc(part["description"])
    if part.get("type") == "object" and "properties" in part:
        closed.setdefault("additionalProperties", False)
    return closed


def _inlined(part: Any, definitions: JsonSchema, inside: tuple[str, ...]) -> Any:
    """Return a schema without references, so that every part of it can be read by itself.

    Raises:
        RecursionError: the type refers to itself.
    """
    if isinstance(part, list):
        return [_inlined(item, definitions, inside) for item in part]
    if not isinstance(part, dict):
        return part
    if "$ref" in part:
        name = part["$ref"].rpartition("/")[2]
        if name in inside:
            raise RecursionError(name)
        rest = {key: value for key, value in part.items() if key != "$ref"}
        return {**_inlined(definitions[name], definitions, (*inside, name)), **rest}
    return {key: _inlined(value, definitions, inside) for key, value in part.items()}


def _schema_of_ours(kind: type) -> dict[str, Any]:
    if issubclass(kind, PurePath):
        return dict(PATH_SCHEMA)
    if kind is Secret:
        return dict(SECRET_SCHEMA)
    raise NotImplementedError


def checked(value: Any, hint: Any) -> Any:
    """Return the JSON form of a literal, with each path in it as a `Path`.

    Raises:
        ValueError: it does not fit the type, or has no JSON form.
    """
    try:
        plain = _plain(value)
        typed = msgspec.convert(plain, hint, dec_hook=_decode_ours, str_keys=True)
        if isinstance(plain, dict | list | tuple):
            for problem in unknown_fields(schema_of(hint), plain):
                raise ValueError(problem)
        return _unmarked(_plain(typed))
    except (TypeError, NotImplementedError) as error:
        raise ValueError(str(error)) from None


def _plain(value: Any) -> Any:
    # Deterministic, or the items of a set would come in another order in each process.
    return msgspec.to_builtins(value, enc_hook=_encode_ours, str_keys=True, order="deterministic")


def _encode_ours(value: Any) -> Any:
    if isinstance(value, PurePath):
        return _PATH_MARK + value.as_posix()
    if hasattr(value, "DESCRIPTOR") and hasattr(value, "ListFields"):
        # A protobuf message, as TFX takes them; who has one has the library, too.
        json_format = importlib.import_module("google.protobuf.json_format")
        return json_format.MessageToDict(value, preserving_proto_field_name=True)
    raise ValueError(f"{type(value).__name__} {value!r} has no JSON form")


def _decode_ours(kind: type, value: Any) -> Any:
    if issubclass(kind, PurePath) and isinstance(value, str):
        return Path(value.removeprefix(_PATH_MARK))
    if kind is Secret:
        raise ValueError("a secret is given by its name, never by its value")
    raise NotImplementedError(f"expected {kind.__name__}")


def _unmarked(value: Any) -> Any:
    if isinstance(value, str) and value.startswith(_PATH_MARK):
        return Path(value.removeprefix(_PATH_MARK))
    # msgspec leaves tuples as they are; JSON has lists only.
    if isinstance(value, list | tuple):
        return [_unmarked(item) for item in value]
    if isinstance(value, dict):
        return {key: _unmarked(item) for key, item in value.items()}
    if isinstance(value, float) and not math.isfinite(value):
        raise ValueError(f"{value} cannot be kept in JSON")
    return value


def expression_of(value: Any, base_dir: Path) -> ir.Expression:
    """Return the expression for a result of `checked`: a literal, unless it has a path."""
    if isinstance(value, Path):
        return ir.LocalPath(relative_to_base(value, base_dir))
    if isinstance(value, (list, dict)) and _has_path(value):
        if isinstance(value, list):
            return ir.ListOf(tuple(expression_of(item, base_dir) for item in value))
        return ir.DictOf({key: expression_of(item, base_dir) for key, item in value.items()})
    return ir.Literal(value)


def _has_path(value: Any) -> bool:
    if isinstance(value, list):
        return any(_has_path(item) for item in value)
    if isinstance(value, dict):
        return any(_has_path(item) for item in value.values())
    return isinstance(value, Path)


def json_of(value: Any, base_dir: Path) -> Any:
    """Return a result of `checked` as JSON, with each path as a text."""
    if isinstance(value, Path):
        return relative_to_base(value, base_dir)
    if isinstance(value, list):
        return [json_of(item, base_dir) for item in value]
    if isinstance(value, dict):
        return {key: json_of(item, base_dir) for key, item in value.items()}
    return value


def relative_to_base(path: Path, base_dir: Path) -> str:
    """Return a path as the IR keeps it: relative if it is below the base, or was given so."""
    tidy, base = Path(os.path.normpath(path)), Path(os.path.normpath(base_dir))
    below = tidy.is_absolute() and tidy.is_relative_to(base)
    return (tidy.relative_to(base) if below else tidy).as_posix()


def spelt(hint: Any) -> str:
    """Return a type as the user wrote it; long ones are shortened."""
    plain = isinstance(hint, type) and not getattr(hint, "__args__", ())
    text = hint.__name__ if plain else str(hint).replace("typing.", "").replace("pathlib.", "")
    return text if len(text) <= _LONGEST_TYPE else f"{text[:_LONGEST_TYPE]}..."


def near_choice(problem: str, hint: Any) -> str:
    """Return a hint for a problem that `checked` reports: the nearest allowed text, if any."""
    wrong = re.search(r"Invalid enum value '(.*?)'", problem)
    found = did_you_mean(wrong[1], _choices(hint)) if wrong else ""
    return found if found.startswith("did") else ""


def _choices(hint: Any) -> set[str]:
    """Return the texts that a type allows."""
    if isinstance(hint, type) and issubclass(hint, enum.Enum):
        return {member.value for member in hint if isinstance(member.value, str)}
    inner = typing.get_args(hint)
    return {each for each in inner if isinstance(each, str)}.union(*map(_choices, inner))


def shortened(value: Any) -> str:
    """Return a value in an error: short enough for one line."""
    text = repr(value)
    return text if len(text) <= 60 else f"{text[:57]}..."
