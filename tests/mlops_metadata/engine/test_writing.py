from __future__ import annotations

from typing import Any

import pytest

from mlops_metadata.engine.reading import value_of
from mlops_metadata.engine.writing import fields
from mlops_metadata.layout.rows import Proto, Struct


@pytest.mark.parametrize(
    "value",
    [
        True,
        False,
        0,
        -(2**31),
        1.5,
        5e-324,
        "",
        "Zoë",
        Struct({"a": [1.0, None]}),
        Proto("x", b"\0"),
    ],
)
def test_a_value_fills_one_column_and_comes_back(value: Any) -> None:
    columns = fields(value, bytes)
    assert sum(each is not None for each in columns) == 1
    assert repr(value_of(columns, bytes)) == repr(value)
