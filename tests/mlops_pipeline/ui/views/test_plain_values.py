"""Values of records as JSON and as text."""

from __future__ import annotations

import json
from dataclasses import dataclass

import pytest

from mlops_pipeline.store import State
from mlops_pipeline.ui.views.plain_values import finite, plain, shown


@dataclass(frozen=True)
class Fact:
    value: object


def test_values_become_what_json_knows() -> None:
    fact = Fact({1: (State.FAILED, float("nan"), float("-inf"), b"x", None, True, {2})})
    found = plain(fact)
    assert found == {"value": {"1": ["FAILED", "nan", "-inf", "b'x'", None, True, [2]]}}
    assert json.loads(json.dumps(found, allow_nan=False)) == found


@pytest.mark.parametrize(
    ("value", "text"),
    [
        ("a\u202eb", "a\\u202eb"),
        ("\x00\x1b[0m", "\\x00\\x1b[0m"),
        ("\ud800", "\\ud800"),
        ("two\nlines", "two\nlines"),
        (None, ""),
        (3, "3"),
        (["a"], '["a"]'),
        ({"a": float("nan")}, '{"a": "nan"}'),
    ],
)
def test_a_text_holds_nothing_that_steers(value: object, text: str) -> None:
    assert shown(value) == text


def test_a_long_text_is_cut_once_and_says_its_length() -> None:
    cut = shown("x" * 5_000, 10)
    assert cut == "xxxxxxxxxx… (5,000 characters)"
    assert shown(cut, 5) == cut


@pytest.mark.parametrize("value", [float("nan"), float("inf"), 1e300, "1", None])
def test_what_cannot_be_drawn_is_nothing(value: object) -> None:
    assert finite(value) == 0.0


def test_numbers_stay() -> None:
    assert finite(-1.5) == -1.5
