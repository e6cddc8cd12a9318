"""Values in the forms that TFX's readers understand, and exactly as they were for ours."""

import json
import math
from typing import Any

import pytest

from mlops_metadata.layout.property_values import decode
from mlops_metadata.layout.rows import Proto, Struct, Values
from mlops_metadata.layout.tfx_values import (
    by_schema,
    read_parameters,
    read_properties,
    write_parameters,
    write_property,
)


def written(parameters: dict[str, Any], *, any_text: bool = True) -> tuple[Any, dict[str, Any]]:
    properties: Values = {}
    return properties, write_parameters(parameters, properties, any_text=any_text)


def read(parameters: dict[str, Any], *, any_text: bool = True) -> Any:
    properties, exact = written(parameters, any_text=any_text)
    return read_parameters({name: decode(value) for name, value in properties.items()}, exact)


@pytest.mark.parametrize(
    ("value", "stored", "kind"),
    [
        (3, 3, ""),
        (1 / 3, 1 / 3, ""),
        ("a\\b" * 300, "a\\b" * 300, ""),
        (True, "true", "boolean_type"),
        ([1, "Zoë"], '[1, "Zoë"]', "list_type"),
        ({"b": 1, "a": [True]}, '{"b": 1, "a": [true]}', "dict_type"),
    ],
)
def test_parameters_are_written_as_tfx_does(value: Any, stored: Any, kind: str) -> None:
    properties, _ = written({"p": value})
    assert repr(properties["p"]) == repr(stored)
    if kind:
        assert json.loads(properties["__schema__p__"]) == {"value_type": {kind: {}}}
    else:
        assert list(properties) == ["p"]


@pytest.mark.parametrize("any_text", [True, False])
@pytest.mark.parametrize(
    "value",
    [None, 2**40, 3e-7, 1e300, False, "\0", "\ud800", ["\\"], {"b": {"y": 1, "x": None}}, "true"],
)
def test_parameters_come_back_exactly(value: Any, any_text: bool) -> None:
    found = read({"p": value}, any_text=any_text)
    assert repr(found) == repr({"p": value})


def test_what_a_server_may_not_take_goes_another_way() -> None:
    properties, _ = written({"p": ["\\"], "t": "x" * 513}, any_text=False)
    assert [type(properties[name]) for name in ("p", "t")] == [Proto, Proto]


@pytest.mark.parametrize(
    "value", [{"train": 1, "eval": 0}, ["a", 1, None], {"b": 1.5, "a": {"x": [True]}}, []]
)
def test_structured_properties_are_structs_and_exact(value: Any) -> None:
    properties: Values = {}
    exact: dict[str, Any] = {}
    write_property("p", value, properties, exact, any_text=True)
    stored = properties["p"]
    assert isinstance(stored, Struct)
    struct = stored.fields
    assert (struct if isinstance(value, dict) else struct["__value__"]) == value
    assert repr(read_properties({"p": decode(properties["p"])}, exact)["p"]) == repr(value)


def test_what_no_struct_holds_is_kept_exactly() -> None:
    properties: Values = {}
    exact: dict[str, Any] = {}
    write_property("p", [math.nan, 2**60], properties, exact, any_text=True)
    found = read_properties({"p": decode(properties["p"])}, exact)["p"]
    assert math.isnan(found[0])
    assert found[1] == 2**60


@pytest.mark.parametrize("value", [[2**53 + 1], {"a": [2**60 + 1]}, {"__value__": 1}, [10**400]])
def test_numbers_that_no_double_holds_come_back_exactly(value: Any) -> None:
    properties: Values = {}
    exact: dict[str, Any] = {}
    write_property("p", value, properties, exact, any_text=True)
    assert repr(read_properties({"p": decode(properties["p"])}, exact)["p"]) == repr(value)


def test_a_property_that_somebody_has_changed_counts() -> None:
    assert read_properties({"p": {"train": 0.0}}, {"p": {"train": 1}}) == {"p": {"train": 0.0}}


def test_parameters_of_tfx_are_read_by_their_schema() -> None:
    def schema(kind: dict[str, Any]) -> str:
        return json.dumps({"value_type": kind})

    nested = {"list_type": {"dict_type": {"boolean_type": {}}}}
    assert by_schema('["{\\"a\\": true}"]', schema(nested)) == [{"a": True}]
    assert by_schema('["[1, 2]"]', schema({"list_type": {"list_type": {}}})) == [[1, 2]]
    assert by_schema("true", schema({"boolean_type": {}})) is True
    assert by_schema('{"n": 1}', schema({"proto_type": {"message_type": "M"}})) == {"n": 1}
    assert by_schema('["1"]', schema({"list_type": {}})) == ["1"]
    assert by_schema("not JSON", "neither") == "not JSON"
