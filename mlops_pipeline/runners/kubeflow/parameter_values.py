"""Run parameters on their way to Kubeflow and back: it knows six types, and no null.

What may be of several types goes as a text: a text that is not JSON stands for itself, every other
value for what it is in JSON. So each value arrives as the one that was sent.
"""

from __future__ import annotations

import json
from collections.abc import Mapping
from typing import Any

from mlops_pipeline.errors import ParameterError
from mlops_pipeline.interface import (
    choices,
    from_text,
    item_schema,
    member_schema,
    problems,
    run_parameters,
)
from mlops_pipeline.ir import PipelineIR, RunParameterIR

EXACT = 2**53
"""From here on, numbers of Kubeflow (doubles) leave integers out."""

ORDER = "mlops.order"
"""The key that lists the others of a dict in their order: Kubeflow's have none."""

_SCALARS = {"integer": "NUMBER_INTEGER", "number": "NUMBER_DOUBLE", "boolean": "BOOLEAN"}
_TYPES = {**_SCALARS, "string": "STRING", "array": "LIST", "object": "STRUCT"}

Schema = Mapping[str, Any]


def definition(parameter: RunParameterIR) -> dict[str, Any]:
    """Return the input of Kubeflow's pipeline that stands for a run parameter.

    Raises:
        ParameterError: Kubeflow cannot hold the default.
    """
    found: dict[str, Any] = {"parameterType": parameter_type(parameter.schema)}
    if parameter.doc:
        found["description"] = parameter.doc
    if not parameter.required:
        found["isOptional"] = True
        if parameter.default is not None:
            found["defaultValue"] = _to_kubeflow(parameter, parameter.default)
    return found


def parameter_type(schema: Schema) -> str:
    """Return Kubeflow's type for a JSON schema; a value of several types becomes a text."""
    kinds = _kinds(schema)
    return _TYPES.get(next(iter(kinds)), "STRING") if len(kinds) == 1 else "STRING"


def sent(ir: PipelineIR, given: Mapping[str, Any]) -> dict[str, Any]:
    """Return the parameters of a run as Kubeflow takes them; it fills in the defaults itself.

    Raises:
        ParameterError: one is unknown, missing, of the wrong type, or Kubeflow cannot hold it.
    """
    run_parameters(ir, given)
    known = {parameter.name: parameter for parameter in ir.parameters}
    found = {}
    for name, value in given.items():
        if value is not None:
            found[name] = _to_kubeflow(known[name], value)
        elif known[name].default is not None or known[name].required:
            raise ParameterError(
                f"parameter {name!r}: Kubeflow passes on no null",
                hint="make null its default, or give another value",
            )
    return found


def received(ir: PipelineIR, values: Mapping[str, Any]) -> dict[str, Any]:
    """Return parameter values from Kubeflow in the form that the pipeline takes.

    Kubeflow's numbers are all doubles, whole ones or not.
    """
    schemas = {parameter.name: parameter.schema for parameter in ir.parameters}
    return {
        name: _from_kubeflow(name, schemas[name], value)
        for name, value in values.items()
        if name in schemas and value is not None
    }


def _kinds(schema: Schema) -> set[str]:
    return {_kind(choice) for choice in choices(schema)} - {"null"}


def _kind(choice: Schema) -> str:
    return "" if "anyOf" in choice else str(choice.get("type") or _kind_of_choices(choice))


def _kind_of_choices(schema: Schema) -> str:
    """Return the type of an enumeration; empty where it has several, or anything may be given."""
    types = {type(each) for each in schema.get("enum", ())}
    return {(int,): "integer", (str,): "string"}.get(tuple(types), "")  # type: ignore[arg-type]


def _to_kubeflow(parameter: RunParameterIR, value: Any) -> Any:
    if _is_text(parameter.schema):
        # Whatever could be read as JSON is written as JSON.
        if isinstance(value, str) and _decoded(parameter.schema, value) == value:
            return value
        return json.dumps(value)
    _refuse_huge(parameter.name, value)
    return _with_order(value)


def _with_order(value: Any) -> Any:
    """Return a value with the order of the keys beside them, where Kubeflow would sort them."""
    if isinstance(value, list | tuple):
        return [_with_order(item) for item in value]
    if not isinstance(value, Mapping):
        return value
    items = {name: _with_order(item) for name, item in value.items()}
    return items if list(items) == sorted(items) else {ORDER: list(items), **items}


def _refuse_huge(name: str, value: Any) -> None:
    if isinstance(value, int) and abs(value) > EXACT:
        raise ParameterError(
            f"parameter {name!r}: Kubeflow would round {value}, its numbers are doubles",
            hint="make it a text",
        )
    if isinstance(value, Mapping):
        value = list(value.values())
    for item in value if isinstance(value, list | tuple) else ():
        _refuse_huge(name, item)


def _is_text(schema: Schema) -> bool:
    """Return True if a text encodes the values of a type that is not text."""
    return parameter_type(schema) == "STRING" and _kinds(schema) != {"string"}


def _from_kubeflow(name: str, schema: Schema, value: Any) -> Any:
    if isinstance(value, str):
        if _is_text(schema):
            value = _decoded(schema, value)
        return from_text(f"parameter {name!r}", schema, value) if isinstance(value, str) else value
    return _shaped(schema, value)


def _decoded(schema: Schema, text: str) -> Any:
    """Return the value that a text encodes, if it may be of several types."""
    try:
        value = json.loads(text)
    except ValueError:
        return text
    return text if any(problems(schema, value)) else value


def _shaped(schema: Schema, value: Any) -> Any:
    """Return a value with the numbers that its schema wants; whole ones where it does not say."""
    if isinstance(value, bool) or value is None or isinstance(value, str):
        return value
    if isinstance(value, int | float):
        kinds = {_kind(choice) for choice in choices(schema)}
        if "number" in kinds and "integer" not in kinds:
            return float(value)
        return int(value) if float(value).is_integer() else value
    if isinstance(value, list):
        return [_shaped(item_schema(schema, index), item) for index, item in enumerate(value)]
    names = value.get(ORDER, value)
    return {name: _shaped(member_schema(schema, name) or {}, value[name]) for name in names}
