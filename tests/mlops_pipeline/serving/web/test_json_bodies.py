"""JSON of requests and answers."""

from __future__ import annotations

import json
import math
from typing import Any

import pytest

from mlops_pipeline.serving.models import BadInputFailure, of_lists
from mlops_pipeline.serving.web.json_bodies import (
    read_json,
    read_object,
    shown_values,
    write_json_body,
)


def test_numbers_that_json_has_no_word_for_come_in_and_go_out() -> None:
    found = read_json(b'{"a": [NaN, Infinity, -Infinity, 1]}')["a"]
    assert math.isnan(found[0])
    assert found[1:] == [math.inf, -math.inf, 1]
    assert write_json_body(found) == b"[NaN, Infinity, -Infinity, 1]"


@pytest.mark.parametrize(
    "body",
    [b"", b"{", b"\xff\xfe", b"[" * 100_000, b'{"a": 1} x', b"\x00", b'"\xff"', b"9" * 100_000],
)
def test_what_is_no_json_is_the_mistake_of_the_client(body: bytes) -> None:
    with pytest.raises(BadInputFailure):
        read_json(body)


@pytest.mark.parametrize("body", [b"[]", b"1", b"null", b'"a"'])
def test_a_body_is_an_object(body: bytes) -> None:
    with pytest.raises(BadInputFailure):
        read_object(body)


@pytest.mark.parametrize(
    ("name", "values", "shown"),
    [
        ("y", [1.5], [1.5]),
        ("y", [["a"]], [["a"]]),
        ("y_bytes", ["a"], [{"b64": "YQ=="}]),
        ("y", [{"b64": "/w=="}], [{"b64": "/w=="}]),
    ],
)
def test_texts_are_texts_and_bytes_are_base64(name: str, values: Any, shown: Any) -> None:
    assert shown_values(name, of_lists(values)) == shown
    assert json.loads(write_json_body(shown)) == shown
