"""Parameters and properties in the forms that TFX writes and its readers understand.

A structured property is a `struct_value`, a structured or boolean parameter a JSON text with its
schema beside it, a number a `double_value`. Where such a form loses something (digits, whole
numbers, the order of a dict), the exact value is kept beside it in a property of ours.
"""

from __future__ import annotations

import json
import re
from collections.abc import Mapping
from typing import Any

from mlops_metadata.layout.property_values import (
    PLAIN_VALUE,
    STRUCT_MARK,
    decode,
    encode,
    plain_field,
)
from mlops_metadata.layout.rows import Struct, Values
from mlops_metadata.layout.wire import read_struct, write_struct

_SCHEMA = "__schema__{}__"
_SCHEMAS = {
    kind: json.dumps({"value_type": {name: {}}}, indent=2)
    for kind, name in ((bool, "boolean_type"), (list, "list_type"), (dict, "dict_type"))
}
_LARGE = 1e15
"""From here on, databases differ in the numbers that they read back; infinity is one of them."""

_IS_SCHEMA = re.compile("__schema__(.*)__")


def write_parameters(
    parameters: Mapping[str, Any], properties: Values, *, any_text: bool
) -> dict[str, Any]:
    """Write parameters of an execution; returns those that their TFX form does not keep exactly.

    Args:
        any_text: the database takes texts of any length, with backslashes.
    """
    exact: dict[str, Any] = {}
    for name, value in parameters.items():
        kind = list if isinstance(value, tuple) else type(value)
        text = _json(value) if kind in _SCHEMAS else None
        if text is not None and _fits(text, any_text):
            properties[name] = text
            properties[_SCHEMA.format(name)] = _SCHEMAS[kind]
        elif value is None:
            exact[name] = None
        elif not _write_plain(name, value, properties, exact, any_text):
            properties[name] = encode(value, name=name)
    return exact


def read_parameters(named: Mapping[str, Any], exact: Mapping[str, Any]) -> dict[str, Any]:
    """Return parameters from what was written, each by its name."""
    found = dict(named)
    for key in named:
        name = _described(key, named)
        if name and named[key] in _SCHEMAS.values():
            found[name] = json.loads(str(found[name]))
            del found[key]
    found.update(exact)
    return dict(sorted(found.items()))


def _described(key: str, named: Mapping[str, Any]) -> str:
    """Return the parameter that a property is the schema of; empty if it is none."""
    match = _IS_SCHEMA.fullmatch(key)
    return match[1] if match and isinstance(named.get(match[1]), str) else ""


def by_schema(text: str, schema: str) -> Any:
    """Return a parameter that TFX wrote as text, by the schema beside it.

    TFX writes what is inside of lists and dicts as texts again.
    """
    try:
        kind = json.loads(schema).get("value_type", {})
        return _parsed(text, kind)
    except (ValueError, TypeError, AttributeError):
        return text


def _parsed(value: Any, kind: Any) -> Any:
    if not isinstance(value, str):
        return value
    if "list_type" in kind:
        return [_parsed(item, kind["list_type"]) for item in json.loads(value)]
    if "dict_type" in kind:
        return {k: _parsed(item, kind["dict_type"]) for k, item in json.loads(value).items()}
    return json.loads(value) if kind else value


def write_property(
    name: str, value: Any, properties: Values, exact: dict[str, Any], *, any_text: bool
) -> None:
    """Write a property of an artifact.

    Args:
        exact: gets the value, if its TFX form does not keep it exactly.
        any_text: as for parameters.

    Raises:
        StoreError: the value is not JSON.
    """
    if isinstance(value, list | tuple | dict):
        struct = _struct(value)
        if struct is not None:
            properties[name] = struct
            if not _is_kept(value) or _json(decode(struct)) != _json(value):
                exact[name] = value
            return
    elif _write_plain(name, value, properties, exact, any_text):
        return
    properties[name] = encode(value, name=name)


def read_properties(named: dict[str, Any], exact: Mapping[str, Any]) -> dict[str, Any]:
    """Return properties with their exact values, where these are of what is stored."""
    for name, value in exact.items():
        stored = named.get(name)
        # A number is stored with six decimals, and may have become 0 or infinity.
        are_numbers = isinstance(stored, float) and isinstance(value, float)
        if are_numbers or stored == value or stored == _as_stored(value):
            named[name] = value
    return named


def _as_stored(value: Any) -> Any:
    """Return a list or dict as it is read back: large whole numbers lose their last digits."""
    found = _struct(value) if isinstance(value, list | dict) else None
    return value if found is None else decode(found)


def _write_plain(
    name: str, value: Any, properties: Values, exact: dict[str, Any], any_text: bool
) -> bool:
    """Write a number or a text as TFX does, if every reader gets it; return True if it is done."""
    if plain_field(value):
        return False
    if type(value) is float and abs(value) < _LARGE:
        properties[name] = value
        exact[name] = value
        return True
    if type(value) is str and _fits(value, any_text):
        properties[name] = value
        return True
    return False


def _fits(text: str, any_text: bool) -> bool:
    if not any_text or "\0" in text or text.startswith(STRUCT_MARK):
        return bool(plain_field(text))
    return text.isascii() or not any("\ud800" <= c <= "\udfff" for c in text)


def _json(value: Any) -> str | None:
    try:
        return json.dumps(value, ensure_ascii=False)
    except (TypeError, ValueError):
        return None


def _is_kept(value: Any) -> bool:
    """Return False if readers may change the order of a dict in this value."""
    if isinstance(value, dict):
        return len(value) < 2 and all(map(_is_kept, value.values()))
    return not isinstance(value, list | tuple) or all(map(_is_kept, value))


def _struct(value: Any) -> Struct | None:
    """Return a list or dict as a `Struct`, as TFX makes it; None if it cannot be one."""
    given = value if isinstance(value, dict) else {PLAIN_VALUE: value}
    try:
        # A struct with NaN can be written, and is read by nobody.
        json.dumps(given, allow_nan=False)
        return Struct(read_struct(write_struct(given)))
    except (ValueError, TypeError, AttributeError, OverflowError):
        return None
