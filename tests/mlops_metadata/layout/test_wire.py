"""Bytes of protocol buffers, as other libraries write them."""

from __future__ import annotations

import base64
from typing import Any

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from mlops_metadata.layout.rows import Proto
from mlops_metadata.layout.wire import (
    read_any,
    read_struct,
    read_text,
    write_any,
    write_struct,
    write_text,
)

STRUCT = (
    "ChIKBWRlcHRoEgkRAAAAAAAACEAKMgoBbBItMisKAxoBYQoCCAAKAiAB"
    "ChwqGgoICgFiEgMaAXEKDgoBehIJEQAAAAAAAPg/"
)
"""What ML Metadata has kept of the dict below."""

ANY = "Ci90eXBlLmdvb2dsZWFwaXMuY29tL2dvb2dsZS5wcm90b2J1Zi5TdHJpbmdWYWx1ZRIHCgVoZQBsbw=="

FEW = settings(
    max_examples=60, deadline=None, derandomize=True, suppress_health_check=list(HealthCheck)
)

JSON = st.recursive(
    st.none() | st.booleans() | st.floats(allow_nan=False) | st.text(max_size=300),
    lambda inner: st.lists(inner, max_size=4) | st.dictionaries(st.text(), inner, max_size=4),
)


def test_what_ml_metadata_has_written_is_read() -> None:
    found = read_struct(base64.b64decode(STRUCT))
    assert found == {"depth": 3.0, "l": ["a", None, True, {"b": "q", "z": 1.5}]}
    value = read_any(base64.b64decode(ANY))
    assert value.type_url == "type.googleapis.com/google.protobuf.StringValue"
    assert read_text(value.data) == "he\0lo"


def test_the_bytes_are_those_that_ml_metadata_writes() -> None:
    fields = {"depth": 3, "l": ["a", None, True, {"b": "q", "z": 1.5}]}
    assert write_struct(fields) == base64.b64decode(STRUCT)
    url = "type.googleapis.com/google.protobuf.StringValue"
    assert write_any(Proto(url, write_text("he\0lo"))) == base64.b64decode(ANY)


@FEW
@given(st.dictionaries(st.text(), JSON, max_size=4))
@pytest.mark.slow  # Many examples.
def test_any_struct_comes_back(fields: Any) -> None:
    assert repr(read_struct(write_struct(fields))) == repr(fields)


@FEW
@given(st.text(), st.binary())
def test_any_message_comes_back(text: str, data: bytes) -> None:
    assert read_text(write_text(text)) == text
    assert read_any(write_any(Proto(text, data))) == Proto(text, data)


@FEW
@given(st.binary(max_size=60))
def test_bytes_that_are_no_message_are_refused_and_nothing_else_happens(data: bytes) -> None:
    for read in (read_struct, read_any, read_text):
        try:
            read(data)
        except (ValueError, TypeError, AttributeError):
            continue


@pytest.mark.parametrize("value", [{"a": {1, 2}}, {"a": object()}])
def test_what_is_not_json_is_refused(value: Any) -> None:
    with pytest.raises(ValueError, match="is not JSON"):
        write_struct(value)


def test_what_other_readers_would_refuse_as_too_deep_is_not_written() -> None:
    deep: Any = 1
    for _ in range(60):
        deep = [deep]
    with pytest.raises(ValueError, match="too deep"):
        write_struct({"a": deep})
