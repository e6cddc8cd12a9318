from __future__ import annotations

import enum
from dataclasses import dataclass
from pathlib import Path
from typing import Annotated, Any, Literal

import msgspec
import pytest

from mlops_pipeline import (
    Secret,
)
from mlops_pipeline.interface import read_interface


class Color(enum.Enum):
    RED = "red"


@dataclass
class Config:
    rate: float
    color: Color = Color.RED


@pytest.mark.parametrize(
    ("hint", "schema"),
    [
        (int, {"type": "integer"}),
        (Path, {"type": "string", "format": "path"}),
        (Secret, {"type": "string", "format": "secret"}),
        (list[Path], {"type": "array", "items": {"type": "string", "format": "path"}}),
        (Literal["a", "b"], {"enum": ["a", "b"]}),
        (Color, {"title": "Color", "enum": ["red"]}),
        (Color | None, {"anyOf": [{"title": "Color", "enum": ["red"]}, {"type": "null"}]}),
        (Annotated[int, msgspec.Meta(ge=1)], {"type": "integer", "minimum": 1}),
        (Any, {}),
    ],
)
def test_the_schema_of_a_parameter_is_that_of_its_type(hint: Any, schema: Any) -> None:
    def f(x): ...

    f.__annotations__["x"] = hint
    assert read_interface(f).parameters["x"].schema == schema


def test_schemas_of_dataclasses_hold_no_references() -> None:
    def f(config: Config | None = None): ...

    schema = read_interface(f).parameters["config"].schema
    assert "$ref" not in str(schema)
    assert schema["anyOf"][0]["properties"]["color"]["enum"] == ["red"]


def test_records_allow_no_fields_but_their_own() -> None:
    def f(configs: list[Config], notes: dict[str, int]): ...

    parameters = read_interface(f).parameters
    assert parameters["configs"].schema["items"]["additionalProperties"] is False
    assert parameters["notes"].schema["additionalProperties"] == {"type": "integer"}


@dataclass
class Described:
    """Settings.

    Args:
        rate: how fast.
    """

    description: str = ""


def test_descriptions_are_the_same_on_every_python() -> None:
    def f(settings: Described): ...

    schema = read_interface(f).parameters["settings"].schema
    assert schema["description"] == "Settings.\n\nArgs:\n    rate: how fast."
    assert schema["properties"].keys() == {"description"}
