from __future__ import annotations

import random
import struct
from pathlib import Path
from typing import Any

import pytest

from mlops_metadata.by_file import open_sqlite
from mlops_metadata.layout.property_values import decode, encode, plain_field
from mlops_metadata.layout.rows import Proto, Struct
from mlops_pipeline.errors import StoreError
from mlops_pipeline.store import Execution, State

CHARACTERS = "ab '\"\\%;\n\0\x7fé中🐧\udfff"


def any_float(source: random.Random) -> float:
    """Of any size, or of a few digits, as people write them."""
    if source.random() < 0.5:
        return float(f"{source.uniform(-1000, 1000):.{source.randrange(9)}f}")
    return float(struct.unpack("d", source.randbytes(8))[0])


def any_value(source: random.Random) -> Any:
    return source.choice(
        [
            lambda: any_float(source),
            lambda: source.randrange(-(2**33), 2**33),
            lambda: "".join(source.choices(CHARACTERS, k=source.randrange(20))),
            lambda: [any_float(source), None, {"a": source.random() < 0.5}],
        ]
    )()


def test_values_of_all_kinds_come_back_bit_for_bit_from_the_database(tmp_path: Path) -> None:
    source = random.Random(7)
    values = {f"p{number}": any_value(source) for number in range(3000)}
    store = open_sqlite(f"sqlite:///{tmp_path}/metadata.db")
    made = Execution("pets.Train", "pets", "r", "n", State.COMPLETE, parameters=values)
    stored, _ = store.put_execution(made)
    (found,) = store.executions([stored.id])
    different = {
        n: (v, found.parameters[n])
        for n, v in values.items()
        if repr(v) != repr(found.parameters[n])
    }
    store.close()
    assert different == {}


@pytest.mark.parametrize(
    ("value", "field"),
    [
        (True, "bool_value"),
        (2**31 - 1, "int_value"),
        (2**31, ""),
        (0.000001, "double_value"),
        (0.0000001, ""),
        (1e16, ""),
        ("plain", "string_value"),
        ("x" * 512, "string_value"),
        ("x" * 513, ""),
        ("back\\slash", ""),
        (None, ""),
        ([], ""),
    ],
)
def test_plain_fields_hold_only_what_every_database_keeps(value: Any, field: str) -> None:
    assert plain_field(value) == field
    stored = encode(value)
    assert isinstance(stored, Proto) is not bool(field)
    assert repr(decode(stored)) == repr(value)


def test_a_text_that_mlmd_would_take_for_a_struct_is_kept_beside_the_texts() -> None:
    assert decode(encode("mlmd-struct::x")) == "mlmd-struct::x"
    assert plain_field("mlmd-struct::x") == ""


def test_a_value_that_is_not_json_is_named() -> None:
    with pytest.raises(StoreError, match="the value of 'weights' cannot be stored"):
        encode({1, 2}, name="weights")


def test_values_of_others_do_not_stop_a_reader() -> None:
    assert decode(None) is None
    url = "type.googleapis.com/tensorflow.Something"
    assert decode(Proto(url, b"\xff")) == url
    assert decode(Proto("type.googleapis.com/google.protobuf.StringValue", b"\xff")).endswith("e")
    assert decode(Struct({"a": "b"})) == {"a": "b"}
    assert decode(Struct({"__value__": [1.0]})) == [1.0]
