"""Run parameters on their way to Kubeflow and back, and the times of its schedules."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest

from mlops_pipeline.errors import CompileError, ParameterError, SettingsError
from mlops_pipeline.ir import PipelineIR, RunParameterIR, digest
from mlops_pipeline.runners.kubeflow import (
    KubeflowOptions,
    make_package,
    read_package,
    sent,
    trigger,
)
from mlops_pipeline.runners.kubeflow.cron import interval, six_fields
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
        (RATES, [1.0, 2.5]),
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


@pytest.mark.parametrize(
    ("text", "fields"),
    [
        ("30 3 * * MON-FRI", "0 30 3 * * MON-FRI"),
        ("*/15 * * * *", "0 */15 * * * *"),
        ("0 0 9 ? * 1-5", "0 0 9 ? * 1-5"),
        ("0 6,18 1 jan *", "0 0 6,18 1 JAN *"),
        ("@weekly", "0 0 0 * * 0"),
    ],
)
def test_cron_texts_get_six_fields(text: str, fields: str) -> None:
    assert six_fields(text) == fields


@pytest.mark.parametrize(
    ("text", "told"),
    [
        ("0 3 * *", "has 4 fields"),
        ("0 24 * * *", "24 is not between 0 and 23"),
        ("0 3 * * 7", "7 is not between 0 and 6"),
        ("0 5-3 * * *", "ends before it begins"),
        ("*/0 * * * *", "a step of 0"),
        ("a b c d e", "is not between 0 and 59"),
        ("0 3 * * MON#2", "is not understood"),
        ("@fortnightly", "is not known"),
    ],
)
def test_cron_texts_that_kubeflow_would_refuse_are_told(text: str, told: str) -> None:
    with pytest.raises(SettingsError, match=told):
        six_fields(text)


def test_intervals_have_units() -> None:
    assert [interval(text) for text in ("90", "15m", "6h", "1d")] == [90, 900, 21600, 86400]
    for text in ("0", "soon", "1.5h", "-3"):
        with pytest.raises(SettingsError, match="no time between runs"):
            interval(text)
    with pytest.raises(SettingsError, match="one of --cron and --every"):
        trigger("", "")
    assert str(trigger("", "1h")) == "every 3600 s"


def test_a_package_holds_its_pipeline(tmp_path: Path) -> None:
    ir = pipeline(INTEGER, 3)
    made = make_package(ir, KubeflowOptions(image="img:1"))
    file = tmp_path / "p.yaml"
    file.write_bytes(made.data)
    read = read_package(file)
    assert (read.version, digest(read.ir)) == (made.version, digest(ir))
    other = make_package(ir, KubeflowOptions(image="img:2"))
    assert (other.name, other.version == made.version) == (made.name, False)
    file.write_text("{}")
    with pytest.raises(CompileError, match="no package"):
        read_package(file)
