"""Run parameters on their way to Kubeflow and back, and the times of its schedules."""

from __future__ import annotations

from typing import Any

import pytest

from mlops_pipeline.errors import ParameterError
from mlops_pipeline.ir import PipelineIR, RunParameterIR
from mlops_pipeline.runners.kubeflow import (
    sent,
)
from mlops_pipeline.runners.kubeflow.parameter_values import definition, received

INTEGER = {"type": "integer"}


NUMBER = {"type": "number"}


TEXT = {"type": "string"}


EITHER = {"anyOf": [INTEGER, TEXT, NUMBER, {"type": "null"}]}


POINT = {"type": "object", "properties": {"x": NUMBER, "n": INTEGER}}


RATES = {"type": "array", "items": NUMBER}


def pipeline(schema: dict[str, Any], default: Any = None) -> PipelineIR:
    return PipelineIR("p", (), (RunParameterIR("value", schema, default),))


def as_kubeflow_does(value: Any) -> Any:
    """Numbers that have become doubles, and are written without a point if they are whole."""
    if isinstance(value, bool) or not isinstance(value, int | float | list | dict):
        return value
    if isinstance(value, list):
        return [as_kubeflow_does(item) for item in value]
    if isinstance(value, dict):
        return {name: as_kubeflow_does(item) for name, item in value.items()}
    return int(value) if float(value).is_integer() else float(value)


@pytest.mark.parametrize(
    ("schema", "value"),
    [
        (INTEGER, 3),
        (NUMBER, 2.0),
        ({"anyOf": [NUMBER, {"type": "null"}]}, 2.0),
        (TEXT, "3"),
        (TEXT, '"quoted"'),
        ({"type": "boolean"}, False),
        (EITHER, 7),
        (EITHER, "7"),
        (EITHER, 7.5),
        (EITHER, "a text"),
        (EITHER, '"7"'),
        (EITHER, "null"),
        ({}, {"a": [1, "2"]}),
        ({}, "plain"),
        ({"type": "object"}, {"time": "date", "name": {"b": 1, "a": 2}, "age": "int"}),
        ({"type": "array"}, [{"b": 1, "a": 2}]),
        (RATES, [1.0, 2.5]),
        ({"type": "array", "prefixItems": [{"type": "number"}, INTEGER]}, [1.0, 2]),
        (POINT, {"x": 1.0, "n": 2}),
        ({"$ref": "#/$defs/P", "$defs": {"P": POINT}}, {"x": 3.0, "n": 4}),
        ({"enum": ["red", "blue"]}, "red"),
        ({"enum": [1, 2]}, 2),
    ],
)
def test_each_value_arrives_as_it_was_sent(schema: dict[str, Any], value: Any) -> None:
    ir = pipeline(schema)
    found = received(ir, as_kubeflow_does(sent(ir, {"value": value})))["value"]
    assert (found, type(found)) == (value, type(value))
    if isinstance(value, dict | list):
        assert repr(found) == repr(value), "the numbers in it keep their types"
    default = definition(RunParameterIR("value", schema, value))["defaultValue"]
    assert received(ir, as_kubeflow_does({"value": default}))["value"] == value


def test_what_kubeflow_cannot_hold_is_refused() -> None:
    with pytest.raises(ParameterError, match="would round 9007199254740993"):
        sent(pipeline(INTEGER), {"value": 2**53 + 1})
    with pytest.raises(ParameterError, match="would round"):
        definition(RunParameterIR("value", {"type": "array"}, [2**60]))
    nullable = {"anyOf": [INTEGER, {"type": "null"}]}
    assert sent(pipeline(nullable), {"value": None}) == {}
    with pytest.raises(ParameterError, match="passes on no null"):
        sent(pipeline(nullable, 3), {"value": None})
