"""Types of parameters as users write them: JSON Schema, and values in IR form.

Run parameters are checked against that schema, by `run_parameters` in `schema.py`.

msgspec does the work; two types are ours: a `Path` is an input file or folder, a `Secret` the
name of a value that only the executor's process sees.
"""

from __future__ import annotations

import datetime
import enum
import importlib
import inspect
import math
import os
import re
import types
import typing
from collections.abc import Callable, Iterable, Iterator, Mapping
from pathlib import Path, PurePath
from typing import Annotated, Any

import msgspec

from mlops_pipeline import ir
from mlops_pipeline.errors import DefinitionError, caller, did_you_mean
from mlops_pipeline.interface.schema import (
    MEMBER_NAMES,
    JsonSchema,
    item_schema,
    kinds,
    member_schema,
    unknown_fields,
)

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
    enums = {kind.__name__: kind for kind in _enums(hint)}
    schema = _closed(msgspec.json.schema(_formatted(hint), schema_hook=_schema_of_ours), enums)
    definitions = schema.pop("$defs", {})
    try:
        return dict(_inlined(schema, definitions, ()))
    except RecursionError:
        return {**schema, "$defs": definitions}


def _formatted(hint: Any) -> Any:
    """Return a type of which times say that they are times; msgspec calls them texts."""
    if hint is datetime.datetime or hint is datetime.time:
        name = "time" if hint is datetime.time else "date-time"
        return Annotated[hint, msgspec.Meta(extra_json_schema={"format": name})]
    origin, inner = typing.get_origin(hint), typing.get_args(hint)
    if origin not in (list, dict, tuple, typing.Union, types.UnionType):
        return hint
    found = tuple(map(_formatted, inner))
    return (typing.Union if origin is types.UnionType else origin)[found]


def _closed(part: Any, enums: Mapping[str, type[enum.Enum]]) -> Any:
    """Return a schema whose records (dataclasses, TypedDicts) allow no fields but their own.

    msgspec drops a field it does not know, and with it what the user meant to set. The names of
    an enum's members are added as OpenAPI's generators do, for the command line.
    """
    if isinstance(part, list):
        return [_closed(item, enums) for item in part]
    if not isinstance(part, dict):
        return part
    closed = {key: _closed(value, enums) for key, value in part.items()}
    if "title" in part and isinstance(part.get("description"), str):
        # From 3.13 on, Python takes the indentation of docstrings away.
        closed["description"] = inspect.cleandoc(part["description"])
    if part.get("type") == "object" and "properties" in part:
        closed.setdefault("additionalProperties", False)
    kind = enums.get(part.get("title", ""))
    if kind is not None and "enum" in part:
        names = [kind(value).name for value in part["enum"]]
        if names != part["enum"]:
            closed[MEMBER_NAMES] = names
    return closed


def _enums(hint: Any) -> Iterator[type[enum.Enum]]:
    """Yield the enums in a type."""
    if isinstance(hint, type) and issubclass(hint, enum.Enum):
        yield hint
    for inner in typing.get_args(hint):
        yield from _enums(inner)


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
        plain = plain_data(value, _encode_ours)
        typed = msgspec.convert(plain, hint, dec_hook=_decode_ours, str_keys=True)
        refuse_losses(value, plain, typed, hint)
        return _unmarked(_fields_sorted(typed, plain_data(typed, _encode_ours)))
    except (TypeError, NotImplementedError) as error:
        raise ValueError(str(error)) from None


def plain_data(value: Any, encode: Callable[[Any], Any]) -> Any:
    """Return a value as JSON holds it: a dict in its order, the items of a set sorted.

    Numbers of NumPy are numbers.

    Args:
        encode: gives the JSON form of what is no plain data.

    Raises:
        TypeError, NotImplementedError, ValueError: it has no JSON form.
    """

    def encoded(part: Any) -> Any:
        return part.item() if is_numpy_scalar(part) else encode(part)

    if next(_sets(value), None) is not None:
        value = _listed(value, encoded)
    return msgspec.to_builtins(value, enc_hook=encoded, str_keys=True)


def _fields_sorted(typed: Any, plain: Any) -> Any:
    """Return the JSON form of a value with the fields of dataclasses and their like sorted."""
    if isinstance(plain, list | tuple) and isinstance(typed, list | tuple):
        return [_fields_sorted(*pair) for pair in zip(typed, plain, strict=True)]
    if not isinstance(plain, dict):
        return plain
    if isinstance(typed, Mapping):
        pairs = zip(typed.values(), plain.items(), strict=True)
        return {key: _fields_sorted(item, value) for item, (key, value) in pairs}
    return {k: _fields_sorted(getattr(typed, k, None), v) for k, v in sorted(plain.items())}


def refuse_losses(value: Any, plain: Any, typed: Any, hint: Any) -> None:
    """Raise a ValueError for what a value of a type has, and its JSON form loses.

    Args:
        value: as the user gave it; `plain` is its JSON form, `typed` what that is read back as.

    A set is sorted where the type has a set, or leaves it open; in a list it is refused.
    """
    if not isinstance(plain, dict | list | tuple):
        return
    for problem in unknown_fields(schema_of(hint), plain):
        raise ValueError(problem)
    declared = None
    for path in _sets(value):
        declared = {*_sets(typed)} if declared is None else declared
        if path not in declared and kinds(_schema_at(schema_of(hint), path)):
            where = f" at {'.'.join(map(str, path))}" if path else ""
            raise ValueError(f"there is a set{where}, whose items have no order: use a list")


def _schema_at(schema: JsonSchema, path: tuple[str | int, ...]) -> JsonSchema:
    for name in path:
        if isinstance(name, int):
            schema = item_schema(schema, name)
        else:
            schema = member_schema(schema, name) or {}
    return schema


def _parts(value: Any) -> Iterable[tuple[Any, Any]]:
    """Return the items of a container, each by its key, index or field."""
    if isinstance(value, Mapping):
        return value.items()
    if isinstance(value, list | tuple):
        return enumerate(value)
    if isinstance(value, type):
        return ()
    names = getattr(value, "__dataclass_fields__", getattr(value, "__struct_fields__", ()))
    names = names or [each.name for each in getattr(value, "__attrs_attrs__", ())]
    return [(name, getattr(value, name)) for name in names]


def _sets(value: Any, path: tuple[str | int, ...] = ()) -> Iterator[tuple[str | int, ...]]:
    """Yield the path of every set in a value."""
    if isinstance(value, str | int | float | None):
        return
    if isinstance(value, set | frozenset):
        yield path
        return
    is_list = isinstance(value, list | tuple)
    for name, item in _parts(value):
        yield from _sets(item, (*path, name if is_list else str(name)))


def _listed(value: Any, encode: Callable[[Any], Any]) -> Any:
    """Return a value with each set in it as a sorted list."""
    if isinstance(value, set | frozenset):
        return msgspec.to_builtins(value, enc_hook=encode, str_keys=True, order="deterministic")
    parts = [(name, _listed(item, encode)) for name, item in _parts(value)]
    if isinstance(value, list | tuple):
        return [item for _, item in parts]
    return dict(parts) if parts else value


def _encode_ours(value: Any) -> Any:
    if isinstance(value, PurePath):
        return _PATH_MARK + value.as_posix()
    if hasattr(value, "DESCRIPTOR") and hasattr(value, "ListFields"):
        # A protobuf message, as TFX takes them; who has one has the library, too.
        json_format = importlib.import_module("google.protobuf.json_format")
        return json_format.MessageToDict(value, preserving_proto_field_name=True)
    raise ValueError(f"{type(value).__name__} {value!r} has no JSON form")


def is_numpy_scalar(value: Any) -> bool:
    """Return True for a number, text or truth value of NumPy's, as a column's `max()` gives it."""
    return getattr(value, "shape", None) == () and hasattr(value, "item")


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
